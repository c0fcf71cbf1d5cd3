import assert from 'node:assert/strict';
import test from 'node:test';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { scopeOfClaim } from '#oidc/claims.ts';
import { application, basic, CALLBACK, codeFor, isActive, post, redeem, refresh, token, userinfoStatus } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { relyingParty } from '../testing/relying-party.ts';
import { type World, world } from '../testing/world.ts';

const setting = async (w: World, over: Parameters<typeof application>[1] = {}) => {
  const milton = await person(w, { username: 'milton', groups: ['familia'] });
  const app = await application(w, over);
  return { milton, app };
};

test('a code gives an access token, a refresh token and an ID token of the granted scopes', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const answer = await redeem(w, app, await codeFor(w, app, milton, { nonce: 'n-0S6_WzA2Mj' }));
  assert.equal(answer.status, 200);
  assert.deepEqual(Object.keys(answer.body).sort(), ['access_token', 'expires_in', 'id_token', 'refresh_token', 'scope', 'token_type']);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const id = decodeJwt(answer.body.id_token);
  assert.equal(id.sub, milton.id);
  assert.equal(id.nonce, 'n-0S6_WzA2Mj');
  assert.deepEqual(id.aud, [app.id]);
  assert.deepEqual(id.groups, ['familia']);
  assert.equal(id.auth_time, w.clock.now() - 30);
  assert.equal(decodeProtectedHeader(answer.body.id_token).alg, 'RS256');
  const access = decodeJwt(answer.body.access_token);
  assert.equal(decodeProtectedHeader(answer.body.access_token).typ, 'at+jwt');
  assert.deepEqual(access.aud, [app.id, w.config.appUrl]);
  assert.equal(access.email, undefined, 'an access token says nothing about the person');
});

for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'])
  test(`a client may ask for ID tokens signed with ${alg}`, async (t) => {
    const w = await world(t);
    const { milton, app } = await setting(w, { id_token_alg: alg });
    const { body } = await redeem(w, app, await codeFor(w, app, milton));
    assert.equal(decodeProtectedHeader(body.id_token).alg, alg);
  });

test('a client set to minimal ID tokens gets the claims from userinfo only', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { minimal_id_token: 1 });
  const { body } = await redeem(w, app, await codeFor(w, app, milton));
  const id = decodeJwt(body.id_token);
  for (const claim of ['name', 'email', 'groups', 'picture', 'preferred_username']) assert.equal(claim in id, false, claim);
  const info = await (await w.request('/api/oidc/userinfo', { headers: { authorization: `Bearer ${body.access_token}` } })).json();
  assert.equal(info.email, 'milton@example.test');
  assert.equal(info.preferred_username, 'milton');
  assert.equal(info.sub, milton.id);
});

test('without openid there is no ID token and userinfo refuses', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { body } = await redeem(w, app, await codeFor(w, app, milton, { scopes: ['profile'] }));
  assert.equal(body.id_token, undefined);
  assert.equal(await userinfoStatus(w, body.access_token), 403);
});

test('oidcc-idtoken-signature: whoever chose no algorithm gets ID tokens that verify as RS256 with the published key they name', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { body } = await redeem(w, app, await codeFor(w, app, milton));
  const keys = createLocalJWKSet((await (await w.request('/.well-known/jwks.json')).json()) as JSONWebKeySet);
  const { protectedHeader, payload } = await jwtVerify(body.id_token, keys, {
    algorithms: ['RS256'],
    currentDate: new Date(w.clock.now() * 1000),
  });
  assert.ok(protectedHeader.kid);
  assert.equal(payload.sub, milton.id);
});

