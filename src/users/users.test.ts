import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditRows, keyOf, personWithRole, withKey, withSession } from '../testing/administration.ts';
import { person } from '../testing/people.ts';
import { world } from '../testing/world.ts';

const milton = { username: 'milton', email: 'milton@example.org', firstName: 'Milton', lastName: 'M', displayName: 'Milton M' };
const USER_FIELDS = [
  'id',
  'username',
  'email',
  'emailVerified',
  'firstName',
  'lastName',
  'displayName',
  'isAdmin',
  'locale',
  'customClaims',
  'userGroups',
  'ldapId',
  'disabled',
  'role',
];

test('a created user is answered with every field, and read back the same', async (t) => {
  const { api } = await world(t);
  const created = await api('POST', '/api/users', { ...milton, locale: 'en', emailVerified: true, disabled: false, isAdmin: false });
  assert.equal(created.status, 201);
  assert.deepEqual(Object.keys(created.body), USER_FIELDS);
  const { id, ...rest } = created.body;
  assert.match(id, /^[0-9a-f-]{36}$/);
  const plain = {
    emailVerified: true,
    isAdmin: false,
    locale: 'en',
    customClaims: [],
    userGroups: [],
    ldapId: null,
    disabled: false,
    role: '',
  };
  assert.deepEqual(rest, { ...milton, ...plain });
  assert.deepEqual((await api('GET', `/api/users/${id}`)).body, created.body);
});

test('an id may be chosen at creation; it is taken once', async (t) => {
  const { api } = await world(t);
  const id = '7b1f3a0e-3c55-4c0c-9f1e-52f0f0a6a2b1';
  assert.equal((await api('POST', '/api/users', { ...milton, id })).body.id, id);
  const again = await api('POST', '/api/users', { id, username: 'other', email: 'other@example.org' });
  assert.deepEqual([again.status, again.body.error], [409, 'Id is already in use']);
  assert.equal((await api('POST', '/api/users', { ...milton, id: 'not-a-uuid' })).status, 400);
  const plain = '11111111-1111-1111-1111-111111111111';
  const numbered = await api('POST', '/api/users', { username: 'numbered', email: 'numbered@example.org', id: plain });
  assert.deepEqual([numbered.status, numbered.body.id], [201, plain], 'a UUID of any version and variant');
});

test('the id of the user behind the static key cannot be taken', async (t) => {
  const { api } = await world(t, { staticApiKey: 'static-api-key-of-the-test-world' });
  const taken = await api('POST', '/api/users', { ...milton, id: '00000000-0000-0000-0000-000000000000' });
  assert.deepEqual([taken.status, taken.body.details.fields[0].field], [400, 'id']);
});

test('an empty string means none for e-mail and locale', async (t) => {
  const { api } = await world(t);
  await api('PUT', '/api/application-configuration', { requireUserEmail: 'false' });
  const created = await api('POST', '/api/users', { username: 'milton', email: '', locale: '' });
  assert.deepEqual([created.status, created.body.email, created.body.locale], [201, null, null]);
  const { id } = created.body;
  await api('PUT', `/api/users/${id}`, { email: 'milton@example.org', locale: 'de' });
  const cleared = await api('PUT', `/api/users/${id}`, { email: '', locale: '' });
  assert.deepEqual([cleared.body.email, cleared.body.locale], [null, null]);
});

test('an e-mail address is required while the configuration says so', async (t) => {
  const { api } = await world(t);
  for (const email of ['', null, undefined]) {
    const refused = await api('POST', '/api/users', { username: 'milton', email });
    assert.deepEqual([refused.status, refused.body.error, refused.body.code], [400, 'Email is required', 'validation_failed']);
    assert.deepEqual(refused.body.details.fields, [{ field: 'email', code: 'required', message: 'Email is required' }]);
  }
  const { id } = (await api('POST', '/api/users', milton)).body;
  assert.equal((await api('PUT', `/api/users/${id}`, { email: '' })).status, 400);
  assert.equal((await api('GET', `/api/users/${id}`)).body.email, milton.email);
});

test('an update keeps the fields it does not name', async (t) => {
  const { api } = await world(t);
  const full = { ...milton, locale: 'de', emailVerified: true, isAdmin: true, disabled: false };
  const { id } = (await api('POST', '/api/users', full)).body;
  const updated = await api('PUT', `/api/users/${id}`, { username: 'milton', firstName: 'Mil' });
  assert.deepEqual([updated.status, updated.body.firstName], [200, 'Mil']);
  const { lastName, displayName, email, locale, emailVerified, isAdmin } = updated.body;
  assert.deepEqual({ lastName, displayName, email, locale, emailVerified, isAdmin }, { ...pick(full), isAdmin: true });
  const emptied = await api('PUT', `/api/users/${id}`, { lastName: '' });
  assert.equal(emptied.body.lastName, '', 'an empty name is a value, not an absent one');
});
const pick = ({ lastName, displayName, email, locale, emailVerified }: Record<string, unknown>) => ({
  lastName,
  displayName,
  email,
  locale,
  emailVerified,
});

