import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditRows } from '../testing/administration.ts';
import { person } from '../testing/people.ts';
import { behindServer } from '../testing/real-server.ts';
import { world } from '../testing/world.ts';

const familia = { name: 'familia', friendlyName: 'Familia' };
const nobody = '0b7d9df2-1111-4222-8333-944444444444';

test('a created group is answered with every field, and read back the same', async (t) => {
  const { api, clock } = await world(t);
  const created = await api('POST', '/api/user-groups', familia);
  assert.equal(created.status, 201);
  const { id, createdAt, ...rest } = created.body;
  assert.deepEqual(rest, { ...familia, customClaims: [], ldapId: null, users: [], allowedOidcClients: [] });
  assert.equal(Date.parse(createdAt), clock.now() * 1000);
  assert.deepEqual(Object.keys(created.body), [
    'id',
    'friendlyName',
    'name',
    'customClaims',
    'ldapId',
    'createdAt',
    'users',
    'allowedOidcClients',
  ]);
  assert.deepEqual((await api('GET', `/api/user-groups/${id}`)).body, created.body);
});

test('the name of a group is unique, and both names have their lengths', async (t) => {
  const { api } = await world(t);
  await api('POST', '/api/user-groups', familia);
  const taken = await api('POST', '/api/user-groups', { ...familia, friendlyName: 'Other' });
  assert.deepEqual(
    [taken.status, taken.body.code, taken.body.error, taken.body.details],
    [409, 'already_in_use', 'Name is already in use', { property: 'name' }],
  );
  const { id } = (await api('POST', '/api/user-groups', { name: 'other', friendlyName: 'Other' })).body;
  assert.equal((await api('PUT', `/api/user-groups/${id}`, { name: 'familia' })).status, 409);
  const refused = [
    { name: 'x', friendlyName: 'Other' },
    { name: 'xx', friendlyName: 'O' },
    { name: 'x'.repeat(256), friendlyName: 'Other' },
    { name: 'xx', friendlyName: 'x'.repeat(51) },
    { name: 'xx' },
    { friendlyName: 'Other' },
    { name: 'x\nx', friendlyName: 'Other' },
  ];
  for (const body of refused) assert.equal((await api('POST', '/api/user-groups', body)).status, 400, JSON.stringify(body));
});

test('an update keeps the field it does not name, and is told in the audit log', async (t) => {
  const w = await world(t);
  const { id } = (await w.api('POST', '/api/user-groups', familia)).body;
  const updated = await w.api('PUT', `/api/user-groups/${id}`, { friendlyName: 'Family' });
  assert.deepEqual([updated.status, updated.body.name, updated.body.friendlyName], [200, 'familia', 'Family']);
  const [row] = await auditRows(w, 'GROUP_UPDATED');
  assert.deepEqual(JSON.parse(row!.data.before!), { friendlyName: 'Familia' });
  assert.equal(row!.data.groupId, id);
});

test('the members of a group are replaced as a whole, and shown as users', async (t) => {
  const w = await world(t);
  const { id } = (await w.api('POST', '/api/user-groups', familia)).body;
  const [ann, bea] = [await person(w, { username: 'ann' }), await person(w, { username: 'bea' })];
  const both = await w.api('PUT', `/api/user-groups/${id}/users`, { userIds: [ann.id, bea.id, ann.id] });
  assert.equal(both.status, 200);
  assert.deepEqual(both.body.users.map((u: { username: string }) => u.username).sort(), ['ann', 'bea']);
  const one = await w.api('PUT', `/api/user-groups/${id}/users`, { userIds: [bea.id] });
  assert.deepEqual(
    one.body.users.map((u: { username: string }) => u.username),
    ['bea'],
  );
  const refused = await w.api('PUT', `/api/user-groups/${id}/users`, { userIds: [nobody] });
  assert.deepEqual([refused.status, refused.body.code], [404, 'user_not_found']);
  assert.equal((await w.api('PUT', `/api/user-groups/${id}/users`, {})).status, 400);
  assert.equal((await w.api('GET', `/api/user-groups/${id}`)).body.users.length, 1);
  const rows = await auditRows(w, 'GROUP_MEMBERS_UPDATED');
  assert.deepEqual(rows.map((row) => row.data.added).sort(), ['["ann","bea"]', '[]']);
});

