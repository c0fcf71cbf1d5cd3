import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { decodeJwt } from 'jose';
import { createApp } from '../app.ts';
import { GRACE_SECONDS } from '../oidc/grants/refresh-token.ts';
import { systemRandom } from '../platform/random.ts';
import { application, basic, CALLBACK, codeFor, isActive, post, redeem, refresh, token, userinfoStatus } from '../testing/applications.ts';
import { sharedKeys } from '../testing/keys.ts';
import { person } from '../testing/people.ts';
import { behindServer } from '../testing/real-server.ts';
import { type World, world } from '../testing/world.ts';

const setting = async (w: World, over: Parameters<typeof application>[1] = {}) => {
  const milton = await person(w, { username: 'milton', groups: ['familia'] });
  const app = await application(w, over);
  return { milton, app };
};
const tokens = async (w: World, app: Awaited<ReturnType<typeof application>>, user: { id: string }) =>
  (await redeem(w, app, await codeFor(w, app, user))).body;
const refusedAs = (answer: { status: number; body: { error?: string } }, error = 'invalid_grant') =>
  assert.deepEqual([answer.status, answer.body.error], [error === 'invalid_client' ? 401 : 400, error]);

test('SEC-025 a code of one client is worth nothing with another client’s credentials', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const other = await application(w, { name: 'Other' });
  const code = await codeFor(w, app, milton);
  refusedAs(await redeem(w, other, code));
  assert.equal((await redeem(w, app, code)).status, 200, 'the attempt of another client does not burn the owner’s code');
});

test('SEC-026 a code one second past its time is refused although nothing was swept', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const code = await codeFor(w, app, milton);
  w.clock.advance(60);
  refusedAs(await redeem(w, app, code));
});

test('SEC-027 oidcc-codereuse: a second redemption is refused and ends what the first one gave', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const code = await codeFor(w, app, milton);
  const { body } = await redeem(w, app, code);
  assert.equal(await userinfoStatus(w, body.access_token), 200);
  const again = await redeem(w, app, code);
  refusedAs(again);
  assert.equal(again.headers.get('cache-control'), 'no-store');
  assert.equal(await userinfoStatus(w, body.access_token), 401);
  assert.equal(await isActive(w, app, body.access_token), false);
  refusedAs(await refresh(w, app, body.refresh_token));
});

test('oidcc-codereuse-30seconds: a replay after thirty seconds is refused and the access token is dead', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const code = await codeFor(w, app, milton);
  const { body } = await redeem(w, app, code);
  w.clock.advance(30);
  refusedAs(await redeem(w, app, code));
  assert.equal(await userinfoStatus(w, body.access_token), 401);
});

test('SEC-028 fifty parallel redemptions of one code give one token response, in each of a hundred rounds', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { id_token_alg: 'ES256' });
  const rounds = 100;
  for (let round = 0; round < rounds; round++) {
    const code = await codeFor(w, app, milton);
    const answers = await Promise.all(Array.from({ length: round % 10 === 0 ? 50 : 8 }, () => redeem(w, app, code)));
    assert.equal(answers.filter((a) => a.status === 200).length, 1, `round ${round}`);
  }
});

test('SEC-029 the redirect URI of the token request is the one of the authorization request', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  for (const redirect_uri of [undefined, 'https://app.example.com/other', `${CALLBACK}/`]) {
    const { code, verifier } = await codeFor(w, app, milton);
    refusedAs(await token(w, app, { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri }));
  }
});

for (const isPublic of [0, 1] as const) {
  const kind = isPublic ? 'public' : 'confidential';
  test(`SEC-031 a ${kind} client that sent a challenge must send its verifier`, async (t) => {
    const w = await world(t);
    const { milton, app } = await setting(w, { is_public: isPublic });
    for (const code_verifier of [undefined, '', randomBytes(32).toString('base64url'), 'x'.repeat(42), 'x'.repeat(129)]) {
      const { code } = await codeFor(w, app, milton);
      refusedAs(await token(w, app, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier }));
    }
  });
}

test('SEC-032 a verifier without a challenge is refused', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { code } = await codeFor(w, app, milton, { verifier: false });
  refusedAs(await token(w, app, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: 'v'.repeat(43) }));
});

