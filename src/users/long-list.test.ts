import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { world } from '../testing/world.ts';

/** More than are put in order each time. */
const PEOPLE = 5600;

interface Person {
  username: string;
  lastName: string;
  disabled: boolean;
  isAdmin: boolean;
  emailVerified: boolean;
}
const numbered = (i: number): Person => ({
  username: `user${i}`,
  lastName: `last${i % 7}`,
  disabled: i % 3 === 0,
  isAdmin: false,
  emailVerified: i % 100 !== 0,
});

/** The people, in the order in which they were made. */
async function crowd(t: TestContext) {
  const w = await world(t);
  await sql`insert into "user" (id, username, username_key, first_name, last_name, disabled, email_verified, search_key, created_at, updated_at)
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${sql.lit(PEOPLE)})
    select '01900000-0000-7000-8000-' || substr(cast(1000000000000 + i as text), 2), 'user' || i, 'user' || i, 'First', 'last' || (i % 7),
      case when i % 3 = 0 then 1 else 0 end, case when i % 100 = 0 then 0 else 1 end, 'user' || i || '\nfirst\nlast' || (i % 7), i / 10, 1
    from n`.execute(w.database.db);
  return { w, people: Array.from({ length: PEOPLE }, (_, i) => numbered(i + 1)) };
}

type Sort = 'createdAt' | 'username' | 'lastName' | 'disabled';
const CASES: { what: string; search?: string; filters?: Partial<Person>; matches(person: Person): boolean }[] = [
  { what: 'everybody', matches: () => true },
  { what: 'a search that finds nobody', search: 'nobody', matches: () => false },
  { what: 'a search that finds few', search: 'USER55', matches: ({ username }) => username.includes('user55') },
  { what: 'a search that finds nearly all', search: 'user', matches: () => true },
  { what: 'a flag that few have', filters: { emailVerified: false }, matches: (person) => !person.emailVerified },
  { what: 'a flag that many have', filters: { emailVerified: true }, matches: (person) => person.emailVerified },
  {
    what: 'flags that many have',
    filters: { emailVerified: true, isAdmin: false },
    matches: ({ emailVerified }) => emailVerified,
  },
  {
    what: 'flags and a search',
    search: 'last3',
    filters: { disabled: true, emailVerified: true },
    matches: (person) => person.lastName === 'last3' && person.disabled && person.emailVerified,
  },
];

const keyOf = (person: Person, sort: Sort) =>
  sort === 'createdAt' ? '' : sort === 'disabled' ? String(Number(person.disabled)) : person[sort];

test('a long list has the same rows in the same order, whichever way they are read', async (t) => {
  const { w, people } = await crowd(t);
  for (const { what, search = '', filters = {}, matches } of CASES)
    for (const [sort, direction] of [
      ['createdAt', 'asc'],
      ['username', 'desc'],
      ['lastName', 'asc'],
      ['disabled', 'desc'],
    ] as const) {
      const expected = people
        .map((person, i) => ({ person, made: i }))
        .filter(({ person }) => matches(person))
        .sort((a, b) =>
          keyOf(a.person, sort) < keyOf(b.person, sort) ? -1 : keyOf(a.person, sort) > keyOf(b.person, sort) ? 1 : a.made - b.made,
        )
        .map(({ person }) => person.username);
      if (direction === 'desc') expected.reverse();
      const pages = Math.max(1, Math.ceil(expected.length / 40));
      for (const asked of new Set([1, 2, Math.ceil(pages * 0.4), Math.ceil(pages * 0.6), pages, pages + 5])) {
        const query = new URLSearchParams({ page: `${asked}`, limit: '40', search, 'sort[column]': sort, 'sort[direction]': direction });
        for (const [name, value] of Object.entries(filters)) query.set(`filters[${name}]`, `${value}`);
        const { body } = await w.api('GET', `/api/users?${query}`);
        const page = Math.min(asked, pages);
        const where = `${what}, by ${sort} ${direction}, page ${asked}`;
        assert.deepEqual(body.pagination, { totalPages: pages, totalItems: expected.length, currentPage: page, itemsPerPage: 40 }, where);
        assert.deepEqual(
          body.data.map((person: Person) => person.username),
          expected.slice((page - 1) * 40, page * 40),
          where,
        );
      }
    }
});

test('who makes or removes somebody sees the new total at once, however long the list is', async (t) => {
  const { w } = await crowd(t);
  const total = async () => (await w.api('GET', '/api/users')).body.pagination.totalItems;
  assert.equal(await total(), PEOPLE);
  const { body } = await w.api('POST', '/api/users', { username: 'ann', firstName: 'Ann', email: 'ann@example.com' });
  assert.equal(await total(), PEOPLE + 1);
  await w.api('DELETE', `/api/users/${body.id}`);
  assert.equal(await total(), PEOPLE);
});
