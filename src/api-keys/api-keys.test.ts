import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEY_FAMILIES } from '#access/key-scopes.ts';
import { sha256, systemRandom } from '#platform/random.ts';
import { auditRows, type Call, keyOf, withKey, withSession } from '../testing/administration.ts';
import { person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';
import { KEY_SCOPES } from './contract.ts';
import { createApiKeys, STATIC_USER_ID } from './service.ts';

/** The keys of a server on the same database that is started without STATIC_API_KEY. */
const apiKeysWithout = ({ database: { db }, clock, log, app }: World) =>
  createApiKeys({ db, clock, random: systemRandom, log, audit: app.services.audit, staticKey: undefined });

const later = (now: number, seconds: number) => new Date((now + seconds) * 1000).toISOString();

test('a key is made in a session, shown once, and acts for whoever made it', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', admin: true });
  const call = await withSession(ann);
  const expiresAt = later(w.clock.now(), 3600);
  const made = await call('POST', '/api/api-keys', { name: 'homelab', description: 'for Ansible', expiresAt });
  assert.equal(made.status, 201);
  assert.deepEqual(Object.keys(made.body), ['apiKey', 'token']);
  const { token, apiKey } = made.body;
  assert.match(token, /^[A-Za-z0-9]{32}$/);
  const { id, createdAt, ...rest } = apiKey;
  assert.deepEqual([typeof id, Date.parse(createdAt), Date.parse(rest.expiresAt)], ['string', w.clock.now() * 1000, Date.parse(expiresAt)]);
  const plain = {
    name: 'homelab',
    description: 'for Ansible',
    lastUsedAt: null,
    expirationEmailSent: false,
    prefix: token.slice(0, 4),
    scopes: ['full'],
  };
  assert.deepEqual({ ...rest, expiresAt: undefined }, { ...plain, expiresAt: undefined });
  assert.equal((await withKey(w, token)('GET', '/api/users/me')).body.id, ann.id);
  assert.equal((await withKey(w, token)('GET', '/api/users')).status, 200);
  const listed = (await call('GET', '/api/api-keys')).body;
  assert.deepEqual([listed.pagination.totalItems, listed.data[0].id, 'token' in listed.data[0]], [1, id, false]);
});

test('a key may have no end, and needs none', async (t) => {
  const w = await world(t);
  const call = await withSession(await person(w, { username: 'ann' }));
  for (const expiresAt of [undefined, null]) {
    const made = await call('POST', '/api/api-keys', { name: 'forever', expiresAt });
    assert.deepEqual([made.status, made.body.apiKey.expiresAt], [201, null]);
    w.clock.advance(365 * 86_400);
    assert.equal((await withKey(w, made.body.token)('GET', '/api/users/me')).status, 200);
    w.clock.set(1_790_000_000);
  }
});

test('a key that has ended is refused, and can be renewed with a new value', async (t) => {
  const w = await world(t);
  const call = await withSession(await person(w, { username: 'ann' }));
  const { token, apiKey } = (await call('POST', '/api/api-keys', { name: 'short', expiresAt: later(w.clock.now(), 60) })).body;
  const early = await call('POST', `/api/api-keys/${apiKey.id}/renew`, { expiresAt: later(w.clock.now(), 3600) });
  assert.deepEqual([early.status, early.body.code], [409, 'api_key_not_expired']);
  w.clock.advance(60);
  const refused = await withKey(w, token)('GET', '/api/users/me');
  assert.deepEqual([refused.status, refused.body.code], [401, 'invalid_api_key']);
  const renewed = await call('POST', `/api/api-keys/${apiKey.id}/renew`, { expiresAt: later(w.clock.now(), 3600) });
  assert.deepEqual([renewed.status, renewed.body.apiKey.id, renewed.body.token === token], [200, apiKey.id, false]);
  assert.equal((await withKey(w, renewed.body.token)('GET', '/api/users/me')).status, 200);
  assert.equal((await withKey(w, token)('GET', '/api/users/me')).status, 401, 'the old value stays dead');
  const unknown = await call('POST', '/api/api-keys/gone/renew', {});
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'api_key_not_found']);
});

test('names, ends and scopes of a key are checked', async (t) => {
  const w = await world(t);
  const call = await withSession(await person(w, { username: 'ann' }));
  const past = await call('POST', '/api/api-keys', { name: 'past', expiresAt: later(w.clock.now(), 0) });
  assert.deepEqual([past.status, past.body.code], [400, 'invalid_api_key_expiration']);
  const wrong = [
    {},
    { name: 'xx' },
    { name: 'x'.repeat(51) },
    { name: 'key', expiresAt: 'soon' },
    { name: 'key', scopes: [] },
    { name: 'key', scopes: ['root'] },
  ];
  for (const body of wrong) {
    const refused = await call('POST', '/api/api-keys', body);
    assert.deepEqual([refused.status, refused.body.code], [400, 'validation_failed'], JSON.stringify(body));
  }
  assert.deepEqual((await call('GET', '/api/api-keys')).body.data, []);
  const twice = await call('POST', '/api/api-keys', { name: 'key', scopes: ['users:read', 'read', 'users:read'] });
  assert.deepEqual(twice.body.apiKey.scopes, ['users:read', 'read']);
});