test('a request that changes nothing leaves no audit row', async (t) => {
  const w = await world(t);
  const { id } = (await w.api('POST', '/api/users', milton)).body;
  await w.api('PUT', `/api/users/${id}`, milton);
  assert.equal((await auditRows(w, 'USER_UPDATED')).length, 0);
  await w.api('PUT', `/api/users/${id}`, { ...milton, firstName: 'Mil' });
  const [row] = await auditRows(w, 'USER_UPDATED');
  assert.deepEqual([row?.user_id, row?.username], [id, 'milton']);
  assert.deepEqual([JSON.parse(row!.data.before!), JSON.parse(row!.data.after!)], [{ firstName: 'Milton' }, { firstName: 'Mil' }]);
  assert.match(row!.actor_username!, /^static-api-user-/);
  assert.equal(row!.data.apiKeyId, 'static');
});

test('names are counted in characters after NFC, and refused when longer', async (t) => {
  const { api } = await world(t);
  const fits = await api('POST', '/api/users', { ...milton, firstName: 'e\u0301'.repeat(50) });
  assert.deepEqual([fits.status, fits.body.firstName], [201, 'é'.repeat(50)]);
  const long = await api('POST', '/api/users', {
    ...milton,
    username: 'x'.repeat(51),
    firstName: 'é'.repeat(51),
    displayName: 'x'.repeat(101),
  });
  assert.equal(long.status, 400);
  assert.deepEqual(
    long.body.details.fields.map((field: { field: string; code: string }) => [field.field, field.code]),
    [
      ['username', 'too_long'],
      ['firstName', 'too_long'],
      ['displayName', 'too_long'],
    ],
  );
});

/** Spaces of several scripts, and letters that are drawn as nothing. */
const BLANK = [' ', '\u3000\u00a0', '\u200d', '\u3164'];
test('a name of a person may be empty, but one of blanks is none, whoever gives it', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const { id } = (await w.api('POST', '/api/users', { ...milton, firstName: '', lastName: '', displayName: '' })).body;
  const call = await withSession(ann);
  for (const field of ['firstName', 'lastName', 'displayName']) {
    for (const blank of BLANK) {
      const answers = await Promise.all([
        w.api('POST', '/api/users', { username: 'blank', [field]: blank }),
        w.api('PUT', `/api/users/${id}`, { [field]: blank }),
        call('PUT', '/api/users/me', { [field]: blank }),
      ]);
      for (const { status, body } of answers)
        assert.deepEqual(
          [status, body.details?.fields.map((one: { field: string; code: string }) => [one.field, one.code])],
          [400, [[field, 'invalid_format']]],
          `${field} ${JSON.stringify(blank)}`,
        );
    }
  }
  const empty = await w.api('PUT', `/api/users/${id}`, { firstName: '', lastName: ' d’Arc ', displayName: '' });
  assert.deepEqual([empty.status, empty.body.firstName, empty.body.lastName], [200, '', ' d’Arc ']);
});

for (const username of [
  '',
  ' ',
  '-milton',
  'milton-',
  'mil ton',
  'mil/ton',
  'mil\nton',
  'мilton',
  'mil\u200bton',
  'ｍilton',
  7,
  null,
  ['milton'],
  {},
]) {
  test(`a username like ${JSON.stringify(username)} is refused`, async (t) => {
    const { api } = await world(t);
    const refused = await api('POST', '/api/users', { ...milton, username });
    assert.deepEqual([refused.status, refused.body.code], [400, 'validation_failed']);
  });
}

test('SEC-130 an e-mail address or name that could split a header or name two recipients is refused', async (t) => {
  const { api } = await world(t);
  const addresses = [
    'a@b.test\r\nBcc: x@evil.test',
    'a@b.test, x@evil.test',
    '"a@b"@evil.test',
    'a(comment)@b.test',
    'a@b.test\u0000',
    `${'a'.repeat(250)}@b.test`,
    'Name <a@b.test>',
    'a@b',
    'a@@b.test',
    '.a@b.test',
    'a..b@b.test',
    'a@-b.test',
    'a@b.test ',
    'ａ@b.test',
    'a\u200b@b.test',
    'a@b\u202e.test',
  ];
  for (const email of addresses) assert.equal((await api('POST', '/api/users', { ...milton, email })).status, 400, JSON.stringify(email));
  for (const displayName of ['a\r\nb', 'a\u0000b', 'a\u202eb', 'a\u2028b', '\ud800']) {
    assert.equal((await api('POST', '/api/users', { ...milton, displayName })).status, 400, JSON.stringify(displayName));
  }
  assert.equal((await api('GET', '/api/users')).body.pagination.totalItems, 0);
});