test('SEC-035 strange verifiers are answered 400', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  for (const extra of [
    'code_verifier[]=x',
    'code_verifier=0',
    'code_verifier=a&code_verifier=b',
    'code_verifier=%00',
    'code_verifier=%F0%28',
  ]) {
    const { code } = await codeFor(w, app, milton);
    const response = await w.request('/api/oidc/token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basic(app) },
      body: `grant_type=authorization_code&code=${code}&redirect_uri=${encodeURIComponent(CALLBACK)}&${extra}`,
    });
    assert.equal(response.status, 400, extra);
  }
});

test('SEC-037 one client authentication method a request', async (t) => {
  const w = await world(t);
  const { app } = await setting(w);
  const both = await post(
    w,
    '/api/oidc/token',
    { grant_type: 'client_credentials', client_id: app.id, client_secret: app.secret },
    { authorization: basic(app) },
  );
  refusedAs(both, 'invalid_request');
  const differs = await post(
    w,
    '/api/oidc/token',
    { grant_type: 'client_credentials', client_id: 'another' },
    { authorization: basic(app) },
  );
  refusedAs(differs, 'invalid_request');
  const same = await post(w, '/api/oidc/token', { grant_type: 'client_credentials', client_id: app.id }, { authorization: basic(app) });
  assert.equal(same.status, 200);
});

test('SEC-039 a deleted or expired secret is refused at once and the others go on working', async (t) => {
  const w = await world(t);
  const { app } = await setting(w);
  const second = { ...app, secret: 'another-secret-of-this-client' };
  const { sha256 } = await import('../platform/random.ts');
  await w.database.db
    .insertInto('client_secret')
    .values({
      id: 'second',
      client_id: app.id,
      secret_hash: sha256(second.secret),
      prefix: 'anot',
      created_at: 0,
      expires_at: w.clock.now() + 10,
    })
    .execute();
  const asks = (as: typeof app) => token(w, as, { grant_type: 'client_credentials' });
  assert.deepEqual([(await asks(app)).status, (await asks(second)).status], [200, 200]);
  w.clock.advance(10);
  assert.deepEqual([(await asks(app)).status, (await asks(second)).status], [200, 401]);
  await w.database.db.deleteFrom('client_secret').where('client_id', '=', app.id).where('id', '<>', 'second').execute();
  refusedAs(await asks(app), 'invalid_client');
});

test('SEC-043 a token value that differs by a little is unknown', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { refresh_token: value, access_token: access } = await tokens(w, app, milton);
  const variants = (text: string) => [
    text.slice(0, -1),
    text.slice(0, text.length / 2),
    `${text}A`,
    text.replace(/[a-z]/, (c) => c.toUpperCase()),
    ` ${text}`,
    `${text} `,
    `${text}=`,
    text
      .replaceAll('-', '+')
      .replaceAll('_', '/')
      .replace(/^(.)/, (c) => (c === 'A' ? 'B' : 'A')),
  ];
  for (const variant of variants(value)) refusedAs(await refresh(w, app, variant));
  for (const variant of variants(access)) assert.equal(await isActive(w, app, variant), false, variant.slice(0, 10));
  assert.equal((await refresh(w, app, value)).status, 200);
});

test('SEC-047 the token endpoint answers malformed requests with 400 or 401', async (t) => {
  const w = await world(t);
  const { app } = await setting(w);
  const send = (init: RequestInit) => w.request('/api/oidc/token', { method: 'POST', ...init });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = 'grant_type=client_credentials';
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const response = await w.request(`/api/oidc/token?${body}`, { method, headers: { authorization: basic(app) } });
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST, OPTIONS'], method);
  }
  assert.equal(
    (
      await send({
        headers: { 'content-type': 'application/json', authorization: basic(app) },
        body: '{"grant_type":"client_credentials"}',
      })
    ).status,
    400,
  );
  assert.equal((await send({ headers: { authorization: basic(app) }, body: new Blob([body]) })).status, 400);
  for (const authorization of [
    'Basic',
    'Basic ',
    'Basic !!!',
    `Basic ${btoa('nocolon')}`,
    `Basic ${btoa('%zz:%zz')}`,
    `Basic ${btoa('\xff\xfe:\xff')}`,
    `Basic ${'QUFB'.repeat(16_384)}`,
    `Basic ${btoa(':x')}`,
  ])
    assert.equal((await send({ headers: { ...form, authorization }, body })).status, 401, authorization.slice(0, 30));
});

