import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSession } from '../testing/administration.ts';
import { person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';

const PATH = '/api/oidc/clients/app/preview';
const prepared = async (w: World, client: object = {}) => {
  await w.api('POST', '/api/oidc/clients', { id: 'app', name: 'App', ...client });
  const ann = await person(w, { username: 'ann', groups: ['familia', 'admins'] });
  const groups = (await w.api('GET', '/api/user-groups')).body.data as { id: string; name: string }[];
  await w.api('PUT', `/api/custom-claims/user-group/${groups.find((g) => g.name === 'familia')?.id}`, [
    { key: 'roles', value: '["member"]' },
  ]);
  await w.api('PUT', `/api/custom-claims/user/${ann.id}`, [{ key: 'quota', value: '5' }]);
  return ann;
};
const preview = async (w: World, id: string, scopes: string) =>
  (await w.api('GET', `${PATH}/${id}?scopes=${encodeURIComponent(scopes)}`)).body;

test('the preview shows what the engine would put into tokens and userinfo, dates readable', async (t) => {
  const w = await world(t);
  const ann = await prepared(w);
  const { idToken, accessToken, userInfo } = await preview(w, ann.id, 'openid profile email groups unknown');
  const now = new Date(w.clock.now() * 1000).toISOString().replace('.000', '');
  for (const claims of [idToken, userInfo]) {
    assert.deepEqual(
      [claims.sub, claims.email, claims.email_verified, claims.preferred_username, claims.quota, claims.roles],
      [ann.id, 'ann@example.test', true, 'ann', 5, ['member']],
    );
    assert.deepEqual([...claims.groups].sort(), ['admins', 'familia']);
  }
  assert.deepEqual([idToken.iss, idToken.aud, idToken.iat, idToken.auth_time, idToken.amr], [w.config.appUrl, ['app'], now, now, ['phr']]);
  assert.deepEqual([accessToken.client_id, accessToken.scope, accessToken.sub], ['app', 'openid profile email groups', ann.id]);
  assert.equal('exp' in userInfo, false);
});

test('fewer scopes show less', async (t) => {
  const w = await world(t);
  const ann = await prepared(w);
  const { userInfo } = await preview(w, ann.id, 'openid');
  assert.deepEqual(userInfo, { sub: ann.id });
});

test('the preview follows the client: its minimal ID token, its mapping', async (t) => {
  const w = await world(t);
  const ann = await prepared(w, {
    minimalIdToken: true,
    claimsMapping: { rename: { preferred_username: 'login' }, groups: { keep: ['fam*'] } },
  });
  const { idToken, userInfo } = await preview(w, ann.id, 'openid profile groups');
  assert.deepEqual(
    ['login' in idToken, userInfo.login, 'preferred_username' in userInfo, userInfo.groups],
    [false, 'ann', false, ['familia']],
  );
});

test('who or what is not there is not found, and the scopes are needed', async (t) => {
  const w = await world(t);
  const ann = await prepared(w);
  const codes = async (path: string) => {
    const { status, body } = await w.api('GET', path);
    return [status, body.code];
  };
  assert.deepEqual(await codes(`/api/oidc/clients/gone/preview/${ann.id}?scopes=openid`), [404, 'not_found']);
  assert.deepEqual(await codes(`${PATH}/gone?scopes=openid`), [404, 'user_not_found']);
  assert.deepEqual(await codes(`${PATH}/${ann.id}`), [400, 'validation_failed']);
  const call = await withSession(ann);
  assert.equal((await call('GET', `${PATH}/${ann.id}?scopes=openid`)).status, 403);
});

test('looking stores nothing', async (t) => {
  const w = await world(t);
  const ann = await prepared(w);
  const before = (await w.database.db.selectFrom('audit_log').select('id').execute()).length;
  await preview(w, ann.id, 'openid profile');
  for (const table of ['oauth_grant', 'oauth_token', 'consent'] as const) {
    assert.equal((await w.database.db.selectFrom(table).selectAll().execute()).length, 0, table);
  }
  assert.equal((await w.database.db.selectFrom('audit_log').select('id').execute()).length, before);
});