test('SEC-132 twins of a username or address in another case or form are one account', async (t) => {
  const { api } = await world(t);
  assert.equal((await api('POST', '/api/users', { username: 'mike', email: 'Kim@example.org' })).status, 201);
  const taken = await api('POST', '/api/users', { username: 'MIKE', email: 'x@example.org' });
  assert.deepEqual([taken.status, taken.body.code, taken.body.error], [409, 'already_in_use', 'Username is already in use']);
  assert.deepEqual(taken.body.details, { property: 'username' });
  for (const email of ['kim@example.org', 'KIM@EXAMPLE.ORG', '\u212aim@example.org']) {
    const refused = await api('POST', '/api/users', { username: 'other', email });
    assert.deepEqual([refused.status, refused.body.error], [409, 'Email is already in use'], JSON.stringify(email));
  }
  const { id } = (await api('POST', '/api/users', { username: 'other', email: 'other@example.org' })).body;
  assert.equal((await api('PUT', `/api/users/${id}`, { username: 'Mike' })).status, 409);
  assert.equal((await api('PUT', `/api/users/${id}`, { email: 'KIM@example.org' })).status, 409);
  assert.equal(
    (await api('PUT', `/api/users/${id}`, { username: 'OTHER', email: 'Other@example.org' })).status,
    200,
    'one’s own twin is free',
  );
});

test('SEC-129 markup and template text in names is kept as the text it is', async (t) => {
  const { api } = await world(t);
  for (const displayName of ['<a href=//evil>click</a>', '<img src=x>', '{{7*7}}', '$' + '{x}']) {
    const created = await api('POST', '/api/users', {
      username: `u${displayName.length}`,
      email: `u${displayName.length}@example.org`,
      displayName,
    });
    assert.equal(created.body.displayName, displayName);
  }
});

test('fifty parallel creations of one username make one user, and the others are told that it is taken', async (t) => {
  const { api } = await world(t);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => api('POST', '/api/users', { ...milton, email: `m${i}@example.org` })),
  );
  assert.deepEqual([answers.filter((a) => a.status === 201).length, answers.filter((a) => a.status === 409).length], [1, 49]);
});

test('lists have pages that are clamped, in a stable order', async (t) => {
  const { api, clock } = await world(t);
  for (let i = 0; i < 25; i++) {
    clock.advance(1);
    await api('POST', '/api/users', { username: `user${i}`, email: `user${i}@example.org` });
  }
  const names = async (query: string) => (await api('GET', `/api/users?${query}`)).body;
  const first = await names('');
  assert.deepEqual(first.pagination, { totalPages: 2, totalItems: 25, currentPage: 1, itemsPerPage: 20 });
  assert.deepEqual(
    first.data.slice(0, 2).map((u: { username: string }) => u.username),
    ['user0', 'user1'],
  );
  for (const query of ['pagination[page]=2&pagination[limit]=10', 'page=2&limit=10']) {
    const page = await names(query);
    assert.deepEqual(page.pagination, { totalPages: 3, totalItems: 25, currentPage: 2, itemsPerPage: 10 });
    assert.equal(page.data[0].username, 'user10');
  }
  assert.equal((await names('page=99')).pagination.currentPage, 2, 'beyond the end is the last page');
  assert.equal((await names('page=-3')).pagination.currentPage, 1);
  assert.equal((await names('limit=0')).pagination.itemsPerPage, 20);
  assert.equal((await names('limit=1000')).pagination.itemsPerPage, 100);
  const far = (await names('page=9999999999&limit=1000000000')).pagination;
  assert.deepEqual([far.currentPage, far.itemsPerPage], [1, 100], 'a number is clamped, however large');
  assert.deepEqual((await names('page=x&limit=3')).pagination, first.pagination, 'a page that is no number sets all options back');
  const twice = await names('page=2&page=1&limit=10&limit=5&search=user&search=nobody&sort[column]=username&sort[column]=email');
  assert.deepEqual(twice.pagination, { totalPages: 3, totalItems: 25, currentPage: 2, itemsPerPage: 10 }, 'of two the first counts');
  const nul = await api('GET', '/api/users?search=%00');
  assert.deepEqual([nul.status, nul.body.details.fields[0].field], [400, 'search'], 'on both databases');
  const filtered = await api('GET', '/api/audit-logs/all?filters[event]=%00');
  assert.deepEqual([filtered.status, filtered.body.details?.fields[0].field], [400, 'filters[event]'], 'and so is a filter');
  assert.deepEqual((await names('search=nobody')).pagination, { totalPages: 1, totalItems: 0, currentPage: 1, itemsPerPage: 20 });
});

