import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type World, world } from '#src/testing/world.ts';

/** What breaks the Ansible collection, the Terraform provider or the operator when a server does it differently: one test for each observation. */

const client = {
  name: 'App',
  id: 'app',
  callbackURLs: ['https://b.example.org/cb', 'https://a.example.org/cb', 'https://c.example.org'],
  logoutCallbackURLs: ['https://z.example.org/out', 'https://a.example.org/out'],
};
const user = { username: 'milton', email: 'milton@example.org' };
const group = { name: 'familia', friendlyName: 'Familia' };
const nobody = '0b7d9df2-1111-4222-8333-944444444444';

test('callback and logout URLs come back in the order they were sent, from every call', async (t) => {
  const { api } = await world(t);
  const { callbackURLs, logoutCallbackURLs } = client;
  const seen = [
    await api('POST', '/api/oidc/clients', client),
    await api('PUT', '/api/oidc/clients/app', client),
    await api('GET', '/api/oidc/clients/app'),
    await api('PUT', '/api/oidc/clients/app/allowed-user-groups', { userGroupIds: [] }),
  ];
  const listed = (await api('GET', '/api/oidc/clients')).body.data[0];
  for (const body of [...seen.map((answer) => answer.body), listed]) {
    assert.deepEqual([body.callbackURLs, body.logoutCallbackURLs], [callbackURLs, logoutCallbackURLs]);
  }
});

test('creations answer 201, changes 200 and deletions 204', async (t) => {
  const { api } = await world(t);
  const statuses: Record<string, number> = {};
  const call = async (name: string, method: string, path: string, body?: unknown) => {
    const answer = await api(method, path, body);
    statuses[name] = answer.status;
    return answer.body;
  };
  const { id } = await call('create user', 'POST', '/api/users', user);
  const { id: groupId } = await call('create group', 'POST', '/api/user-groups', group);
  await call('create client', 'POST', '/api/oidc/clients', client);
  await call('old secret', 'POST', '/api/oidc/clients/app/secret');
  const secret = await call('new secret', 'POST', '/api/oidc/clients/app/secrets');
  const scim = await call('create SCIM provider', 'POST', '/api/scim/service-provider', {
    endpoint: 'https://s.example.org',
    oidcClientId: 'app',
  });
  await call('one-time code', 'POST', `/api/users/${id}/one-time-access-token`, { ttl: '15m' });
  await call('change user', 'PUT', `/api/users/${id}`, user);
  await call('change group', 'PUT', `/api/user-groups/${groupId}`, group);
  await call('change client', 'PUT', '/api/oidc/clients/app', client);
  await call('change SCIM provider', 'PUT', `/api/scim/service-provider/${scim.id}`, {
    endpoint: 'https://s.example.org',
    oidcClientId: 'app',
  });
  await call('change claims', 'PUT', `/api/custom-claims/user/${id}`, []);
  await call('change configuration', 'PUT', '/api/application-configuration', { appName: 'Home' });
  await call('delete secret', 'DELETE', `/api/oidc/clients/app/secrets/${secret.id}`);
  await call('delete SCIM provider', 'DELETE', `/api/scim/service-provider/${scim.id}`);
  await call('delete client', 'DELETE', '/api/oidc/clients/app');
  await call('delete group', 'DELETE', `/api/user-groups/${groupId}`);
  await call('delete user', 'DELETE', `/api/users/${id}`);
  for (const [name, status] of Object.entries(statuses)) {
    const expected = name === 'old secret' || name.startsWith('change') ? 200 : name.startsWith('delete') ? 204 : 201;
    assert.equal(status, expected, name);
  }
});

test('an object that is missing is 404, never 400', async (t) => {
  const { api } = await world(t);
  await api('POST', '/api/oidc/clients', client);
  for (const path of [
    `/api/users/${nobody}`,
    `/api/user-groups/${nobody}`,
    '/api/oidc/clients/gone',
    '/api/oidc/clients/app/scim-service-provider',
    '/api/oidc/clients/gone/scim-service-provider',
    '/api/users/not-even-a-uuid',
  ]) {
    assert.equal((await api('GET', path)).status, 404, path);
  }
});

test('deleting what is gone is 204 for clients and SCIM providers, 404 for users and groups', async (t) => {
  const { api } = await world(t);
  const status = async (path: string) => (await api('DELETE', path)).status;
  assert.deepEqual([await status('/api/oidc/clients/gone'), await status(`/api/scim/service-provider/${nobody}`)], [204, 204]);
  assert.deepEqual([await status(`/api/users/${nobody}`), await status(`/api/user-groups/${nobody}`)], [404, 404]);
});