test('an end that could not be written back, as it is beyond the year 9999, is refused by name wherever an end can be given', async (t) => {
  const w = await world(t);
  const call = await withSession(await person(w, { username: 'ann', admin: true }));
  assert.equal((await w.api('POST', '/api/oidc/clients', { id: 'app', name: 'App', callbackURLs: [] })).status, 201);
  for (const [path, body] of [
    ['/api/api-keys', { name: 'homelab' }],
    ['/api/oidc/clients/app/secrets', {}],
  ] as const) {
    const refused = await call('POST', path, { ...body, expiresAt: '9999-12-31T23:59:59-05:00' });
    assert.deepEqual([refused.status, refused.body.details?.fields[0].field], [400, 'expiresAt'], path);
    assert.equal((await call('POST', path, { ...body, expiresAt: '9999-12-31T23:59:59Z' })).status, 201, path);
  }
});

// A form whose date was not filled in must not make something that lasts for ever; Pocket ID reads "" as no date, and refuses it, too.
test('an empty end is refused by name wherever an end can be given, and means neither never nor now', async (t) => {
  const w = await world(t);
  const call = await withSession(await person(w, { username: 'ann', admin: true }));
  const { token, apiKey } = (await call('POST', '/api/api-keys', { name: 'short', expiresAt: later(w.clock.now(), 60) })).body;
  assert.ok(token);
  assert.equal((await w.api('POST', '/api/oidc/clients', { id: 'app', name: 'App', callbackURLs: [] })).status, 201);
  const refused: [field: string, path: string, body: object][] = [
    ['expiresAt', '/api/api-keys', { name: 'homelab', expiresAt: '' }],
    ['expiresAt', `/api/api-keys/${apiKey.id}/renew`, { expiresAt: '' }],
    ['expiresAt', '/api/oidc/clients/app/secrets', { expiresAt: '' }],
    ['ttl', '/api/signup-tokens', { ttl: '', usageLimit: 1 }],
  ];
  for (const [field, path, body] of refused) {
    const { status, body: problem } = await call('POST', path, body);
    assert.deepEqual([status, problem.code, problem.details.fields[0].field], [400, 'validation_failed', field], path);
  }
});

test('SEC-184 SEC-185 keys are one’s own: nobody sees, renews or deletes another’s, whatever they send', async (t) => {
  const w = await world(t);
  const [ann, bea] = [await person(w, { username: 'ann' }), await person(w, { username: 'bea', admin: true })];
  const [byAnn, byBea] = [await withSession(ann), await withSession(bea)];
  const { apiKey } = (await byAnn('POST', '/api/api-keys', { name: 'mine', userId: bea.id, user_id: bea.id })).body;
  const row = await w.database.db.selectFrom('api_key').selectAll().executeTakeFirstOrThrow();
  assert.equal(row.user_id, ann.id);
  assert.deepEqual((await byBea('GET', '/api/api-keys')).body.data, []);
  for (const [method, path] of [
    ['DELETE', `/api/api-keys/${apiKey.id}`],
    ['POST', `/api/api-keys/${apiKey.id}/renew`],
  ] as const) {
    const refused = await byBea(method, path, method === 'POST' ? {} : undefined);
    assert.deepEqual([refused.status, refused.body.code], [404, 'api_key_not_found'], method);
  }
  assert.equal(
    (await w.request('/api/api-keys', { method: 'POST', body: '{"name":"key"}', headers: { 'content-type': 'application/json' } })).status,
    401,
  );
});

test('SEC-186 a key never does more than its owner, mints no keys, and cannot move its owner’s address', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const key = withKey(w, await keyOf(w, ann));
  assert.equal((await key('GET', '/api/users')).status, 403);
  for (const [method, path] of [
    ['POST', '/api/api-keys'],
    ['POST', '/api/api-keys/x/renew'],
    ['GET', '/api/webauthn/register/start'],
    ['POST', '/api/webauthn/reauthenticate'],
  ] as const) {
    const refused = await key(method, path, method === 'POST' ? { name: 'more' } : undefined);
    assert.deepEqual([refused.status, refused.body.code], [403, 'api_key_auth_not_allowed'], `${method} ${path}`);
  }
  const moved = await key('PUT', '/api/users/me', { email: 'evil@example.test' });
  assert.deepEqual([moved.status, moved.body.code], [403, 'api_key_auth_not_allowed']);
  assert.equal((await key('PUT', '/api/users/me', { firstName: 'Anna' })).status, 200);
});