/** Everything that an application holds for somebody, and a code it has not redeemed yet; `isDead` says that none of it is good any more. */
async function holdings(w: World, app: Awaited<ReturnType<typeof application>>, user: { id: string }) {
  const given = await tokens(w, app, user);
  const code = await codeFor(w, app, user);
  assert.equal(await userinfoStatus(w, given.access_token), 200);
  return {
    given,
    isDead: async () => {
      refusedAs(await refresh(w, app, given.refresh_token));
      refusedAs(await redeem(w, app, code));
      assert.equal(await userinfoStatus(w, given.access_token), 401);
      for (const value of [given.access_token, given.refresh_token]) assert.equal(await isActive(w, app, value), false);
    },
  };
}

test('what the server refuses before anybody reads it is told to an application in the words of OAuth, also to one in a browser', async (t) => {
  const w = await world(t);
  const { app } = await setting(w);
  await behindServer(t, w);
  const form = { 'content-type': 'application/x-www-form-urlencoded', authorization: basic(app) };
  const send = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const response = await w.request(path, { method: 'POST', headers: { ...form, ...headers }, body });
    const { error } = (await response.json()) as { error: string };
    return [response.status, error, response.headers.get('access-control-allow-origin')];
  };
  const good = 'grant_type=client_credentials';
  // Pages of other origins read what is refused where they read what is answered.
  const endpoints = { token: '*', introspect: '*', revoke: '*', par: null, 'device/authorize': null };
  for (const [name, readers] of Object.entries(endpoints)) {
    const path = `/api/oidc/${name}`;
    assert.equal((await send(path, good))[2], readers, path);
    assert.deepEqual(await send(path, `${good}${'&a=b'.repeat(101)}`), [400, 'invalid_request', readers], path);
    assert.deepEqual(await send(path, `${good}&a=${'x'.repeat(70_000)}`), [413, 'invalid_request', readers], path);
    assert.deepEqual(await send(path, good, { 'content-encoding': 'gzip' }), [415, 'invalid_request', readers], path);
    assert.deepEqual(await send(`${path}?${'x'.repeat(9000)}`, good), [414, 'invalid_request', readers], path);
  }
});

test('SEC-048 disabling a person ends refresh, userinfo and introspection at once, and nothing of it comes back', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { isDead } = await holdings(w, app, milton);
  assert.equal((await w.api('PUT', `/api/users/${milton.id}`, { disabled: true })).status, 200);
  await isDead();
  assert.equal((await w.api('PUT', `/api/users/${milton.id}`, { disabled: false })).status, 200);
  await isDead();
});

test('SEC-048 somebody disabled by whatever way is refused by the decision, which the log tells', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { isDead } = await holdings(w, app, milton);
  await w.database.db.updateTable('user').set({ disabled: 1 }).where('id', '=', milton.id).execute();
  await isDead();
  assert.ok(
    w.log.lines.some(
      (line) => line.message.includes('unauthorized') && line.fields.reason === 'user-disabled' && line.fields.client === app.id,
    ),
  );
});

test('SEC-049 taking a person out of the only allowed group ends their access at once', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, {});
  const restricted = await application(w, { name: 'Familia only', groups: ['familia'] });
  const { isDead } = await holdings(w, restricted, milton);
  assert.equal((await w.api('PUT', `/api/users/${milton.id}/user-groups`, { userGroupIds: [] })).status, 200);
  await isDead();
  assert.equal((await redeem(w, app, await codeFor(w, app, milton))).status, 200, 'an unrestricted application stays open');
});

test('SEC-050 withdrawing consent ends refresh and access token', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const given = await tokens(w, app, milton);
  await w.database.db.deleteFrom('consent').where('user_id', '=', milton.id).execute();
  refusedAs(await refresh(w, app, given.refresh_token));
  assert.equal(await userinfoStatus(w, given.access_token), 401);
});

test('SEC-051 turning on a group restriction and deleting a client end what non-members hold', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { isDead, given } = await holdings(w, app, milton);
  assert.equal((await w.api('PUT', `/api/oidc/clients/${app.id}`, { name: app.name, isGroupRestricted: true })).status, 200);
  await isDead();
  const other = await application(w, { name: 'Other' });
  const held = await tokens(w, other, milton);
  assert.equal((await w.api('DELETE', `/api/oidc/clients/${other.id}`)).status, 204);
  refusedAs(await refresh(w, other, held.refresh_token), 'invalid_client');
  for (const { access_token } of [held, given]) assert.equal(await userinfoStatus(w, access_token), 401);
});