/** OpenID Connect Core section 5.4, and our own scope of groups: what each gives beside `sub`, whole. */
const GIVEN: Record<string, (w: World, id: string) => Record<string, unknown>> = {
  'openid alone': () => ({}),
  'oidcc-scope-profile': ({ config, clock }, id) => ({
    name: 'Milton Example',
    given_name: 'Milton',
    family_name: 'Example',
    display_name: 'Milton Example',
    preferred_username: 'milton',
    picture: `${config.appUrl}/api/users/${id}/profile-picture.png`,
    locale: 'es',
    updated_at: clock.now() - 40,
  }),
  'oidcc-scope-email': () => ({ email: 'milton@example.test', email_verified: true }),
  groups: () => ({ groups: ['familia'] }),
};
for (const [name, given] of Object.entries(GIVEN))
  test(`${name}: exactly these claims, at userinfo and in the ID token`, async (t) => {
    const w = await world(t);
    const { milton, app } = await setting(w);
    await w.database.db.updateTable('user').set({ locale: 'es' }).where('id', '=', milton.id).execute();
    w.clock.advance(40);
    const scopes = ['openid', ...['profile', 'email', 'groups'].filter((scope) => name.endsWith(scope))];
    const { body } = await redeem(w, app, await codeFor(w, app, milton, { scopes }));
    const headers = { authorization: `Bearer ${body.access_token}` };
    const claims = { sub: milton.id, ...given(w, milton.id) };
    assert.deepEqual(await (await w.request('/api/oidc/userinfo', { headers })).json(), claims);
    const idToken = decodeJwt(body.id_token);
    assert.deepEqual(
      Object.fromEntries(Object.entries(idToken).filter(([claim]) => claim === 'sub' || scopeOfClaim(claim) !== undefined)),
      claims,
    );
  });

test('oidcc-userinfo-get, oidcc-userinfo-post-body: userinfo answers a token in the header, in a form body and in the query, but not in two places', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { body } = await redeem(w, app, await codeFor(w, app, milton));
  const authorization = `Bearer ${body.access_token}`;
  const get = await w.request('/api/oidc/userinfo', { headers: { authorization } });
  const header = await w.request('/api/oidc/userinfo', { method: 'POST', headers: { authorization } });
  const form = await post(w, '/api/oidc/userinfo', { access_token: body.access_token });
  const query = await w.request(`/api/oidc/userinfo?access_token=${body.access_token}`);
  const claims = await get.json();
  assert.equal(claims.email, 'milton@example.test');
  for (const other of [await header.json(), form.body, await query.json()]) assert.deepEqual(other, claims);
  assert.equal((await post(w, '/api/oidc/userinfo', { access_token: body.access_token }, { authorization })).status, 400);
  const twice = `access_token=${body.access_token}&access_token=${body.access_token}`;
  assert.equal((await w.request(`/api/oidc/userinfo?${twice}`)).status, 400, 'twice in the query');
  assert.equal((await post(w, `/api/oidc/userinfo?access_token=${body.access_token}`, { access_token: body.access_token })).status, 400);
});

test('oidcc-userinfo-post-header: a token in the header is enough, whatever the body is or claims to be', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { body } = await redeem(w, app, await codeFor(w, app, milton));
  const authorization = `Bearer ${body.access_token}`;
  for (const [type, text] of [
    ['application/json', '{}'],
    ['text/plain;charset=UTF-8', ''],
    ['application/x-www-form-urlencoded', ''],
  ] as const) {
    const answer = await w.request('/api/oidc/userinfo', { method: 'POST', headers: { authorization, 'content-type': type }, body: text });
    assert.equal(answer.status, 200, type);
    assert.equal((await answer.json()).sub, milton.id, type);
  }
  const json = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ access_token: body.access_token }),
  };
  assert.equal((await w.request('/api/oidc/userinfo', json)).status, 401, 'a body of JSON has no token in it');
});

