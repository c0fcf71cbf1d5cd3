import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { decodeJwt } from 'jose';
import { type Application, application, basic, isActive, post, refresh, token, userinfoStatus } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { answerOf, relyingParty, sentBy } from '../testing/relying-party.ts';
import { type World, world } from '../testing/world.ts';

const ORDERS = 'https://orders.example.com';
const STOCK = 'https://stock.example.com/v1';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

interface Permission {
  id: string;
  key: string;
}

async function api(w: World, name: string, resource: string, permissions: { key: string; name: string; description?: string }[]) {
  const { id } = (await w.api('POST', '/api/apis', { name, resource })).body as { id: string };
  const set = async (wanted: typeof permissions) =>
    (await w.api('PUT', `/api/apis/${id}/permissions`, { permissions: wanted })).body.permissions as Permission[];
  const made = await set(permissions);
  const ids = (keys: string[]) => made.filter(({ key }) => keys.includes(key)).map((permission) => permission.id);
  return {
    id,
    /** Lets a client in: with permissions, `[]` for bare access, undefined for none. */
    grant: async (app: Application, { user, client }: { user?: string[]; client?: string[] }) => {
      const body = {
        userDelegatedAccess: user !== undefined,
        clientAccess: client !== undefined,
        userDelegatedPermissionIds: ids(user ?? []),
        clientPermissionIds: ids(client ?? []),
      };
      assert.equal((await w.api('PUT', `/api/apis/${id}/clients/${app.id}`, body)).status, 200);
    },
    withdraw: (app: Application) => w.api('DELETE', `/api/apis/${id}/clients/${app.id}`),
  };
}

/** A client that may read and write orders for people, read them for itself, and read the stock for people. */
async function setting(t: TestContext, over: Parameters<typeof application>[1] = {}, outside: Parameters<typeof world>[2] = {}) {
  const w = await world(t, {}, outside);
  const milton = await person(w, { username: 'milton' });
  const app = await application(w, over);
  const orders = await api(w, 'Orders', ORDERS, [
    { key: 'orders:read', name: 'Read orders', description: 'Everything you ever ordered' },
    { key: 'orders:write', name: 'Place orders' },
    { key: 'orders:purge', name: 'Delete orders' },
  ]);
  const stock = await api(w, 'Stock', STOCK, [{ key: 'stock:read', name: 'See the stock' }]);
  await orders.grant(app, { user: ['orders:read', 'orders:write'], client: ['orders:read'] });
  await stock.grant(app, { user: ['stock:read'] });
  const rp = await relyingParty(w, app);
  const refusal = async (parameters: Record<string, string | undefined>) => {
    const sent = await sentBy(w, await rp.ask(milton, await rp.begin(parameters)));
    return sent && answerOf(sent);
  };
  return { w, milton, app, rp, orders, stock, refusal };
}

test('a token for an API has its resource as audience, the issuer too where userinfo is meant, and the granted permissions', async (t) => {
  const { w, milton, rp } = await setting(t);
  const { tokens } = await rp.signIn(milton, { scope: 'openid orders:read orders:purge nonsense', resource: ORDERS });
  assert.equal(tokens.scope, 'openid orders:read');
  const claims = decodeJwt(tokens.access_token);
  assert.deepEqual([claims.aud, claims.scope, claims.scp], [[ORDERS, w.config.appUrl], 'openid orders:read', ['openid', 'orders:read']]);
  assert.equal(await userinfoStatus(w, tokens.access_token), 200);
  assert.deepEqual(decodeJwt(tokens.id_token ?? '').aud, [rp.app.id], 'the ID token is for the application');
});

test('an API may be used without any permission of it, and named with a slash at its end', async (t) => {
  const { w, milton, rp } = await setting(t);
  const { tokens } = await rp.signIn(milton, { scope: 'orders:write', resource: `${ORDERS}/`, nonce: undefined });
  assert.deepEqual([decodeJwt(tokens.access_token).aud, tokens.scope], [[ORDERS], 'orders:write']);
  assert.equal(await userinfoStatus(w, tokens.access_token), 403, 'userinfo is another API');
  const bare = await rp.signIn(milton, { scope: 'openid', resource: STOCK });
  assert.deepEqual(decodeJwt(bare.tokens.access_token).aud, [STOCK, w.config.appUrl]);
});

test('a permission without its resource, or with another one, is invalid_scope', async (t) => {
  const { refusal } = await setting(t);
  assert.equal((await refusal({ scope: 'openid orders:read' }))?.get('error'), 'invalid_scope');
  assert.equal((await refusal({ scope: 'openid orders:read', resource: STOCK }))?.get('error'), 'invalid_scope');
});