test('a group may have thousands of members, and a user be in thousands of groups', async (t) => {
  const w = await world(t);
  await behindServer(t, w);
  const { id } = (await w.api('POST', '/api/user-groups', familia)).body;
  const milton = await person(w, { username: 'milton' });
  const ids = Array.from({ length: 4000 }, (_, i) => `0b7d9df2-1111-4222-8333-${String(i).padStart(12, '0')}`);
  const names = { email: null, email_key: null, first_name: '', last_name: '', display_name: '', search_key: '', locale: null };
  const blank = { ...names, email_verified: 0, is_admin: 0, is_static: 0, disabled: 0, role: '' } as const;
  const times = { created_at: w.clock.now(), updated_at: w.clock.now() };
  for (let from = 0; from < ids.length; from += 1000) {
    const part = ids.slice(from, from + 1000);
    await w.database.db
      .insertInto('user')
      .values(part.map((user, i) => ({ id: user, username: `u${from + i}`, username_key: `u${from + i}`, ...blank, ...times })))
      .execute();
    await w.database.db
      .insertInto('user_group')
      .values(part.map((group, i) => ({ id: group, name: `g${from + i}`, friendly_name: 'G', search_key: '', ...times })))
      .execute();
  }
  const members = await w.api('PUT', `/api/user-groups/${id}/users`, { userIds: ids });
  assert.deepEqual([members.status, members.body.users?.length], [200, ids.length]);
  const groups = await w.api('PUT', `/api/users/${milton.id}/user-groups`, { userGroupIds: ids });
  assert.deepEqual([groups.status, groups.body.userGroups?.length], [200, ids.length]);
});

test('the user behind the static key can be in no group', async (t) => {
  const w = await world(t);
  const { id } = (await w.api('POST', '/api/user-groups', familia)).body;
  const refused = await w.api('PUT', `/api/user-groups/${id}/users`, { userIds: ['00000000-0000-0000-0000-000000000000'] });
  assert.equal(refused.status, 404);
});

test('the list of groups counts their members, sorts by that too, and is searched by both names', async (t) => {
  const w = await world(t);
  const ids: string[] = [];
  for (const [name, friendlyName] of [
    ['alpha', 'Zebra'],
    ['beta', 'Yak'],
    ['gamma', 'Xerus'],
  ]) {
    w.clock.advance(1);
    ids.push((await w.api('POST', '/api/user-groups', { name, friendlyName })).body.id);
  }
  const [ann, bea] = [await person(w, { username: 'ann' }), await person(w, { username: 'bea' })];
  await w.api('PUT', `/api/user-groups/${ids[1]}/users`, { userIds: [ann.id, bea.id] });
  await w.api('PUT', `/api/user-groups/${ids[2]}/users`, { userIds: [ann.id] });
  const list = async (query: string) =>
    (await w.api('GET', `/api/user-groups?${query}`)).body.data as { name: string; userCount: number }[];
  const names = async (query: string) => (await list(query)).map((group) => group.name);
  assert.deepEqual(await names(''), ['alpha', 'beta', 'gamma']);
  assert.deepEqual(
    (await list('')).map((group) => group.userCount),
    [0, 2, 1],
  );
  assert.deepEqual(await names('sort[column]=userCount'), ['alpha', 'gamma', 'beta']);
  assert.deepEqual(await names('sort[column]=userCount&sort[direction]=desc&limit=2'), ['beta', 'gamma']);
  assert.deepEqual(await names('sort[column]=friendlyName'), ['gamma', 'beta', 'alpha']);
  assert.deepEqual(await names('sort[column]=name&sort[direction]=desc'), ['gamma', 'beta', 'alpha']);
  assert.deepEqual(await names('sort[column]=createdAt&sort[direction]=desc'), ['gamma', 'beta', 'alpha']);
  assert.deepEqual(await names('search=ALPHA'), ['alpha']);
  assert.deepEqual(await names('search=yak'), ['beta']);
});