test('SEC-053 fifty parallel refreshes of one token leave one lineage', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { id_token_alg: 'ES256' });
  let { refresh_token: value } = await tokens(w, app, milton);
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(w, app, value)));
    assert.deepEqual(new Set(answers.map((a) => a.status)), new Set([200]), 'retries inside the grace are answered');
    const successors = new Set(answers.map((a) => a.body.refresh_token));
    assert.equal(successors.size, 1);
    value = [...successors][0];
  }
});

test('SEC-054 a retry inside the grace gets the same successor; one after it ends the family', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const first = await tokens(w, app, milton);
  const second = (await refresh(w, app, first.refresh_token)).body;
  w.clock.advance(GRACE_SECONDS);
  const retry = (await refresh(w, app, first.refresh_token)).body;
  assert.equal(retry.refresh_token, second.refresh_token);
  assert.notEqual(retry.access_token, second.access_token);
  w.clock.advance(1);
  refusedAs(await refresh(w, app, first.refresh_token));
  refusedAs(await refresh(w, app, second.refresh_token));
  assert.equal(await userinfoStatus(w, retry.access_token), 401, 'tokens of the grace die with the family');
});

test('SEC-054 once the successor was used, the old token ends the family even inside the grace', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const first = await tokens(w, app, milton);
  const second = (await refresh(w, app, first.refresh_token)).body;
  const third = (await refresh(w, app, second.refresh_token)).body;
  refusedAs(await refresh(w, app, first.refresh_token));
  refusedAs(await refresh(w, app, third.refresh_token));
});

test('SEC-055 neither a clock set back nor a restart reopens a used refresh token', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const first = await tokens(w, app, milton);
  const second = (await refresh(w, app, first.refresh_token)).body;
  const { config, database, clock, log } = w;
  const restarted = await createApp({ config, database, clock, log, random: systemRandom, generateKey: sharedKeys() });
  t.after(() => restarted.close());
  w.app.request = restarted.request;
  w.clock.advance(-600);
  refusedAs(await refresh(w, app, first.refresh_token));
  refusedAs(await refresh(w, app, second.refresh_token));
});

test('SEC-056 oidcc-refresh-token: a refresh token of one client is worth nothing to another and its family is untouched', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const other = await application(w, { name: 'Other' });
  const given = await tokens(w, app, milton);
  refusedAs(await refresh(w, other, given.refresh_token));
  assert.equal((await refresh(w, app, given.refresh_token)).status, 200);
});

test('SEC-058 refreshing again and again does not outlive the absolute limit', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { refresh_token_minutes: 60 * 24 * 30 });
  let { refresh_token: value } = await tokens(w, app, milton);
  for (let day = 20; day < 180; day += 20) {
    w.clock.advance(20 * 86_400);
    const answer = await refresh(w, app, value);
    assert.equal(answer.status, 200, `day ${day}`);
    value = answer.body.refresh_token;
  }
  w.clock.advance(20 * 86_400);
  refusedAs(await refresh(w, app, value));
});

test('SEC-058 an access token promises no longer life than what it hangs on has, and is not used beyond it', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { access_token_minutes: 60 * 24 * 100 });
  let given = await tokens(w, app, milton);
  for (let day = 20; day <= 100; day += 20) {
    assert.equal(given.expires_in, 100 * 86_400);
    w.clock.advance(20 * 86_400);
    given = (await refresh(w, app, given.refresh_token)).body;
  }
  assert.equal(given.expires_in, 80 * 86_400, 'until the absolute limit');
  assert.equal(decodeJwt(given.access_token).exp, w.clock.now() + 80 * 86_400);
  w.clock.advance(80 * 86_400);
  assert.deepEqual([await isActive(w, app, given.access_token), await userinfoStatus(w, given.access_token)], [false, 401]);
});

test('SEC-058 a retry that comes after the absolute limit gets nothing, although its first try came before it', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { refresh_token_minutes: 60 * 24 * 365 });
  const given = await tokens(w, app, milton);
  w.clock.advance(180 * 86_400 - 5);
  const first = await refresh(w, app, given.refresh_token);
  assert.deepEqual([first.status, first.body.expires_in], [200, 5]);
  w.clock.advance(4);
  assert.equal((await refresh(w, app, given.refresh_token)).body.expires_in, 1);
  w.clock.advance(2);
  refusedAs(await refresh(w, app, given.refresh_token));
});

