import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCOPES } from '#oidc/checks/scope.ts';
import { auditRows } from '../testing/administration.ts';
import { type World, world } from '../testing/world.ts';

const orders = { name: 'Orders', resource: 'https://api.orders.test' };
const permissions = [
  { key: 'read:orders', name: 'Read orders', description: 'See them' },
  { key: 'write:orders', name: 'Write orders' },
];
const prepared = async (w: World) => {
  const { id } = (await w.api('POST', '/api/apis', orders)).body;
  const { body } = await w.api('PUT', `/api/apis/${id}/permissions`, { permissions });
  for (const [client, isPublic] of [
    ['app', false],
    ['public', true],
  ] as const) {
    w.clock.advance(1);
    await w.api('POST', '/api/oidc/clients', { id: client, name: client, isPublic });
  }
  const [read, write] = body.permissions as { id: string }[];
  return { id, read: read!.id, write: write!.id };
};

test('an API is registered, renamed, listed and deleted; its resource never changes', async (t) => {
  const { api, clock } = await world(t);
  const created = await api('POST', '/api/apis', orders);
  assert.equal(created.status, 201);
  const { id, createdAt, ...rest } = created.body;
  assert.deepEqual(rest, { ...orders, permissions: [], allowCimdClients: false });
  assert.equal(Date.parse(createdAt), clock.now() * 1000);
  assert.deepEqual((await api('GET', `/api/apis/${id}`)).body, created.body);
  const renamed = await api('PUT', `/api/apis/${id}`, { name: 'Shop', resource: 'https://other.test' });
  assert.deepEqual([renamed.status, renamed.body.name, renamed.body.resource], [200, 'Shop', orders.resource]);
  assert.equal((await api('DELETE', `/api/apis/${id}`)).status, 204);
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PUT', '', { name: 'x' }],
    ['DELETE', '', undefined],
    ['PUT', '/permissions', { permissions: [] }],
    ['PUT', '/cimd-access', { enabled: true }],
    ['GET', '/clients', undefined],
    ['GET', '/assignable-clients', undefined],
    ['PUT', '/clients/app', { userDelegatedAccess: true, clientAccess: false }],
    ['DELETE', '/clients/app', undefined],
  ] as const) {
    const gone = await api(method, `/api/apis/${id}${path}`, body);
    assert.deepEqual([gone.status, gone.body.error], [404, 'API not found'], `${method} ${path}`);
  }
});

test('a resource is an absolute URI without fragment, not ours, and registered once', async (t) => {
  const { api, config } = await world(t);
  for (const resource of [
    '',
    'orders',
    '/orders',
    'https://a.test/#x',
    'https://a b.test',
    'javascript:alert(1)',
    'data:text/plain,x',
    `https://a.test/${'x'.repeat(336)}`,
    'https://a.test/\0',
    'https://a.test/\t',
    'https://a.test/\u007f',
    'example:///',
    7,
  ]) {
    assert.equal((await api('POST', '/api/apis', { name: 'x', resource })).status, 400, String(resource));
  }
  const own = await api('POST', '/api/apis', { name: 'x', resource: `${config.appUrl}/` });
  assert.deepEqual([own.status, own.body.details.fields[0].code], [400, 'reserved']);
  const slashes = await api('POST', '/api/apis', { name: 'x', resource: 'https://a.test/orders//' });
  assert.equal(slashes.body.resource, 'https://a.test/orders');
  const longest = `https://a.test/${'x'.repeat(335)}`;
  assert.equal((await api('POST', '/api/apis', { name: 'long', resource: `${longest}/` })).body.resource, longest);
  const taken = await api('POST', '/api/apis', { name: 'y', resource: 'https://a.test/orders' });
  assert.deepEqual([taken.status, taken.body.code, taken.body.details], [409, 'already_in_use', { property: 'resource' }]);
  assert.equal((await api('POST', '/api/apis', { name: 'urn', resource: 'urn:example:orders' })).status, 201);
});

test('permissions are replaced by key: one that stays keeps its id and grants, one that goes loses them', async (t) => {
  const w = await world(t);
  const { id, read, write } = await prepared(w);
  await w.api('PUT', `/api/apis/${id}/clients/app`, {
    userDelegatedAccess: true,
    clientAccess: true,
    userDelegatedPermissionIds: [read, write],
    clientPermissionIds: [write],
  });
  const replaced = await w.api('PUT', `/api/apis/${id}/permissions`, {
    permissions: [
      { key: 'new', name: 'New' },
      { key: 'read:orders', name: 'Renamed' },
    ],
  });
  assert.deepEqual(
    replaced.body.permissions.map((p: { key: string; name: string; description?: string }) => [p.key, p.name, p.description]),
    [
      ['new', 'New', undefined],
      ['read:orders', 'Renamed', undefined],
    ],
  );
  assert.equal(replaced.body.permissions[1].id, read);
  const [grant] = (await w.api('GET', `/api/apis/${id}/clients`)).body.data;
  assert.deepEqual([grant.userDelegatedPermissionIds, grant.clientPermissionIds], [[read], []]);
  const [row] = await auditRows(w, 'API_PERMISSIONS_UPDATED');
  assert.equal(row?.data.apiId, id);
});