test('a missing token is told apart from a bad one by the challenge', async (t) => {
  const w = await world(t);
  const missing = await w.request('/api/oidc/userinfo');
  assert.equal(missing.status, 401);
  assert.equal(missing.headers.get('www-authenticate'), 'Bearer');
  const bad = await w.request('/api/oidc/userinfo', { headers: { authorization: 'Bearer nonsense' } });
  assert.equal(bad.status, 401);
  assert.match(bad.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/);
  const twice = await w.request('/api/oidc/userinfo?access_token=a', { headers: { authorization: 'Bearer a' } });
  assert.equal(twice.status, 400);
  assert.match(twice.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_request"/, 'RFC 6750 section 3');
});

test('client credentials give an access token for the client itself and nothing else', async (t) => {
  const w = await world(t);
  const { app } = await setting(w);
  const { status, body } = await token(w, app, { grant_type: 'client_credentials', scope: 'openid profile' });
  assert.equal(status, 200);
  assert.equal(body.refresh_token, undefined);
  assert.equal(body.id_token, undefined);
  const claims = decodeJwt(body.access_token);
  assert.equal(claims.sub, `client-${app.id}`);
  assert.deepEqual(claims.aud, [app.id]);
  assert.equal(claims.scope, '');
  assert.equal(await isActive(w, app, body.access_token), true);
  assert.equal(await userinfoStatus(w, body.access_token), 403);
});

test('a public client cannot use client credentials', async (t) => {
  const w = await world(t);
  const { app } = await setting(w, { is_public: 1 });
  const { status, body } = await token(w, app, { grant_type: 'client_credentials' });
  assert.deepEqual([status, body.error], [400, 'unauthorized_client']);
});

test('introspection tells a client of its own living tokens, access and refresh', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { body } = await redeem(w, app, await codeFor(w, app, milton));
  const { body: access } = await post(w, '/api/oidc/introspect', { token: body.access_token }, { authorization: basic(app) });
  assert.equal(access.active, true);
  assert.equal(access.sub, milton.id);
  assert.equal(access.client_id, app.id);
  assert.equal(await isActive(w, app, body.refresh_token), true);
  const bearer = await post(w, '/api/oidc/introspect', { token: body.refresh_token }, { authorization: `Bearer ${body.access_token}` });
  assert.equal(bearer.body.active, true);
  assert.equal((await post(w, '/api/oidc/introspect', { token: body.access_token })).status, 401);
  assert.equal((await post(w, '/api/oidc/introspect', {})).status, 401, 'who asks comes before what is asked');
});

test('revoking a refresh token ends the family, revoking an access token ends only itself', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const first = (await redeem(w, app, await codeFor(w, app, milton))).body;
  assert.equal((await post(w, '/api/oidc/revoke', { token: first.access_token }, { authorization: basic(app) })).status, 200);
  assert.equal(await userinfoStatus(w, first.access_token), 401);
  const second = (await refresh(w, app, first.refresh_token)).body;
  assert.equal(await userinfoStatus(w, second.access_token), 200);
  assert.equal((await post(w, '/api/oidc/revoke', { token: second.refresh_token }, { authorization: basic(app) })).status, 200);
  assert.equal(await userinfoStatus(w, second.access_token), 401);
  assert.equal((await refresh(w, app, second.refresh_token)).body.error, 'invalid_grant');
  assert.equal((await post(w, '/api/oidc/revoke', { token: 'never seen' }, { authorization: basic(app) })).status, 200);
});

test('a refresh ends the access token before it, a retry of it does not, and another sign-in of the person is untouched', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const first = (await redeem(w, app, await codeFor(w, app, milton))).body;
  const elsewhere = (await redeem(w, app, await codeFor(w, app, milton))).body;
  const second = (await refresh(w, app, first.refresh_token)).body;
  assert.equal(await isActive(w, app, first.access_token), false);
  assert.equal(await userinfoStatus(w, first.access_token), 401);
  const again = (await refresh(w, app, first.refresh_token)).body;
  for (const given of [second, again, elsewhere]) assert.equal(await userinfoStatus(w, given.access_token), 200);
  await refresh(w, app, second.refresh_token);
  assert.deepEqual(await Promise.all([second, again].map((given) => userinfoStatus(w, given.access_token))), [401, 401]);
});

test('an access token of a year is good for a year', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { access_token_minutes: 525_600 });
  const { tokens } = await (await relyingParty(w, app)).signIn(milton);
  assert.equal(tokens.expires_in, 365 * 86_400);
  w.clock.advance(364 * 86_400);
  assert.deepEqual([await isActive(w, app, tokens.access_token), await userinfoStatus(w, tokens.access_token)], [true, 200]);
});

test('the nonce of a sign-in is in its ID token, and in none that a refresh gives (OpenID Connect Core section 12.2)', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { body } = await redeem(w, app, await codeFor(w, app, milton, { nonce: 'n-0S6_WzA2Mj' }));
  const refreshed = decodeJwt((await refresh(w, app, body.refresh_token)).body.id_token);
  assert.deepEqual([decodeJwt(body.id_token).nonce, refreshed.nonce, refreshed.sub], ['n-0S6_WzA2Mj', undefined, milton.id]);
});