test('SEC-060 a client neither sees nor ends another client’s token', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const other = await application(w, { name: 'Other' });
  const given = await tokens(w, app, milton);
  assert.equal(await isActive(w, other, given.access_token), false);
  for (const value of [given.access_token, given.refresh_token])
    assert.equal((await post(w, '/api/oidc/revoke', { token: value }, { authorization: basic(other) })).status, 200);
  assert.equal(await userinfoStatus(w, given.access_token), 200);
  assert.equal((await refresh(w, app, given.refresh_token)).status, 200);
});

test('SEC-063 a group that was left is in no token and no answer any more', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const given = await tokens(w, app, milton);
  assert.equal((await w.api('PUT', `/api/users/${milton.id}/user-groups`, { userGroupIds: [] })).status, 200);
  const info = await (await w.request('/api/oidc/userinfo', { headers: { authorization: `Bearer ${given.access_token}` } })).json();
  assert.deepEqual(info.groups, []);
  const { decodeJwt } = await import('jose');
  const next = (await refresh(w, app, given.refresh_token)).body;
  assert.deepEqual(decodeJwt(next.id_token).groups, []);
  assert.doesNotMatch(JSON.stringify(decodeJwt(next.access_token)), /familia/);
});

test('SEC-066 a new person with a deleted one’s name is another subject and inherits nothing', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const given = await tokens(w, app, milton);
  await w.database.db.deleteFrom('user').where('id', '=', milton.id).execute();
  const again = await person(w, { username: 'milton', groups: ['familia'] });
  assert.notEqual(again.id, milton.id);
  assert.equal(await userinfoStatus(w, given.access_token), 401);
  refusedAs(await refresh(w, app, given.refresh_token));
  assert.equal(await w.database.db.selectFrom('consent').selectAll().where('user_id', '=', again.id).executeTakeFirst(), undefined);
});

test('SEC-078 an ID token is no access token, and neither is a refresh token or a session', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  await milton.signIn();
  const session = milton.cookie('__Host-access_token') ?? '';
  assert.equal((await milton.request('/api/users/me')).status, 200);
  assert.equal(await userinfoStatus(w, session), 401);
  assert.equal(await isActive(w, app, session), false);
  const given = await tokens(w, app, milton);
  assert.equal(await userinfoStatus(w, given.id_token), 401);
  assert.equal(await userinfoStatus(w, given.refresh_token), 401);
  refusedAs(await refresh(w, app, given.access_token));
  refusedAs(await token(w, app, { grant_type: 'authorization_code', code: given.refresh_token, redirect_uri: CALLBACK }));
});

test('SEC-080 an administrator’s access token opens nothing at the administrative API', async (t) => {
  const w = await world(t);
  const holo = await person(w, { username: 'holo', admin: true });
  const app = await application(w);
  const given = await tokens(w, app, holo);
  for (const headers of [
    { authorization: `Bearer ${given.access_token}` },
    { 'x-api-key': given.access_token },
    { authorization: `Bearer ${given.id_token}` },
  ] as Record<string, string>[])
    assert.equal((await w.request('/api/users', { headers })).status, 401);
});

test('SEC-046 protocol answers are not stored by anybody', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const given = await tokens(w, app, milton);
  const info = await w.request('/api/oidc/userinfo', { headers: { authorization: `Bearer ${given.access_token}` } });
  const asked = await post(w, '/api/oidc/introspect', { token: given.access_token }, { authorization: basic(app) });
  for (const headers of [info.headers, asked.headers, (await refresh(w, app, 'x')).headers])
    assert.match(headers.get('cache-control') ?? '', /no-store/);
});

test('SEC-044 refresh tokens made in one second: none twice, no common beginning, as many ones as noughts', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const app = await application(w);
  const given: string[] = [];
  while (given.length < 300) {
    const { body } = await redeem(w, app, await codeFor(w, app, milton));
    given.push(body.refresh_token, (await refresh(w, app, body.refresh_token)).body.refresh_token);
  }
  assert.equal(new Set(given).size, given.length);
  for (let i = 0; i < 8; i++) assert.ok(new Set(given.map((token) => token[i])).size > 50, `character ${i} differs`);
  const bytes = Buffer.concat(given.map((token) => Buffer.from(token.slice(0, 48), 'base64url')));
  const ones = bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
  const bits = bytes.length * 8;
  assert.ok(Math.abs(ones - bits / 2) < 6 * Math.sqrt(bits / 4), `${ones} ones of ${bits}`);
});