test('SEC-186 a reading key is refused by every write, and a family key by the other families', async (t) => {
  const w = await world(t);
  const boss = await person(w, { username: 'boss', admin: true });
  const reads = withKey(w, await keyOf(w, boss, { scopes: ['read'] }));
  assert.equal((await reads('GET', '/api/users')).status, 200);
  assert.equal((await reads('GET', '/api/application-configuration/all')).status, 200);
  for (const [method, path] of [
    ['POST', '/api/users'],
    ['PUT', '/api/users/me'],
    ['DELETE', `/api/users/${boss.id}`],
    ['PUT', '/api/application-configuration'],
    ['DELETE', '/api/api-keys/x'],
  ] as const) {
    const refused = await reads(method, path, method === 'DELETE' ? undefined : {});
    assert.deepEqual([refused.status, refused.body.code], [403, 'api_key_scope'], `${method} ${path}`);
  }
  const groups = withKey(w, await keyOf(w, boss, { scopes: ['groups:write', 'clients:read'] }));
  assert.equal((await groups('POST', '/api/user-groups', { name: 'familia', friendlyName: 'Familia' })).status, 201);
  assert.equal((await groups('GET', '/api/oidc/clients')).status, 200);
  for (const [method, path] of [
    ['POST', '/api/oidc/clients'],
    ['GET', '/api/users'],
    ['GET', '/api/application-configuration/all'],
    ['GET', '/api/audit-logs/all'],
    ['GET', '/api/api-keys'],
  ] as const) {
    assert.equal((await groups(method, path, method === 'POST' ? { name: 'x' } : undefined)).status, 403, `${method} ${path}`);
  }
});

test('SEC-186 a key limited to people cannot widen itself through an administrator’s account', async (t) => {
  const w = await world(t);
  const boss = await person(w, { username: 'boss', admin: true });
  const ann = await person(w, { username: 'ann' });
  const key = withKey(w, await keyOf(w, boss, { scopes: ['users:write', 'groups:write'] }));
  assert.equal((await key('PUT', `/api/users/${ann.id}`, { firstName: 'Anna' })).status, 200);
  const refusals = [
    ['PUT', `/api/users/${ann.id}`, { isAdmin: true }],
    ['PUT', `/api/users/${boss.id}`, { email: 'evil@example.test' }],
    ['POST', `/api/users/${boss.id}/one-time-access-token`, { ttl: '15m' }],
    ['POST', '/api/users', { username: 'x', email: 'x@example.test', isAdmin: true }],
  ] as const;
  for (const [method, path, body] of refusals) assert.equal((await key(method, path, body)).status, 403, `${method} ${path}`);
});

test('SEC-186 a key limited to people lets nobody sign up into a group that an administrator is in', async (t) => {
  const w = await world(t);
  const boss = await person(w, { username: 'boss', admin: true, groups: ['admins'] });
  await person(w, { username: 'ann', groups: ['familia'] });
  const groups = (await w.api('GET', '/api/user-groups')).body.data as { id: string; name: string }[];
  const into = async (call: Call, name: string) => {
    const userGroupIds = [groups.find((group) => group.name === name)?.id];
    return (await call('POST', '/api/signup-tokens', { ttl: '1h', usageLimit: 1, userGroupIds })).status;
  };
  const limited = withKey(w, await keyOf(w, boss, { scopes: ['users:write'] }));
  const full = withKey(w, await keyOf(w, boss));
  assert.deepEqual([await into(limited, 'familia'), await into(limited, 'admins'), await into(full, 'admins')], [201, 403, 201]);
});

test('SEC-187 a deleted key is refused by the next call', async (t) => {
  const w = await world(t);
  const call = await withSession(await person(w, { username: 'ann' }));
  const { token, apiKey } = (await call('POST', '/api/api-keys', { name: 'key' })).body;
  assert.equal((await call('DELETE', `/api/api-keys/${apiKey.id}`)).status, 204);
  assert.equal((await withKey(w, token)('GET', '/api/users/me')).status, 401);
  assert.equal((await call('DELETE', `/api/api-keys/${apiKey.id}`)).status, 404);
  const [row] = await auditRows(w, 'API_KEY_DELETED');
  assert.deepEqual([row?.username, row?.data.name], ['ann', 'key']);
});