test('lists sort, filter and search over the columns that are meant', async (t) => {
  const { api, clock } = await world(t);
  const people = [
    { username: 'anna', email: 'zoe@example.org', firstName: 'Ånna', isAdmin: true },
    { username: 'Berta', email: 'b@example.org', lastName: 'Müller', emailVerified: true },
    { username: 'carl', email: 'c@example.org', displayName: '50%_off', disabled: true },
  ];
  for (const one of people) {
    clock.advance(1);
    await api('POST', '/api/users', one);
  }
  const found = async (query: string) => (await api('GET', `/api/users?${query}`)).body.data.map((u: { username: string }) => u.username);
  assert.deepEqual(await found('sort[column]=username&sort[direction]=desc'), ['carl', 'Berta', 'anna'], 'case does not split the order');
  assert.deepEqual(await found('sort[column]=email'), ['Berta', 'carl', 'anna']);
  assert.deepEqual(await found('sort[column]=createdAt&sort[direction]=DESC'), ['carl', 'Berta', 'anna']);
  for (const column of ['emailVerified', 'firstName', 'lastName', 'displayName', 'isAdmin', 'disabled']) {
    assert.equal((await found(`sort[column]=${column}`)).length, 3, column);
  }
  assert.deepEqual(await found('filters[isAdmin]=true'), ['anna']);
  assert.deepEqual(await found('filters[emailVerified]=true&filters[disabled]=false'), ['Berta']);
  assert.deepEqual(await found('filters[disabled][0]=true&filters[disabled][1]=false'), ['anna', 'Berta', 'carl']);
  assert.deepEqual(await found('search=ÅNNA'), ['anna'], 'letters beyond ASCII are found in any case');
  assert.deepEqual(await found('search=müller'), ['Berta']);
  assert.deepEqual(await found('search=EXAMPLE.ORG'), ['anna', 'Berta', 'carl']);
  assert.deepEqual(await found(`search=${encodeURIComponent('50%_off')}`), ['carl']);
  assert.deepEqual(await found(`search=${encodeURIComponent('%')}`), ['carl'], 'wildcards are text');
  assert.deepEqual(await found(`search=${encodeURIComponent("' OR 1=1 --")}`), []);
  assert.deepEqual(await found(`search=${encodeURIComponent('\\')}`), []);
});

test('SEC-190 a sort or filter by anything else changes nothing', async (t) => {
  const { api } = await world(t);
  await api('POST', '/api/users', { username: 'zoe', email: 'a@example.org' });
  await api('POST', '/api/users', { username: 'anna', email: 'z@example.org' });
  const plain = (await api('GET', '/api/users')).body.data;
  for (const column of ['username_key', 'ldap_id', 'search_key', 'id;drop table user', '1', '__proto__', 'constructor', 'toString']) {
    const sorted = await api('GET', `/api/users?sort[column]=${encodeURIComponent(column)}&sort[direction]=desc`);
    assert.deepEqual([sorted.status, sorted.body.data], [200, plain], column);
    const filtered = await api('GET', `/api/users?filters[${encodeURIComponent(column)}]=1`);
    assert.deepEqual([filtered.status, filtered.body.data], [200, plain], column);
  }
  assert.equal((await api('GET', '/api/users?sort[direction]=sideways&sort[column]=username')).body.data[0].username, 'anna');
});

test('the user behind the static key is in no list and cannot be touched, but can ask who it is', async (t) => {
  const { api } = await world(t);
  const { body: me } = await api('GET', '/api/users/me');
  assert.deepEqual([me.id, me.isAdmin], ['00000000-0000-0000-0000-000000000000', true]);
  assert.match(me.username, /^static-api-user-[A-Za-z0-9]{6}$/);
  assert.equal((await api('GET', '/api/users')).body.pagination.totalItems, 0);
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const answer = await api(method, `/api/users/${me.id}`, method === 'PUT' ? { disabled: true } : undefined);
    assert.deepEqual([answer.status, answer.body.code], [404, 'user_not_found'], method);
  }
});