test('keys of permissions are scopes that mean nothing else', async (t) => {
  const w = await world(t);
  const { id } = await prepared(w);
  for (const key of ['', 'a b', 'a"b', 'a\\b', 'ü', ...SCOPES, 'email_verified', 'x'.repeat(129)]) {
    assert.equal((await w.api('PUT', `/api/apis/${id}/permissions`, { permissions: [{ key, name: 'x' }] })).status, 400, key);
  }
  const twice = [permissions[0], permissions[0]];
  assert.equal((await w.api('PUT', `/api/apis/${id}/permissions`, { permissions: twice })).status, 400);
});

test('a client is granted an API: a permission implies its access, a public client has none for itself', async (t) => {
  const w = await world(t);
  const { id, read, write } = await prepared(w);
  const set = await w.api('PUT', `/api/apis/${id}/clients/app`, {
    userDelegatedAccess: false,
    clientAccess: false,
    userDelegatedPermissionIds: [read],
    clientPermissionIds: [write],
  });
  assert.equal(set.status, 200);
  assert.deepEqual(set.body, {
    client: { id: 'app', name: 'app', clientType: 'standard', isPublic: false, hasLogo: false, hasDarkLogo: false },
    userDelegatedAccess: true,
    clientAccess: true,
    userDelegatedPermissionIds: [read],
    clientPermissionIds: [write],
    cimdGrantedAccess: false,
    cimdGrantedPermissionIds: [],
  });
  const open = await w.api('PUT', `/api/apis/${id}/clients/public`, {
    userDelegatedAccess: true,
    clientAccess: true,
    clientPermissionIds: [write],
  });
  assert.deepEqual([open.body.userDelegatedAccess, open.body.clientAccess, open.body.clientPermissionIds], [true, false, []]);
  assert.deepEqual(
    (await w.api('GET', `/api/apis/${id}/clients`)).body.data.map((g: { client: { id: string } }) => g.client.id),
    ['app', 'public'],
  );
  const mine = (await w.api('GET', '/api/api-access/app/apis')).body;
  assert.deepEqual([mine.length, mine[0].api.id, mine[0].userDelegatedPermissionIds], [1, id, [read]]);
  assert.equal((await w.api('PUT', `/api/apis/${id}/clients/gone`, { userDelegatedAccess: true, clientAccess: true })).status, 404);
});

test('a permission that is not one of the API is left out of what is granted', async (t) => {
  const w = await world(t);
  const { id, read } = await prepared(w);
  const other = (await w.api('POST', '/api/apis', { name: 'Other', resource: 'https://other.test' })).body.id;
  const foreign = (await w.api('PUT', `/api/apis/${other}/permissions`, { permissions: [{ key: 'pay', name: 'Pay' }] })).body.permissions[0]
    .id;
  const granted = await w.api('PUT', `/api/apis/${id}/clients/app`, {
    userDelegatedAccess: false,
    clientAccess: false,
    userDelegatedPermissionIds: ['gone', read, foreign],
    clientPermissionIds: [foreign],
  });
  assert.equal(granted.status, 200);
  assert.deepEqual([granted.body.userDelegatedPermissionIds, granted.body.clientPermissionIds], [[read], []]);
  assert.deepEqual([granted.body.userDelegatedAccess, granted.body.clientAccess], [true, false]);
  const opened = await w.api('PUT', `/api/apis/${id}/cimd-access`, { enabled: true, permissionIds: [foreign, read] });
  assert.deepEqual(
    opened.body.permissions.map((p: { allowedForCimdClients: boolean }) => p.allowedForCimdClients),
    [true, false],
  );
  const [untouched] = (await w.api('GET', `/api/apis/${other}`)).body.permissions;
  assert.equal(untouched.allowedForCimdClients, false);
});