test('a deleted group is gone from its members and from the clients that allowed it', async (t) => {
  const w = await world(t);
  const { id } = (await w.api('POST', '/api/user-groups', familia)).body;
  const ann = await person(w, { username: 'ann', groups: ['familia'] });
  await w.api('POST', '/api/oidc/clients', { id: 'paperless', name: 'Paperless', isGroupRestricted: true });
  await w.api('PUT', '/api/oidc/clients/paperless/allowed-user-groups', { userGroupIds: [id] });
  await w.api('PUT', `/api/custom-claims/user-group/${id}`, [{ key: 'a', value: '1' }]);
  assert.equal((await w.api('DELETE', `/api/user-groups/${id}`)).status, 204);
  const again = await w.api('DELETE', `/api/user-groups/${id}`);
  assert.deepEqual([again.status, again.body.code, again.body.details], [404, 'not_found', { resource: 'User group' }]);
  assert.deepEqual((await w.api('GET', `/api/users/${ann.id}`)).body.userGroups, []);
  const client = (await w.api('GET', '/api/oidc/clients/paperless')).body;
  assert.deepEqual([client.allowedUserGroups, client.isGroupRestricted], [[], true], 'nobody may use it, rather than everybody');
});

test('the clients that allow a group are set from the group’s side too', async (t) => {
  const w = await world(t);
  const { id } = (await w.api('POST', '/api/user-groups', familia)).body;
  for (const client of ['one', 'two']) await w.api('POST', '/api/oidc/clients', { id: client, name: client });
  const set = await w.api('PUT', `/api/user-groups/${id}/allowed-oidc-clients`, { oidcClientIds: ['one', 'two'] });
  assert.deepEqual([set.status, set.body.allowedOidcClients.map((c: { id: string }) => c.id).sort()], [200, ['one', 'two']]);
  assert.deepEqual(Object.keys(set.body.allowedOidcClients[0]).sort(), [
    'clientType',
    'description',
    'hasDarkLogo',
    'hasLogo',
    'id',
    'launchURL',
    'name',
    'requiresReauthentication',
  ]);
  assert.equal((await w.api('GET', '/api/oidc/clients/one')).body.allowedUserGroups[0].id, id);
  await w.api('POST', '/api/oidc/clients', { id: 'three', name: 'two' });
  const other = await w.api('PUT', `/api/user-groups/${id}/allowed-oidc-clients`, { oidcClientIds: ['one', 'three'] });
  assert.deepEqual(
    other.body.allowedOidcClients.map((c: { id: string }) => c.id).sort(),
    ['one', 'three'],
    'two clients may have one name',
  );
  const refused = await w.api('PUT', `/api/user-groups/${id}/allowed-oidc-clients`, { oidcClientIds: ['one', 'gone'] });
  assert.deepEqual([refused.status, refused.body.error], [404, 'OIDC client not found']);
  const cleared = await w.api('PUT', `/api/user-groups/${id}/allowed-oidc-clients`, { oidcClientIds: [] });
  assert.deepEqual(cleared.body.allowedOidcClients, []);
});

test('a group from a directory is left to it, while it is in use', async (t) => {
  const w = await world(t);
  const { id } = (await w.api('POST', '/api/user-groups', familia)).body;
  await w.database.db.updateTable('user_group').set({ ldap_id: 'cn=familia' }).where('id', '=', id).execute();
  assert.equal((await w.api('PUT', `/api/user-groups/${id}`, { friendlyName: 'Other' })).status, 200);
  await w.api('PUT', '/api/application-configuration', { ldapEnabled: 'true' });
  for (const method of ['PUT', 'DELETE']) {
    const refused = await w.api(method, `/api/user-groups/${id}`, method === 'PUT' ? familia : undefined);
    assert.deepEqual([refused.status, refused.body.code], [403, 'ldap_user_group_update'], method);
  }
});