test('SEC-188 a key counts in its header only, and only its hash and first characters are kept', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const token = await keyOf(w, ann);
  const row = await w.database.db.selectFrom('api_key').selectAll().executeTakeFirstOrThrow();
  assert.deepEqual([row.key_hash, row.prefix, JSON.stringify(row).includes(token)], [sha256(token), token.slice(0, 4), false]);
  for (const [path, headers] of [
    [`/api/users/me?x-api-key=${token}`, {}],
    [`/api/users/me?api_key=${token}`, {}],
    ['/api/users/me', { cookie: `x-api-key=${token}` }],
    ['/api/users/me', { cookie: `__Host-access_token=${token}` }],
    ['/api/users/me', { authorization: `Bearer ${token}` }],
  ] as const) {
    assert.equal((await w.request(path, { headers })).status, 401, path);
  }
  assert.equal((await w.request('/api/users/me', { headers: { 'X-API-KEY': token } })).status, 200);
});

for (const value of [
  '',
  ' ',
  'x',
  'a'.repeat(32),
  'a'.repeat(10_000),
  'static-api-key-of-the-test-worl',
  'static-api-key-of-the-test-world2',
]) {
  test(`SEC-043 a key like ${JSON.stringify(value.slice(0, 40))} (${value.length}) is refused`, async (t) => {
    const w = await world(t);
    const refused = await withKey(w, value)('GET', '/api/users/me');
    assert.deepEqual([refused.status, refused.body.code], [401, 'invalid_api_key']);
    const line = w.log.lines.find((l) => l.message.includes('unauthorized'));
    assert.deepEqual([line?.fields.reason, typeof line?.fields.request_id], ['invalid_api_key', 'string']);
  });
}

test('without any credential the answer is that nobody is signed in', async (t) => {
  const { request } = await world(t);
  const refused = await request('/api/users/me');
  const { request_id, ...body } = await refused.json();
  assert.deepEqual([refused.status, body, typeof request_id], [401, { error: 'You are not signed in', code: 'not_signed_in' }, 'string']);
});

test('the last use is written at most once a minute, and no call waits for it', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const key = withKey(w, await keyOf(w, ann));
  const writes = () => w.statements.filter((sql) => /update "api_key"/.test(sql)).length;
  const lastUse = async () => (await w.database.db.selectFrom('api_key').select('last_used_at').executeTakeFirstOrThrow()).last_used_at;
  /** No call waits for it, so its time is not known: fails by the runner's limit when it never comes. */
  const used = async (at: number) => {
    while ((await lastUse()) !== at) await new Promise(setImmediate);
  };
  for (let i = 0; i < 5; i++) await key('GET', '/api/users/me');
  assert.equal(writes(), 1);
  const first = w.clock.now();
  await used(first);
  w.clock.advance(59);
  await key('GET', '/api/users/me');
  assert.deepEqual([writes(), await lastUse()], [1, first]);
  w.clock.advance(1);
  await key('GET', '/api/users/me');
  assert.equal(writes(), 2);
  await used(first + 60);
});

test('the first ten requests on an empty database, in parallel, all find the user behind the static key', async (t) => {
  const { api } = await world(t);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => api('POST', '/api/user-groups', { name: `group${i}`, friendlyName: `Group ${i}` })),
  );
  assert.deepEqual(
    answers.map((answer) => answer.status),
    Array(10).fill(201),
  );
});

test('several programs that start at once on one database make one user for the static key; one without it removes that user', async (t) => {
  const w = await world(t);
  await Promise.all([1, 2, 3].map(() => w.app.services.apiKeys.prepareStaticUser()));
  const rows = () => w.database.db.selectFrom('user').select('id').where('is_static', '=', 1).execute();
  assert.deepEqual(
    (await rows()).map((row) => row.id),
    [STATIC_USER_ID],
  );
  const without = await world(t, { staticApiKey: undefined });
  assert.equal((await without.api('GET', '/api/users/me', undefined, { 'x-api-key': 'static-api-key-of-the-test-world' })).status, 401);
  assert.equal((await without.database.db.selectFrom('user').selectAll().execute()).length, 0);
});

test('the static key works on a server that has it, also once another server of the same database has started without it', async (t) => {
  const w = await world(t);
  await apiKeysWithout(w).prepareStaticUser();
  const answers = await Promise.all([1, 2, 3].map(() => w.api('GET', '/api/users/me')));
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.id, body.isAdmin]),
    Array(3).fill([200, STATIC_USER_ID, true]),
  );
});

test('a static key may have letters beyond ASCII, which a client sends as UTF-8', async (t) => {
  const key = 'ключ-от-дома-für-später';
  const w = await world(t, { staticApiKey: key });
  const sent = Buffer.from(key).toString('latin1');
  assert.equal((await withKey(w, sent)('GET', '/api/users/me')).body.id, STATIC_USER_ID);
  assert.equal((await withKey(w, `${sent}x`)('GET', '/api/users/me')).status, 401);
});

test('every family of scopes has its paths, and every path its family', () => {
  const families = KEY_SCOPES.filter((scope) => scope.includes(':')).map((scope) => scope.split(':')[0]);
  assert.deepEqual([...new Set(families)].sort(), Object.keys(KEY_FAMILIES).sort());
});