test('a refresh may ask for fewer scopes, never for more', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const { body } = await redeem(w, app, await codeFor(w, app, milton, { scopes: ['openid', 'email'] }));
  const narrower = await token(w, app, { grant_type: 'refresh_token', refresh_token: body.refresh_token, scope: 'openid' });
  assert.equal(narrower.body.scope, 'openid');
  const wider = await token(w, app, { grant_type: 'refresh_token', refresh_token: narrower.body.refresh_token, scope: 'openid groups' });
  assert.equal(wider.body.error, 'invalid_scope');
  const whole = await refresh(w, app, narrower.body.refresh_token);
  assert.equal(whole.body.scope, 'openid email', 'a narrower token does not shrink the grant');
});

test('claims mapping renames a claim, adds a fixed one and filters and renames groups, and never touches the subject', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton', groups: ['familia', 'intern-admins', 'intern-users'] });
  const claims_mapping = JSON.stringify({
    rename: { preferred_username: 'login', email: 'sub' },
    fixed: { tier: 'home', iss: 'https://evil.test' },
    groups: { keep: ['intern-*'], rename: { 'intern-admins': 'admins' } },
  });
  const app = await application(w, { claims_mapping });
  const { body } = await redeem(w, app, await codeFor(w, app, milton));
  const id = decodeJwt(body.id_token);
  assert.equal(id.login, 'milton');
  assert.equal(id.preferred_username, undefined);
  assert.equal(id.tier, 'home');
  assert.deepEqual(id.groups, ['admins', 'intern-users']);
  assert.equal(id.sub, milton.id);
  assert.equal(id.iss, w.config.appUrl);
});

test('an unknown grant type, a missing one and one called __proto__ are refused in words', async (t) => {
  const w = await world(t);
  const { app } = await setting(w);
  assert.equal((await token(w, app, { grant_type: 'password' })).body.error, 'unsupported_grant_type');
  assert.equal((await token(w, app, { grant_type: '__proto__' })).body.error, 'unsupported_grant_type');
  assert.equal((await token(w, app, { grant_type: 'constructor' })).body.error, 'unsupported_grant_type');
  assert.equal((await token(w, app, {})).body.error, 'invalid_request');
});

test('a refresh removes what has expired of its grant, and a grant that is over goes with all its tokens', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { access_token_minutes: 1 });
  const rows = async () => (await w.database.db.selectFrom('oauth_token').select('kind').orderBy('kind').execute()).map((row) => row.kind);
  const first = (await redeem(w, app, await codeFor(w, app, milton))).body;
  w.clock.advance(61);
  const second = await refresh(w, app, first.refresh_token);
  assert.deepEqual(await rows(), ['access', 'refresh', 'refresh'], 'the spent refresh token stays: its reuse must be noticed');
  assert.equal(await userinfoStatus(w, second.body.access_token), 200);
  w.clock.advance(400 * 86_400);
  assert.equal(await w.app.services.grants.sweep(w.clock.now()), 1);
  assert.deepEqual(await rows(), []);
});

test('an application that is deleted while it asks is refused as one that is gone', async (t) => {
  const w = await world(t);
  for (let round = 0; round < 8; round++) {
    const app = await application(w);
    const secret = { client_id: app.id, client_secret: app.secret };
    const [deleted, ...answers] = await Promise.all([
      w.api('DELETE', `/api/oidc/clients/${app.id}`),
      token(w, app, { grant_type: 'client_credentials' }),
      post(w, '/api/oidc/device/authorize', { ...secret, scope: 'openid' }),
      post(w, '/api/oidc/par', { ...secret, response_type: 'code', redirect_uri: CALLBACK, scope: 'openid' }),
    ]);
    assert.equal(deleted.status, 204);
    for (const { status, body } of answers)
      assert.ok([200, 201].includes(status) || (status === 401 && body.error === 'invalid_client'), `${status} ${JSON.stringify(body)}`);
  }
});