test('an API that is unknown, malformed or not granted is refused with one sentence, so that nobody can probe for APIs', async (t) => {
  const { w, app, refusal } = await setting(t);
  const hidden = await api(w, 'Hidden', 'https://hidden.example.com', []);
  await hidden.grant(app, { client: [] });
  const answers = new Set<string>();
  for (const resource of ['https://unknown.example.com', 'https://hidden.example.com', 'nonsense', `${ORDERS}#x`, `${ORDERS}/v2`, '/']) {
    const answer = await refusal({ resource });
    answer?.delete('state');
    answers.add(String(answer));
  }
  assert.equal(answers.size, 1);
  assert.match([...answers][0] ?? '', /error=invalid_target/);
  for (const resource of ['https://unknown.example.com', STOCK, 'nonsense']) {
    const { status, body } = await token(w, app, { grant_type: 'client_credentials', resource });
    assert.deepEqual([status, body], [400, { error: 'invalid_target', error_description: 'the resource is not available to this client' }]);
  }
});

test('one resource a request', async (t) => {
  const { w, milton, rp, app } = await setting(t);
  const { url } = await rp.begin({ resource: ORDERS });
  url.searchParams.append('resource', STOCK);
  const answer = await rp.ask(milton, { url });
  assert.equal(new URL(answer.headers.get('location') ?? '').searchParams.get('error'), 'invalid_request');
  const body = `grant_type=client_credentials&resource=${encodeURIComponent(ORDERS)}&resource=${encodeURIComponent(STOCK)}`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: basic(app) };
  assert.equal((await w.request('/api/oidc/token', { method: 'POST', headers, body })).status, 400);
});

test('consent is for an API and each of its permissions, and is asked again for more', async (t) => {
  const { w, milton, rp } = await setting(t);
  const first = { scope: 'openid orders:read', resource: ORDERS };
  assert.deepEqual((await rp.signIn(milton, first)).steps, ['authenticate', 'consent']);
  assert.deepEqual((await rp.signIn(milton, first)).steps, []);
  assert.deepEqual((await rp.signIn(milton, { scope: 'openid orders:write', resource: ORDERS })).steps, ['consent']);
  assert.deepEqual((await rp.signIn(milton, { scope: 'openid', resource: STOCK })).steps, ['consent']);
  const { scopes } = await w.database.db.selectFrom('consent').select('scopes').executeTakeFirstOrThrow();
  const keys = ['openid', `${ORDERS}\x1f`, `${ORDERS}\x1forders:read`, `${ORDERS}\x1forders:write`, `${STOCK}\x1f`];
  assert.deepEqual(JSON.parse(scopes), keys);
});

test('the consent page and its JSON have the names administrators gave', async (t) => {
  const { w, milton, rp } = await setting(t);
  await milton.signIn();
  const begun = await rp.ask(milton, await rp.begin({ scope: 'openid orders:read orders:write', resource: ORDERS }));
  const page = await (await milton.visit(begun.headers.get('location') ?? '')).text();
  for (const words of ['Read orders', 'Orders · Everything you ever ordered', 'Place orders']) assert.ok(page.includes(words), words);
  const { id } = await w.database.db.selectFrom('interaction').select('id').executeTakeFirstOrThrow();
  const { scopes, scopeInfo } = (await (await milton.request(`/api/oidc/interactions/${id}`)).json()) as Record<string, unknown>;
  assert.deepEqual(scopes, ['openid', 'orders:read', 'orders:write']);
  assert.deepEqual(scopeInfo, [
    { key: 'openid', name: 'Sign-in' },
    { key: 'orders:read', name: 'Read orders', description: 'Everything you ever ordered' },
    { key: 'orders:write', name: 'Place orders' },
  ]);
  const bare = await rp.ask(milton, await rp.begin({ scope: 'openid', resource: STOCK }));
  assert.match(await (await milton.visit(bare.headers.get('location') ?? '')).text(), /<span>Stock<\/span>/);
});

test('a token request may name the API of its grant and no other', async (t) => {
  const { w, milton, app, rp } = await setting(t);
  const answered = await rp.authorize(milton, { scope: 'openid orders:read', resource: ORDERS });
  const wrong = {
    grant_type: 'authorization_code',
    code: answerOf(answered.sent).get('code') ?? '',
    redirect_uri: 'https://app.example.com/callback',
  };
  const refused = await token(w, app, { ...wrong, code_verifier: answered.checks.pkceCodeVerifier, resource: STOCK });
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_target']);
  const tokens = await rp.exchange(answered, { resource: ORDERS });
  const again = await token(w, app, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, resource: STOCK });
  assert.equal(again.body.error, 'invalid_target');
  const narrowed = await token(w, app, {
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token,
    resource: ORDERS,
    scope: 'orders:read',
  });
  assert.deepEqual([decodeJwt(narrowed.body.access_token).aud, narrowed.body.scope], [[ORDERS], 'orders:read']);
  const plain = await rp.signIn(milton, { scope: 'openid' });
  const widened = await token(w, app, { grant_type: 'refresh_token', refresh_token: plain.tokens.refresh_token, resource: ORDERS });
  assert.equal(widened.body.error, 'invalid_target');
});