test('none is null and never "", and an empty list is [] and never null', async (t) => {
  const { api } = await world(t);
  await api('PUT', '/api/application-configuration', { requireUserEmail: 'false' });
  const { body: person } = await api('POST', '/api/users', { username: 'milton' });
  assert.deepEqual([person.email, person.locale, person.ldapId, person.customClaims, person.userGroups], [null, null, null, [], []]);
  const { body: made } = await api('POST', '/api/user-groups', group);
  assert.deepEqual([made.ldapId, made.customClaims, made.users, made.allowedOidcClients], [null, [], [], []]);
  const { body: app } = await api('POST', '/api/oidc/clients', { name: 'App' });
  assert.deepEqual([app.launchURL, app.callbackURLs, app.logoutCallbackURLs, app.allowedUserGroups], [null, [], [], []]);
  assert.deepEqual(app.credentials, { federatedIdentities: [], secrets: [] });
});

test('configuration values are texts, also those that are numbers and booleans', async (t) => {
  const { api } = await world(t);
  const { body } = await api('GET', '/api/application-configuration/all');
  for (const { key, value } of body) assert.equal(typeof value, 'string', key);
});

test('every refusal has a text in `error`', async (t) => {
  const { api, request } = await world(t);
  const refusals = [
    await api('GET', `/api/users/${nobody}`),
    await api('POST', '/api/users', {}),
    await api('POST', '/api/oidc/clients', { name: 'x', callbackURLs: ['*'] }),
    await api('GET', '/api/nothing-here'),
  ];
  for (const { status, body } of refusals) assert.deepEqual([status >= 400, typeof body.error, body.error !== ''], [true, 'string', true]);
  const anonymous = await (await request('/api/users')).json();
  assert.equal(anonymous.error, 'You are not signed in');
});

test('a name that is taken is 409', async (t) => {
  const { api } = await world(t);
  for (const [path, body] of [
    ['/api/users', user],
    ['/api/user-groups', group],
    ['/api/oidc/clients', client],
  ] as const) {
    assert.deepEqual([(await api('POST', path, body)).status, (await api('POST', path, body)).status], [201, 409], path);
  }
});

const many = async ({ api, clock }: World, count: number) => {
  for (let i = 0; i < count; i++) {
    clock.advance(1);
    await api('POST', '/api/user-groups', { name: `group-${i}`, friendlyName: `Group ${i}` });
  }
};

test('Ansible finds all of 101 objects page by page and stops', async (t) => {
  const w = await world(t);
  await many(w, 101);
  const names: string[] = [];
  for (let page = 1, pages = 1; page <= pages; page++) {
    const { data, pagination } = (await w.api('GET', `/api/user-groups?page=${page}`)).body;
    assert.deepEqual([pagination.currentPage, pagination.totalItems], [page, 101]);
    names.push(...data.map((found: { name: string }) => found.name));
    pages = pagination.totalPages;
  }
  assert.deepEqual([names.length, new Set(names).size], [101, 101]);
});

test('newer clients find all of 101 objects in pages of 100, with totals that add up', async (t) => {
  const w = await world(t);
  await many(w, 101);
  const page = async (n: number) =>
    (await w.api('GET', `/api/user-groups?pagination[page]=${n}&pagination[limit]=100&sort[column]=createdAt&sort[direction]=asc`)).body;
  const [first, second] = [await page(1), await page(2)];
  assert.deepEqual(first.pagination, { totalPages: 2, totalItems: 101, currentPage: 1, itemsPerPage: 100 });
  assert.deepEqual(second.pagination, { totalPages: 2, totalItems: 101, currentPage: 2, itemsPerPage: 100 });
  assert.deepEqual([first.data.length, second.data.length, second.data[0].name], [100, 1, 'group-100']);
});

test('the first requests on an empty database may come in parallel', async (t) => {
  const { api } = await world(t);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      i % 2
        ? api('POST', '/api/oidc/clients', { name: `App ${i}` })
        : api('POST', '/api/users', { username: `u${i}`, email: `u${i}@example.org` }),
    ),
  );
  assert.deepEqual(
    answers.map((answer) => answer.status),
    Array(10).fill(201),
  );
});