test('a group that is not there is not found, by every method', async (t) => {
  const { api } = await world(t);
  const calls = [
    ['GET', `/api/user-groups/${nobody}`],
    ['PUT', `/api/user-groups/${nobody}`, familia],
    ['DELETE', `/api/user-groups/${nobody}`],
    ['PUT', `/api/user-groups/${nobody}/users`, { userIds: [] }],
    ['PUT', `/api/user-groups/${nobody}/allowed-oidc-clients`, { oidcClientIds: [] }],
    ['PUT', `/api/custom-claims/user-group/${nobody}`, []],
  ] as const;
  for (const [method, path, body] of calls) {
    const answer = await api(method, path, body);
    assert.deepEqual([answer.status, answer.body.error], [404, 'User group not found'], `${method} ${path}`);
  }
});

test('a group counts its members, whichever way they come and go, also all at once', async (t) => {
  const w = await world(t);
  const groups: { id: string }[] = await Promise.all(
    ['one', 'two'].map(async (name) => (await w.api('POST', '/api/user-groups', { name, friendlyName: name })).body),
  );
  const [one, two] = groups.map((group) => group.id) as [string, string];
  const people = await Promise.all(['ann', 'bea', 'cai', 'dee', 'eve'].map((username) => person(w, { username })));
  const ids = people.map(({ id }) => id);
  const [ann, bea, cai] = ids as [string, string, string];
  const counts = async () => {
    const { body } = await w.api('GET', '/api/user-groups?sort[column]=userCount&sort[direction]=desc');
    return Object.fromEntries(body.data.map((group: { name: string; userCount: number }) => [group.name, group.userCount]));
  };
  await w.api('PUT', `/api/user-groups/${one}/users`, { userIds: ids });
  await w.api('PUT', `/api/user-groups/${one}/users`, { userIds: ids });
  assert.deepEqual(await counts(), { one: 5, two: 0 });
  await Promise.all(ids.map((id) => w.api('PUT', `/api/users/${id}/user-groups`, { userGroupIds: [two, one] })));
  assert.deepEqual(await counts(), { one: 5, two: 5 });
  await w.api('PUT', `/api/user-groups/${two}/users`, { userIds: [ann, bea] });
  assert.deepEqual(await counts(), { one: 5, two: 2 });
  await Promise.all([
    w.api('DELETE', `/api/users/${ann}`),
    w.api('DELETE', `/api/users/${cai}`),
    w.api('PUT', `/api/users/${bea}/user-groups`, { userGroupIds: [one] }),
  ]);
  assert.deepEqual(await counts(), { one: 3, two: 0 });
  const created = await w.api('POST', '/api/users', { username: 'fay', firstName: 'Fay', email: 'fay@example.com', userGroupIds: [two] });
  assert.equal(created.status, 201);
  assert.equal(created.body.userGroups[0].userCount, 1);
  assert.deepEqual(await counts(), { one: 3, two: 1 });
});

test('whoever is deleted while somebody puts them somewhere is not found there, or gone from it', async (t) => {
  const { api } = await world(t);
  const { id: group } = (await api('POST', '/api/user-groups', familia)).body;
  for (let round = 0; round < 12; round++) {
    const { id: user } = (await api('POST', '/api/users', { username: `user${round}`, email: `user${round}@example.org` })).body;
    const { id: client } = (await api('POST', '/api/oidc/clients', { name: 'App' })).body;
    const { id: other } = (await api('POST', '/api/user-groups', { name: `other${round}`, friendlyName: 'Other' })).body;
    const answers = await Promise.all([
      api('PUT', `/api/user-groups/${group}/users`, { userIds: [user] }),
      api('DELETE', `/api/users/${user}`),
      api('PUT', `/api/user-groups/${group}/allowed-oidc-clients`, { oidcClientIds: [client] }),
      api('DELETE', `/api/oidc/clients/${client}`),
      api('PUT', `/api/oidc/clients/${client}/allowed-user-groups`, { userGroupIds: [other] }),
      api('DELETE', `/api/user-groups/${other}`),
    ]);
    const odd = answers.filter(({ status }) => ![200, 204, 404].includes(status));
    assert.deepEqual(odd, [], `round ${round}`);
  }
  const { users, allowedOidcClients } = (await api('GET', `/api/user-groups/${group}`)).body;
  const counted = (await api('GET', '/api/user-groups?search=familia')).body.data[0].userCount;
  assert.deepEqual([users, allowedOidcClients, counted], [[], [], 0]);
});