test('SEC-051 a permission that is taken away is absent from the next token, and a withdrawn API ends the refresh', async (t) => {
  const { w, milton, app, rp, orders } = await setting(t);
  const { tokens } = await rp.signIn(milton, { scope: 'openid orders:read orders:write', resource: ORDERS });
  await orders.grant(app, { user: ['orders:read'] });
  const introspected = await post(w, '/api/oidc/introspect', { token: tokens.access_token }, { authorization: basic(app) });
  assert.equal(introspected.body.scope, 'openid orders:read', 'nor does introspection tell it of a token made before');
  const narrowed = await refresh(w, app, tokens.refresh_token ?? '');
  assert.deepEqual([narrowed.body.scope, decodeJwt(narrowed.body.access_token).scp], ['openid orders:read', ['openid', 'orders:read']]);
  await orders.withdraw(app);
  assert.equal(await isActive(w, app, narrowed.body.access_token), false);
  const refused = await refresh(w, app, narrowed.body.refresh_token);
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant']);
  const line = w.log.lines.find(({ fields }) => fields.reason === 'api-access-withdrawn');
  assert.match(line?.message ?? '', /unauthorized/);
});

test('SEC-051 a code for an API that is deleted before it is redeemed gives nothing', async (t) => {
  const { w, milton, rp, orders } = await setting(t);
  const answered = await rp.authorize(milton, { scope: 'openid orders:read', resource: ORDERS });
  assert.equal((await w.api('DELETE', `/api/apis/${orders.id}`)).status, 204);
  await assert.rejects(rp.exchange(answered), { error: 'invalid_grant' });
});

test('a client for itself has everything it was granted at an API, or what it names, and nothing of people', async (t) => {
  const { w, app } = await setting(t);
  const ask = (fields: Record<string, string>) => token(w, app, { grant_type: 'client_credentials', ...fields });
  const all = await ask({ resource: ORDERS });
  assert.deepEqual([all.status, all.body.scope], [200, 'orders:read']);
  const { aud, sub } = decodeJwt(all.body.access_token);
  assert.deepEqual([aud, sub], [[ORDERS], `client-${app.id}`]);
  assert.equal((await ask({ resource: ORDERS, scope: 'openid orders:read' })).body.scope, 'orders:read');
  assert.equal((await ask({ resource: ORDERS, scope: 'openid' })).body.scope, '', 'who names only scopes of people gets none');
  assert.equal((await ask({ resource: ORDERS, scope: 'orders:write' })).body.error, 'invalid_scope', 'granted for people only');
  assert.equal((await ask({ scope: 'orders:read' })).body.error, 'invalid_scope', 'without its resource');
  const plain = await ask({ scope: 'openid profile' });
  assert.deepEqual([decodeJwt(plain.body.access_token).aud, plain.body.scope], [[app.id], '']);
});

test('SEC-051 a client’s own token is told apart from one for people, and ends with its grant', async (t) => {
  const { w, app, orders } = await setting(t);
  const { body } = await token(w, app, { grant_type: 'client_credentials', resource: ORDERS });
  assert.equal(await isActive(w, app, body.access_token), true);
  await orders.grant(app, { user: ['orders:read'] });
  assert.equal(await isActive(w, app, body.access_token), false);
  assert.equal((await token(w, app, { grant_type: 'client_credentials', resource: ORDERS })).body.error, 'invalid_target');
});

test('a device gets a token for an API after the person agreed to it by name', async (t) => {
  const { w, milton, app } = await setting(t);
  await milton.signIn();
  const ask = (fields: Record<string, string>) => post(w, '/api/oidc/device/authorize', fields, { authorization: basic(app) });
  assert.equal((await ask({ scope: 'orders:read' })).body.error, 'invalid_scope');
  assert.equal((await ask({ scope: 'openid', resource: 'https://unknown.example.com' })).body.error, 'invalid_target');
  const { body } = await ask({ scope: 'openid orders:read', resource: ORDERS });
  const { scope, scopeInfo, authorizationRequired } = (await (
    await milton.request(`/api/oidc/device/info?code=${body.user_code}`)
  ).json()) as {
    scope: string[];
    scopeInfo: { key: string; name: string }[];
    authorizationRequired: boolean;
  };
  assert.deepEqual([scope, authorizationRequired], [['openid', 'orders:read'], true]);
  assert.deepEqual(
    scopeInfo.map(({ name }) => name),
    ['Sign-in', 'Read orders'],
  );
  assert.match(await (await milton.visit(`/device?user_code=${body.user_code}`)).text(), /Read orders/);
  assert.equal((await milton.request(`/api/oidc/device/verify?code=${body.user_code}`, { method: 'POST' })).status, 204);
  const polled = await token(w, app, { grant_type: DEVICE, device_code: body.device_code });
  assert.deepEqual([polled.body.scope, decodeJwt(polled.body.access_token).aud], ['openid orders:read', [ORDERS, w.config.appUrl]]);
  assert.equal((await refresh(w, app, polled.body.refresh_token)).status, 200, 'the consent it needs was recorded');
});

