import assert from 'node:assert/strict';
import test from 'node:test';
import { application, basic, CALLBACK, codeFor, post, redeem, refresh, token } from './testing/applications.ts';
import { person } from './testing/people.ts';
import { type World, world } from './testing/world.ts';

/** How many statements the work takes, without those that only begin and end transactions. */
async function statementsOf(w: World, work: () => Promise<{ status: number }> | { status: number }): Promise<number> {
  const before = w.statements.length;
  const { status } = await work();
  assert.ok(status < 400, `the request was refused with ${status}`);
  return w.statements.slice(before).filter((sql) => !/^\s*(begin|start transaction|commit|savepoint|release|rollback)\b/i.test(sql)).length;
}
const atMost = (most: number, counted: number, what: string) =>
  assert.ok(counted <= most, `${what} takes ${counted} statements, not ${most}`);

test('the back channel reads everything a request is decided by in one statement', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', groups: ['Familia', 'Admin'] });
  const app = await application(w, { groups: ['Familia'] });
  const { body: tokens } = await redeem(w, app, await codeFor(w, app, ann));
  const bearer = { authorization: `Bearer ${tokens.access_token}` };
  atMost(1, await statementsOf(w, () => w.request('/api/oidc/userinfo', { headers: bearer })), 'userinfo');
  const asked = { token: tokens.access_token };
  atMost(1, await statementsOf(w, () => post(w, '/api/oidc/introspect', asked, { authorization: basic(app) })), 'introspection');
});

test('a token takes at most five statements, its audit row included', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', groups: ['Familia'] });
  const app = await application(w, { groups: ['Familia'] });
  const code = await codeFor(w, app, ann);
  let refreshToken = '';
  const exchange = async () => {
    const answer = await redeem(w, app, code);
    refreshToken = answer.body.refresh_token;
    return answer;
  };
  atMost(5, await statementsOf(w, exchange), 'a code exchange');
  atMost(5, await statementsOf(w, () => refresh(w, app, refreshToken)), 'a refresh');
  atMost(5, await statementsOf(w, () => token(w, app, { grant_type: 'client_credentials' })), 'client credentials');
});

test('an authorization with a session takes at most three statements', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', groups: ['Familia'] });
  const app = await application(w, { groups: ['Familia'] });
  await codeFor(w, app, ann, { scopes: ['openid', 'profile'] });
  await ann.signIn();
  const query = new URLSearchParams({
    client_id: app.id,
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid profile',
    state: 'a-state',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });
  const authorize = async () => {
    const answer = await ann.visit(`/authorize?${query}`, { site: 'cross-site' });
    assert.match(answer.headers.get('location') ?? '', /^https:\/\/app\.example\.com\/callback\?code=/);
    return answer;
  };
  // The first one also notes that the application knows PKCE.
  await authorize();
  atMost(3, await statementsOf(w, authorize), 'an authorization');
});