test('the operator’s way in: a one-time code becomes a cookie, the cookie an API key, also over plain http on localhost', async (t) => {
  const w = await world(t, { appUrl: 'http://localhost:1411', internalAppUrl: 'http://localhost:1411' });
  const { id } = (await w.api('POST', '/api/users', user)).body;
  const { token } = (await w.api('POST', `/api/users/${id}/one-time-access-token`, { ttl: '15m', userId: id })).body;
  const exchanged = await w.request(`/api/one-time-access-token/${token}`, { method: 'POST' });
  assert.equal(exchanged.status, 200);
  const cookies = exchanged.headers.getSetCookie();
  assert.equal(
    cookies.some((line) => /;\s*secure/i.test(line)),
    false,
    'a cookie marked Secure would not come back over http',
  );
  const cookie = cookies.map((line) => line.split(';')[0]).join('; ');
  const made = await w.request('/api/api-keys', {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'op-key', expiresAt: new Date((w.clock.now() + 3600) * 1000).toISOString() }),
  });
  assert.equal(made.status, 201);
  assert.equal((await w.api('GET', '/api/users/me', undefined, { 'x-api-key': (await made.json()).token })).body.id, id);
});

test('the user behind the static key is in no list', async (t) => {
  const { api } = await world(t);
  const { body } = await api('GET', '/api/users?search=static');
  assert.deepEqual([body.data, body.pagination.totalItems], [[], 0]);
});

test('once a creation is carried out, the answer is never a 5xx', async (t) => {
  const w = await world(t);
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, i) => w.api('POST', '/api/user-groups', { name: `group-${i}`, friendlyName: 'Group' })),
  );
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([201]));
  assert.equal((await w.api('GET', '/api/user-groups')).body.pagination.totalItems, 64);
});

test('the operator leaves out what is false or empty, and takes back by it what it gave', async (t) => {
  const { api } = await world(t);
  const written = { username: 'op', email: 'op@example.org', firstName: 'Op', userGroupIds: null };
  const { id } = (await api('POST', '/api/users', written)).body;
  const given = await api('PUT', `/api/users/${id}`, { ...written, lastName: 'X', locale: 'de', isAdmin: true, disabled: true });
  assert.deepEqual([given.body.isAdmin, given.body.disabled, given.body.locale, given.body.lastName], [true, true, 'de', 'X']);
  const taken = (await api('PUT', `/api/users/${id}`, written)).body;
  assert.deepEqual([taken.isAdmin, taken.disabled, taken.locale, taken.lastName, taken.email], [false, false, null, '', 'op@example.org']);

  const whole = {
    ...{ name: 'App', callbackURLs: client.callbackURLs, logoutCallbackURLs: client.logoutCallbackURLs },
    ...{ accessTokenDurationMinutes: 60, refreshTokenDurationMinutes: 43_200 },
  };
  const flags = { pkceEnabled: true, requiresPushedAuthorizationRequests: true, skipConsent: true, isGroupRestricted: true };
  const identity = { issuer: 'https://iss.example.org', subject: 's' };
  const identities = (replayProtection: boolean) => ({ credentials: { federatedIdentities: [{ ...identity, replayProtection }] } });
  await api('POST', '/api/oidc/clients', { ...whole, ...flags, ...identities(true), id: 'app', description: 'Books' });
  const kept = (await api('PUT', '/api/oidc/clients/app', { name: 'App', callbackURLs: client.callbackURLs, isPublic: false })).body;
  for (const name of Object.keys(flags)) assert.equal(kept[name], true, `${name} is kept by a body that is not the operator's`);
  const plain = (await api('PUT', '/api/oidc/clients/app', { ...whole, credentials: { federatedIdentities: [identity] } })).body;
  for (const name of Object.keys(flags)) assert.equal(plain[name], false, name);
  assert.deepEqual([plain.description, plain.credentials.federatedIdentities[0].replayProtection], ['', false]);
});

test('the operator reads the APIs of a client as a plain array, and grants them with what is not false', async (t) => {
  const { api } = await world(t);
  await api('POST', '/api/oidc/clients', client);
  const orders = (await api('POST', '/api/apis', { name: 'Orders', resource: 'https://orders.example.org' })).body;
  const nothing = { clientPermissionIds: [], userDelegatedPermissionIds: [] };
  const granted = await api('PUT', `/api/apis/${orders.id}/clients/app`, { ...nothing, userDelegatedAccess: true });
  assert.deepEqual([granted.status, granted.body.userDelegatedAccess, granted.body.clientAccess], [200, true, false]);
  const listed = await api('GET', '/api/api-access/app/apis');
  assert.deepEqual(
    listed.body.map((grant: { api: { id: string } }) => grant.api.id),
    [orders.id],
  );
  const opened = await api('PUT', `/api/apis/${orders.id}/cimd-access`, { enabled: true, permissionIds: [] });
  const closed = await api('PUT', `/api/apis/${orders.id}/cimd-access`, { permissionIds: [] });
  assert.deepEqual([opened.body.allowCimdClients, closed.status, closed.body.allowCimdClients], [true, 200, false]);
});