test('a pushed request may name an API', async (t) => {
  const { w, milton, app, rp } = await setting(t, { requires_par: 1 });
  const { url, checks } = await rp.begin({ scope: 'openid orders:read', resource: ORDERS });
  const pushed = await post(w, '/api/oidc/par', Object.fromEntries(url.searchParams), { authorization: basic(app) });
  const first = await milton.visit(`/authorize?${new URLSearchParams({ client_id: app.id, request_uri: pushed.body.request_uri })}`);
  const { sent } = await rp.walk(milton, first);
  assert.equal((await rp.exchange({ sent, checks })).scope, 'openid orders:read');
});

test('clients that describe themselves have what an API allows all of them, and no other has that', async (t) => {
  const id = 'https://notes.example.com/client';
  const document = { client_id: id, redirect_uris: ['https://app.example.com/callback'], token_endpoint_auth_method: 'none' };
  const fetchPublic = async () => ({ type: 'application/json', headers: {}, bytes: Buffer.from(JSON.stringify(document)) });
  const { w, milton, app, orders } = await setting(t, {}, { fetchPublic });
  await w.api('PUT', '/api/application-configuration', { cimdUrlAllowlist: JSON.stringify([id]) });
  const cimd = { id, name: 'Notes', secret: '', isPublic: true };
  const stranger = await application(w, { name: 'Stranger' });
  const { permissions } = (await w.api('GET', `/api/apis/${orders.id}`)).body as { permissions: Permission[] };
  await w.api('PUT', `/api/apis/${orders.id}/cimd-access`, { enabled: true, permissionIds: [permissions[0]?.id] });
  const asked = { scope: 'openid orders:read orders:write', resource: ORDERS };
  const answered = await (await relyingParty(w, cimd)).signIn(milton, asked);
  assert.equal(answered.tokens.scope, 'openid orders:read');
  assert.equal((await (await relyingParty(w, app)).signIn(milton, asked)).tokens.scope, 'openid orders:read orders:write');
  const rp = await relyingParty(w, stranger);
  const sent = await sentBy(w, await rp.ask(milton, await rp.begin(asked)));
  assert.equal(sent && answerOf(sent).get('error'), 'invalid_target');
});

test('SEC-079 a token for one API is worth nothing at our own doors', async (t) => {
  const { w, milton, rp } = await setting(t);
  const { tokens } = await rp.signIn(milton, { scope: 'orders:read', resource: ORDERS, nonce: undefined });
  const headers = { authorization: `Bearer ${tokens.access_token}`, 'x-api-key': tokens.access_token };
  assert.equal(await userinfoStatus(w, tokens.access_token), 403);
  for (const path of ['/api/users/me', '/api/users', '/api/oidc/clients', '/api/api-keys', '/api/apis'])
    assert.equal((await w.request(path, { headers })).status, 401, path);
  const other = await application(w, { name: 'Other' });
  assert.equal(await isActive(w, other, tokens.access_token), false, 'another client is told nothing of it');
});

test('what an API adds costs no statement more', async (t) => {
  const { w, milton, app, rp } = await setting(t);
  const count = async (work: () => Promise<unknown>) => {
    w.statements.length = 0;
    await work();
    return w.statements.filter((sql) => !/^(begin|commit|savepoint|release|start transaction)/i.test(sql)).length;
  };
  const asked = { scope: 'openid orders:read', resource: ORDERS, claims: '{"userinfo":{"email":null}}' };
  await rp.signIn(milton, asked);
  const begun = await rp.begin(asked);
  let sent: Awaited<ReturnType<typeof sentBy>>;
  assert.equal(await count(async () => (sent = await sentBy(w, await rp.ask(milton, begun)))), 3);
  assert.ok(sent);
  const code = {
    grant_type: 'authorization_code',
    code: answerOf(sent).get('code') ?? '',
    redirect_uri: 'https://app.example.com/callback',
  };
  let tokens: Record<string, string> = {};
  const redeemed = await count(async () => {
    tokens = (await token(w, app, { ...code, code_verifier: begun.checks.pkceCodeVerifier })).body;
  });
  assert.ok(redeemed <= 5, String(redeemed));
  assert.equal(await count(() => userinfoStatus(w, tokens.access_token ?? '')), 1);
});