test('somebody who is not there is not found, by every method', async (t) => {
  const { api } = await world(t);
  const nobody = '/api/users/0b7d9df2-1111-4222-8333-944444444444';
  const calls = [
    ['GET', nobody],
    ['PUT', nobody, { firstName: 'x' }],
    ['DELETE', nobody],
    ['PUT', `${nobody}/user-groups`, { userGroupIds: [] }],
    ['GET', `${nobody}/groups`],
    ['PUT', '/api/custom-claims/user/0b7d9df2-1111-4222-8333-944444444444', []],
  ] as const;
  for (const [method, path, body] of calls) {
    const answer = await api(method, path, body);
    assert.deepEqual([answer.status, answer.body.code], [404, 'user_not_found'], `${method} ${path}`);
  }
});

test('a deleted user takes everything along, and a new one of the same name is somebody else', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', groups: ['familia'] });
  await ann.signIn();
  const key = withKey(w, await keyOf(w, ann));
  assert.equal((await key('GET', '/api/users/me')).status, 200);
  assert.equal((await ann.request('/api/webauthn/register/start')).status, 200);
  await w.api('POST', `/api/users/${ann.id}/one-time-access-token`, {});
  await w.api('PUT', `/api/custom-claims/user/${ann.id}`, [{ key: 'a', value: '1' }]);
  const begun = ['session', 'passkey', 'api_key', 'user_group_member', 'custom_claim', 'one_time_code', 'webauthn_challenge'] as const;
  const rows = async (table: (typeof begun)[number] | 'oauth_grant') =>
    (await w.database.db.selectFrom(table).select('user_id').where('user_id', '=', ann.id).execute()).length;
  for (const table of begun) assert.ok((await rows(table)) > 0, table);
  assert.equal((await w.api('DELETE', `/api/users/${ann.id}`)).status, 204);
  assert.equal((await key('GET', '/api/users/me')).status, 401);
  assert.equal((await ann.request('/api/users/me')).status, 401);
  for (const table of [...begun, 'oauth_grant'] as const) assert.equal(await rows(table), 0, table);
  // SEC-066: nothing of the old account attaches to a new one of the same name.
  const again = await w.api('POST', '/api/users', { username: 'ann', email: 'ann@example.test' });
  assert.notEqual(again.body.id, ann.id);
  assert.deepEqual([again.body.userGroups, (await ann.request('/api/users/me')).status], [[], 401]);
  const [row] = await auditRows(w, 'USER_DELETED');
  assert.equal(JSON.parse(row!.data.before!).username, 'ann');
});

test('disabling somebody ends their sessions, keys, codes and grants at once, and enabling revives none but the keys', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  const key = withKey(w, await keyOf(w, ann));
  await w.api('POST', `/api/users/${ann.id}/one-time-access-token`, { ttl: '15m' });
  assert.equal((await w.api('PUT', `/api/users/${ann.id}`, { disabled: true })).body.disabled, true);
  const refused = await key('GET', '/api/users/me');
  assert.deepEqual([refused.status, refused.body.code], [401, 'invalid_api_key']);
  const session = await ann.request('/api/users/me');
  assert.deepEqual([session.status, (await session.json()).code], [403, 'user_disabled'], 'their browser is told why');
  assert.deepEqual((await w.api('GET', `/api/users/${ann.id}/sessions`)).body, []);
  assert.equal((await w.database.db.selectFrom('one_time_code').selectAll().execute()).length, 0);
  await w.api('PUT', `/api/users/${ann.id}`, { disabled: false });
  assert.deepEqual([(await ann.request('/api/users/me')).status, (await key('GET', '/api/users/me')).status], [401, 200]);
});

test('SEC-062 a demoted administrator loses their rights with the next call, by session and by key', async (t) => {
  const w = await world(t);
  const eve = await person(w, { username: 'eve', admin: true });
  const [session, key] = [await withSession(eve), withKey(w, await keyOf(w, eve))];
  assert.deepEqual([(await session('GET', '/api/users')).status, (await key('GET', '/api/users')).status], [200, 200]);
  assert.equal((await w.api('PUT', `/api/users/${eve.id}`, { isAdmin: false })).status, 200);
  assert.deepEqual([(await session('GET', '/api/users')).status, (await key('GET', '/api/users')).status], [403, 403]);
});

test('the last administrator can be neither demoted nor disabled nor deleted', async (t) => {
  const w = await world(t, { staticApiKey: undefined });
  const holo = await person(w, { username: 'holo', admin: true });
  const call = await withSession(holo);
  const attempts = [
    ['PUT', { isAdmin: false }],
    ['PUT', { disabled: true }],
    ['DELETE', undefined],
  ] as const;
  for (const [method, body] of attempts) {
    const refused = await call(method, `/api/users/${holo.id}`, body);
    assert.deepEqual([refused.status, refused.body.code], [409, 'last_administrator'], method);
  }
  const other = await person(w, { username: 'other', admin: true });
  assert.equal((await call('DELETE', `/api/users/${other.id}`)).status, 204);
});