test('clients and APIs without a grant are offered, and withdrawing one offers it again', async (t) => {
  const w = await world(t);
  const { id } = await prepared(w);
  const offered = async () => (await w.api('GET', `/api/apis/${id}/assignable-clients`)).body.data.map((c: { id: string }) => c.id);
  const apis = async () => (await w.api('GET', '/api/api-access/app/assignable-apis')).body.data.map((a: { id: string }) => a.id);
  assert.deepEqual([await offered(), await apis()], [['app', 'public'], [id]]);
  await w.api('PUT', `/api/apis/${id}/clients/app`, { userDelegatedAccess: true, clientAccess: false });
  assert.deepEqual([await offered(), await apis()], [['public'], []]);
  assert.equal((await w.api('DELETE', `/api/apis/${id}/clients/app`)).status, 204);
  assert.equal((await w.api('DELETE', `/api/apis/${id}/clients/app`)).status, 204);
  assert.deepEqual([await offered(), await apis()], [['app', 'public'], [id]]);
  assert.equal((await w.api('GET', '/api/api-access/gone/apis')).status, 404);
  assert.deepEqual((await auditRows(w, 'API_GRANT_UPDATED')).length, 1);
  assert.deepEqual((await auditRows(w, 'API_GRANT_DELETED')).length, 1);
});

test('what clients that describe themselves may ask for is set for each permission', async (t) => {
  const w = await world(t);
  const { id, read } = await prepared(w);
  const on = await w.api('PUT', `/api/apis/${id}/cimd-access`, { enabled: true, permissionIds: [read] });
  assert.deepEqual([on.status, on.body.allowCimdClients], [200, true]);
  assert.deepEqual(
    on.body.permissions.map((p: { allowedForCimdClients: boolean }) => p.allowedForCimdClients),
    [true, false],
  );
  const off = await w.api('PUT', `/api/apis/${id}/cimd-access`, { enabled: false });
  assert.deepEqual([off.body.allowCimdClients, off.body.permissions[0].allowedForCimdClients], [false, false]);
});

test('a client that describes itself is among the clients of an API that is open to those, with what it may ask for', async (t) => {
  const w = await world(t);
  const { id, read, write } = await prepared(w);
  await w.api('POST', '/api/oidc/clients', { id: 'self', name: 'Self' });
  await w.database.db.updateTable('client').set({ client_type: 'cimd' }).where('id', '=', 'self').execute();
  await w.api('PUT', `/api/apis/${id}/clients/app`, { userDelegatedAccess: true, userDelegatedPermissionIds: [write] });
  const listed = async () =>
    (await w.api('GET', `/api/apis/${id}/clients?sort[column]=name`)).body.data.map((grant: Record<string, unknown>) => [
      (grant.client as { id: string }).id,
      grant.userDelegatedAccess,
      grant.cimdGrantedAccess,
      grant.cimdGrantedPermissionIds,
    ]);
  const app = ['app', true, false, []];
  assert.deepEqual(await listed(), [app]);
  await w.api('PUT', `/api/apis/${id}/cimd-access`, { enabled: true, permissionIds: [read] });
  assert.deepEqual(await listed(), [app, ['self', false, true, [read]]]);
  assert.deepEqual(
    (await w.api('GET', '/api/api-access/self/apis')).body.map((grant: { api: { id: string } }) => grant.api.id),
    [id],
  );
  await w.api('PUT', `/api/apis/${id}/cimd-access`, { enabled: false });
  assert.deepEqual(await listed(), [app]);
});

test('APIs are searched by name and resource, and sorted', async (t) => {
  const w = await world(t);
  for (const [name, resource] of [
    ['Beta', 'https://one.test'],
    ['Alpha', 'https://two.test'],
  ]) {
    w.clock.advance(1);
    await w.api('POST', '/api/apis', { name, resource });
  }
  const names = async (query: string) => (await w.api('GET', `/api/apis?${query}`)).body.data.map((a: { name: string }) => a.name);
  assert.deepEqual(await names('search=ALPHA'), ['Alpha']);
  assert.deepEqual(await names('search=one.test'), ['Beta']);
  assert.deepEqual(await names('sort[column]=name'), ['Alpha', 'Beta']);
  assert.deepEqual(await names('sort[column]=audience&sort[direction]=desc'), ['Alpha', 'Beta']);
  assert.deepEqual(await names('sort[column]=createdAt&sort[direction]=desc'), ['Alpha', 'Beta']);
});

test('the engine learns what a client may ask for at a resource, and nothing of what it may not', async (t) => {
  const w = await world(t);
  const { id, read } = await prepared(w);
  const { apiGrants } = w.app.services;
  assert.equal(await apiGrants.accessTo(orders.resource, 'app'), undefined);
  await w.api('PUT', `/api/apis/${id}/clients/app`, { userDelegatedAccess: true, clientAccess: false, userDelegatedPermissionIds: [read] });
  assert.deepEqual(await apiGrants.accessTo(orders.resource, 'app'), {
    apiId: id,
    name: 'Orders',
    user: [{ key: 'read:orders', name: 'Read orders' }],
  });
  assert.equal(await apiGrants.accessTo('https://unknown.test', 'app'), undefined);
  assert.equal(await apiGrants.accessTo(orders.resource, 'public'), undefined);
});
