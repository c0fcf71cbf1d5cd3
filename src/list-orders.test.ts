import assert from 'node:assert/strict';
import test from 'node:test';
import { application } from './testing/applications.ts';
import { person } from './testing/people.ts';
import { type World, world } from './testing/world.ts';

/** A language would put these in another order than their bytes. */
const WORDS = ['bb', 'Äa', 'BB', 'ab', 'ä b', 'äa', 'Zz', 'zz', '-c', 'cc', 'ßa', '11', 'éa'];
const byBytes = (texts: readonly string[]) => [...texts].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));

/** A property of everything in a list, sorted by a column and then backwards. */
async function sorted(list: (query: string) => Promise<{ data: Record<string, unknown>[] }>, column: string, property = column) {
  const read = async (direction: string) =>
    (await list(`sort[column]=${column}&sort[direction]=${direction}&limit=100`)).data.map((row) => row[property]);
  return { asc: await read('asc'), desc: await read('desc') };
}
const at = (w: World, path: string) => async (query: string) => (await w.api('GET', `${path}?${query}`)).body;

test('a list sorted by a text is in the order of its bytes, whatever language the database was made in', async (t) => {
  const w = await world(t);
  for (const [i, word] of WORDS.entries()) {
    const names = { firstName: word, lastName: word, displayName: word };
    assert.equal((await w.api('POST', '/api/users', { username: `user${i}`, email: `${i}@example.org`, ...names })).status, 201);
    assert.equal((await w.api('POST', '/api/user-groups', { name: `${word}${i}`, friendlyName: word })).status, 201);
    await application(w, { name: word, search_key: word });
    assert.equal((await w.api('POST', '/api/apis', { name: word, resource: `https://${i}.example.org` })).status, 201);
  }
  for (const [path, column, property] of [
    ['/api/users', 'firstName', 'firstName'],
    ['/api/users', 'lastName', 'lastName'],
    ['/api/users', 'displayName', 'displayName'],
    ['/api/user-groups', 'friendlyName', 'friendlyName'],
    ['/api/oidc/clients', 'name', 'name'],
    ['/api/apis', 'name', 'name'],
  ] as const) {
    const { asc, desc } = await sorted(at(w, path), column, property);
    assert.deepEqual(asc, byBytes(WORDS), `${path} by ${column}`);
    assert.deepEqual(desc, byBytes(WORDS).reverse(), `${path} by ${column}, backwards`);
  }
});

test('people without an e-mail address come first when people are sorted by it, and last backwards, on every page', async (t) => {
  const w = await world(t);
  await w.api('PUT', '/api/application-configuration', { requireUserEmail: 'false' });
  const emails = [null, 'b@example.org', null, 'B-a@example.org', 'ä@example.org', 'a@example.org'];
  for (const [i, email] of emails.entries()) {
    w.clock.advance(1);
    assert.equal((await w.api('POST', '/api/users', { username: `user${i}`, email })).status, 201);
  }
  const { asc, desc } = await sorted(at(w, '/api/users'), 'email');
  assert.deepEqual(asc, [null, null, 'a@example.org', 'B-a@example.org', 'b@example.org', 'ä@example.org']);
  assert.deepEqual(desc, [...asc].reverse());
  const paged: unknown[] = [];
  for (let page = 1; page <= 3; page++)
    paged.push(
      ...(await at(w, '/api/users')(`sort[column]=email&page=${page}&limit=2`)).data.map((user: { username: string }) => user.username),
    );
  assert.deepEqual(paged, ['user0', 'user2', 'user5', 'user3', 'user1', 'user4']);
  const found = (await at(w, '/api/users')('search=user&sort[column]=email')).data.map((user: { email: string | null }) => user.email);
  assert.deepEqual(found, asc, 'a search is sorted the same way');
});

test('keys that do not expire, and keys that nobody used, come before the others', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', admin: true });
  await ann.signIn();
  const day = (n: number) => new Date((w.clock.now() + n * 86_400) * 1000).toISOString();
  for (const [name, expiresAt] of [
    ['two days', day(2)],
    ['never', undefined],
    ['one day', day(1)],
  ] as const)
    assert.equal((await ann.request('/api/api-keys', { json: { name, expiresAt } })).status, 201);
  await w.database.db.updateTable('api_key').set({ last_used_at: 1 }).where('name', '=', 'never').execute();
  const list = async (query: string) =>
    (await ann.request(`/api/api-keys?${query}`)).json() as Promise<{ data: Record<string, unknown>[] }>;
  const byExpiry = await sorted(list, 'expiresAt', 'name');
  assert.deepEqual(byExpiry, { asc: ['never', 'one day', 'two days'], desc: ['two days', 'one day', 'never'] });
  const byUse = await sorted(list, 'lastUsedAt', 'name');
  assert.deepEqual([byUse.asc.at(-1), byUse.desc[0]], ['never', 'never']);
});

/** Where each is made and listed, and what makes the nth. */
const MADE: readonly [path: string, body: (n: number) => object][] = [
  ['/api/user-groups', (n) => ({ name: `group-${n}`, friendlyName: `Group ${n}` })],
  ['/api/oidc/clients', (n) => ({ name: `Client ${n}` })],
  ['/api/apis', (n) => ({ name: `API ${n}`, resource: `https://api-${n}.test` })],
];

for (const [path, body] of MADE)
  test(`what was made in one second is listed in the order in which it was made: ${path}`, async (t) => {
    const { api } = await world(t);
    const made: string[] = [];
    for (let n = 0; n < 8; n++) {
      const { status, body: answer } = await api('POST', path, body(n));
      assert.equal(status, 201);
      made.push(answer.id);
    }
    const { data } = (await api('GET', path)).body as { data: { id: string }[] };
    assert.deepEqual(
      data.map(({ id }) => id),
      made,
    );
  });