test('the static key is no administrator whom people could leave alone: only who acts with it takes away the last person’s rights', async (t) => {
  const w = await world(t);
  const holo = await person(w, { username: 'holo', admin: true });
  assert.equal((await w.api('GET', '/api/users')).status, 200);
  const call = await withSession(holo);
  for (const [method, body] of [['PUT', { isAdmin: false }], ['PUT', { disabled: true }], ['DELETE']] as const) {
    const refused = await call(method, `/api/users/${holo.id}`, body);
    assert.deepEqual([refused.status, refused.body?.code], [409, 'last_administrator'], method);
  }
  assert.equal((await w.api('PUT', `/api/users/${holo.id}`, { isAdmin: false })).status, 200);
  assert.equal((await w.api('DELETE', `/api/users/${holo.id}`)).status, 204);
});

test('of two administrators who demote each other at the same time, one stays', async (t) => {
  const w = await world(t, { staticApiKey: undefined });
  const [ann, bea] = [await person(w, { username: 'ann', admin: true }), await person(w, { username: 'bea', admin: true })];
  const [byAnn, byBea] = [await withSession(ann), await withSession(bea)];
  await Promise.all([byAnn('PUT', `/api/users/${bea.id}`, { isAdmin: false }), byBea('PUT', `/api/users/${ann.id}`, { isAdmin: false })]);
  const left = await w.database.db.selectFrom('user').select('id').where('is_admin', '=', 1).execute();
  assert.equal(left.length, 1);
});

test('people change their own data, but not their standing', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const call = await withSession(ann);
  const changed = await call('PUT', '/api/users/me', { firstName: 'Anna', locale: 'es' });
  assert.deepEqual([changed.status, changed.body.firstName, changed.body.lastName, changed.body.locale], [200, 'Anna', 'Example', 'es']);
  // SEC-134: mass assignment of what only administrators decide.
  const greedy = await call('PUT', '/api/users/me', {
    isAdmin: true,
    disabled: true,
    emailVerified: true,
    role: 'auditor',
    userGroupIds: ['x'],
    ldapId: 'x',
  });
  const { isAdmin, disabled, role, userGroups, ldapId } = greedy.body;
  assert.deepEqual([greedy.status, isAdmin, disabled, role, userGroups, ldapId], [200, false, false, '', [], null]);
  const [row] = await auditRows(w, 'USER_UPDATED');
  assert.deepEqual([row?.username, row?.actor_username], ['ann', null]);
});

test('SEC-082 SEC-134 a changed address is not a verified one, whoever changes it and whatever they send', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const call = await withSession(ann);
  const own = await call('PUT', '/api/users/me', { email: 'new@example.test', emailVerified: true });
  assert.deepEqual([own.body.email, own.body.emailVerified], ['new@example.test', false]);
  await w.api('PUT', `/api/users/${ann.id}`, { emailVerified: true });
  const byAdmin = await w.api('PUT', `/api/users/${ann.id}`, { email: 'newer@example.test' });
  assert.equal(byAdmin.body.emailVerified, false);
  const said = await w.api('PUT', `/api/users/${ann.id}`, { email: 'newest@example.test', emailVerified: true });
  assert.equal(said.body.emailVerified, true, 'an administrator may say that they know');
  assert.equal(
    (await w.api('PUT', `/api/users/${ann.id}`, { email: 'Newest@example.test' })).body.emailVerified,
    true,
    'another case is the same address',
  );
});

test('an address change ends the one-time codes that were sent to the old one', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await w.api('POST', `/api/users/${ann.id}/one-time-access-token`, { ttl: '15m' });
  await w.api('PUT', `/api/users/${ann.id}`, { email: 'new@example.test' });
  assert.equal((await w.database.db.selectFrom('one_time_code').selectAll().execute()).length, 0);
});

test('with own editing off, only the language can be changed', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const call = await withSession(ann);
  await w.api('PUT', '/api/application-configuration', { allowOwnAccountEdit: 'false' });
  const changed = await call('PUT', '/api/users/me', { firstName: 'Other', locale: 'es' });
  assert.deepEqual([changed.body.firstName, changed.body.locale], ['Ann', 'es']);
});

test('somebody who comes from a directory keeps what it says, while it is in use', async (t) => {
  const w = await world(t);
  const { id } = (await w.api('POST', '/api/users', milton)).body;
  await w.database.db.updateTable('user').set({ ldap_id: 'uid=milton' }).where('id', '=', id).execute();
  await w.api('PUT', '/api/application-configuration', { ldapEnabled: 'true' });
  const updated = await w.api('PUT', `/api/users/${id}`, { firstName: 'Other', locale: 'es' });
  assert.deepEqual([updated.status, updated.body.firstName, updated.body.locale, updated.body.ldapId], [200, 'Milton', 'es', 'uid=milton']);
  const refused = await w.api('DELETE', `/api/users/${id}`);
  assert.deepEqual([refused.status, refused.body.code], [403, 'ldap_user_update']);
  await w.database.db.updateTable('user').set({ disabled: 1 }).where('id', '=', id).execute();
  assert.equal((await w.api('DELETE', `/api/users/${id}`)).status, 204);
});

test('new users get the groups and claims of the configuration, or the groups they are created with', async (t) => {
  const { api } = await world(t);
  const group = (await api('POST', '/api/user-groups', { name: 'familia', friendlyName: 'Familia' })).body;
  const other = (await api('POST', '/api/user-groups', { name: 'other', friendlyName: 'Other' })).body;
  const claims = [{ key: 'department', value: 'home' }];
  const gone = '0b7d9df2-1111-4222-8333-944444444444';
  await api('PUT', '/api/application-configuration', {
    signupDefaultUserGroupIDs: JSON.stringify([group.id, gone]),
    signupDefaultCustomClaims: JSON.stringify(claims),
  });
  const byDefault = (await api('POST', '/api/users', milton)).body;
  assert.deepEqual([byDefault.userGroups.map((g: { id: string }) => g.id), byDefault.customClaims], [[group.id], claims]);
  const chosen = (await api('POST', '/api/users', { username: 'b', email: 'b@example.org', userGroupIds: [other.id] })).body;
  assert.deepEqual([chosen.userGroups.map((g: { id: string }) => g.id), chosen.customClaims], [[other.id], claims]);
  const none = (await api('POST', '/api/users', { username: 'c', email: 'c@example.org', userGroupIds: [] })).body;
  assert.deepEqual(none.userGroups, []);
  const unknown = await api('POST', '/api/users', { username: 'd', email: 'd@example.org', userGroupIds: [gone] });
  assert.deepEqual([unknown.status, unknown.body.error], [404, 'User group not found']);
  assert.equal((await api('GET', '/api/users?search=d@example.org')).body.pagination.totalItems, 0, 'nothing is half done');
});

test('the groups of a user are replaced as a whole', async (t) => {
  const w = await world(t);
  const { id } = (await w.api('POST', '/api/users', milton)).body;
  const [a, b] = await Promise.all(
    ['aa', 'bb'].map(async (name) => (await w.api('POST', '/api/user-groups', { name, friendlyName: name })).body.id),
  );
  const both = await w.api('PUT', `/api/users/${id}/user-groups`, { userGroupIds: [a, b, b] });
  assert.deepEqual([both.status, both.body.userGroups.length], [200, 2]);
  assert.deepEqual((await w.api('GET', `/api/users/${id}/groups`)).body.map((g: { id: string }) => g.id).sort(), [a, b].sort());
  w.clock.advance(1);
  const one = await w.api('PUT', `/api/users/${id}/user-groups`, { userGroupIds: [b] });
  assert.deepEqual(
    one.body.userGroups.map((g: { id: string; userCount: number }) => [g.id, g.userCount]),
    [[b, 1]],
  );
  const refused = await w.api('PUT', `/api/users/${id}/user-groups`, { userGroupIds: ['gone'] });
  assert.equal(refused.status, 404);
  assert.equal((await w.api('PUT', `/api/users/${id}/user-groups`, {})).status, 400);
  assert.deepEqual((await w.api('GET', `/api/users/${id}`)).body.userGroups.length, 1);
  const rows = await auditRows(w, 'USER_GROUPS_UPDATED');
  assert.deepEqual(
    rows.map((row) => [row.data.added, row.data.removed]),
    [
      ['["aa","bb"]', '[]'],
      ['[]', '["aa"]'],
    ],
  );
});

test('a user manager manages people, but neither administrators nor the way to become one', async (t) => {
  const w = await world(t);
  const manager = await personWithRole(w, 'manager', 'user_manager');
  const [boss, ann] = [
    await person(w, { username: 'boss', admin: true, groups: ['admins'] }),
    await person(w, { username: 'ann', groups: ['familia'] }),
  ];
  const call = await withSession(manager);
  assert.equal((await call('GET', '/api/users')).status, 200);
  assert.equal((await call('POST', '/api/users', milton)).status, 201);
  assert.equal((await call('PUT', `/api/users/${ann.id}`, { firstName: 'Anna' })).status, 200);
  const refusals = [
    ['POST', '/api/users', { username: 'x', email: 'x@example.org', isAdmin: true }],
    ['POST', '/api/users', { username: 'x', email: 'x@example.org', role: 'auditor' }],
    ['PUT', `/api/users/${ann.id}`, { isAdmin: true }],
    ['PUT', `/api/users/${ann.id}`, { role: 'user_manager' }],
    ['PUT', `/api/users/${boss.id}`, { firstName: 'x' }],
    ['PUT', `/api/users/${boss.id}`, { email: 'mine@example.org' }],
    ['DELETE', `/api/users/${boss.id}`],
    ['PUT', `/api/users/${manager.id}`, { isAdmin: true }],
    ['PUT', `/api/users/${boss.id}/user-groups`, { userGroupIds: [] }],
    ['PUT', `/api/custom-claims/user/${boss.id}`, []],
    ['POST', `/api/users/${boss.id}/one-time-access-token`, { ttl: '15m' }],
    ['GET', '/api/oidc/clients'],
    ['GET', '/api/application-configuration/all'],
  ] as const;
  for (const [method, path, body] of refusals) {
    const refused = await call(method, path, body);
    assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden'], `${method} ${path} ${JSON.stringify(body)}`);
  }
  // A group with an administrator in it opens what administrators use.
  const groups = (await call('GET', '/api/user-groups')).body.data as { id: string; name: string }[];
  const idOf = (name: string) => groups.find((group) => group.name === name)?.id;
  assert.equal((await call('PUT', `/api/users/${ann.id}/user-groups`, { userGroupIds: [idOf('admins')] })).status, 403);
  assert.equal((await call('PUT', `/api/user-groups/${idOf('admins')}/users`, { userIds: [boss.id, ann.id] })).status, 403);
  assert.equal((await call('PUT', `/api/user-groups/${idOf('familia')}/users`, { userIds: [ann.id, boss.id] })).status, 403);
  assert.equal((await call('DELETE', `/api/user-groups/${idOf('admins')}`)).status, 403);
  assert.equal((await call('PUT', `/api/user-groups/${idOf('familia')}/users`, { userIds: [] })).status, 200);
});

test('the groups of the configuration are given to whom a user manager makes, also when an administrator is in them', async (t) => {
  const w = await world(t);
  const call = await withSession(await personWithRole(w, 'manager', 'user_manager'));
  await person(w, { username: 'boss', admin: true, groups: ['everybody'] });
  const { id } = (await w.api('GET', '/api/user-groups')).body.data[0];
  await w.api('PUT', '/api/application-configuration', { signupDefaultUserGroupIDs: JSON.stringify([id]) });
  const made = await call('POST', '/api/users', milton);
  assert.deepEqual([made.status, made.body.userGroups?.map((g: { id: string }) => g.id)], [201, [id]]);
  // What nobody but an administrator may choose is still not the manager's to choose.
  const chosen = await call('POST', '/api/users', { username: 'x', email: 'x@example.org', userGroupIds: [id] });
  assert.deepEqual([chosen.status, chosen.body.code], [403, 'forbidden']);
  const moved = await call('PUT', `/api/users/${made.body.id}/user-groups`, { userGroupIds: [] });
  assert.deepEqual([moved.status, moved.body.code], [403, 'forbidden']);
});

test('an auditor reads everything and changes nothing', async (t) => {
  const w = await world(t);
  const call = await withSession(await personWithRole(w, 'auditor', 'auditor'));
  const { id } = (await w.api('POST', '/api/users', milton)).body;
  for (const path of ['/api/users', `/api/users/${id}`, '/api/user-groups', '/api/oidc/clients', '/api/application-configuration/all']) {
    assert.equal((await call('GET', path)).status, 200, path);
  }
  const writes = [
    ['POST', '/api/users', milton],
    ['PUT', `/api/users/${id}`, { firstName: 'x' }],
    ['DELETE', `/api/users/${id}`],
    ['POST', '/api/user-groups', { name: 'xx', friendlyName: 'xx' }],
    ['POST', '/api/oidc/clients', { name: 'x' }],
    ['PUT', '/api/application-configuration', { appName: 'x' }],
  ] as const;
  for (const [method, path, body] of writes) assert.equal((await call(method, path, body)).status, 403, `${method} ${path}`);
});

test('a page of users costs the same number of statements, whatever is in it', async (t) => {
  const w = await world(t);
  const group = (await w.api('POST', '/api/user-groups', { name: 'familia', friendlyName: 'Familia' })).body.id;
  const add = (i: number) => w.api('POST', '/api/users', { username: `user${i}`, email: `user${i}@example.org`, userGroupIds: [group] });
  const statementsOfList = async () => {
    const before = w.statements.length;
    await w.api('GET', '/api/users');
    return w.statements.length - before;
  };
  await add(0);
  const one = await statementsOfList();
  for (let i = 1; i < 20; i++) await add(i);
  assert.equal(await statementsOfList(), one);
});
