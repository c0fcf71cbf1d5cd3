import { sql } from 'kysely';
import { compileOnce } from '#platform/db/compile-once.ts';
import { countKey, isWhole, type ListShape, type Page } from '#platform/db/list.ts';
import { locking, lockingLightly } from '#platform/db/lock.ts';
import { longPage } from '#platform/db/long-list.ts';
import type { Db } from '#platform/db/open.ts';
import type { NewRow, Row } from '#platform/db/tables.ts';
import { clampPage, type ListOptions } from '#platform/http/contract.ts';
import type { KeptCounts } from '#platform/kept-counts.ts';

export type UserRow = Omit<Row<'user'>, 'search_key'>;
export type ShownUser = Omit<UserRow, 'username_key' | 'email_key' | 'is_static' | 'created_at' | 'updated_at'>;

/** What a list shows of somebody. */
const SHOWN = [
  'user.id',
  'user.username',
  'user.email',
  'user.email_verified',
  'user.first_name',
  'user.last_name',
  'user.display_name',
  'user.is_admin',
  'user.role',
  'user.locale',
  'user.disabled',
  'user.ldap_id',
] as const;
const COLUMNS = [...SHOWN, 'user.username_key', 'user.email_key', 'user.is_static', 'user.created_at', 'user.updated_at'] as const;

const LIST: ListShape = {
  sort: {
    createdAt: 'user.created_at',
    username: 'user.username_key',
    email: { column: 'user.email_key', nulls: 'least' },
    emailVerified: 'user.email_verified',
    firstName: 'user.first_name',
    lastName: 'user.last_name',
    displayName: 'user.display_name',
    isAdmin: 'user.is_admin',
    disabled: 'user.disabled',
  },
  filters: {
    isAdmin: { column: 'user.is_admin', kind: 'flag' },
    disabled: { column: 'user.disabled', kind: 'flag' },
    emailVerified: { column: 'user.email_verified', kind: 'flag' },
  },
  search: 'user.search_key',
  order: ['user.created_at', 'asc'],
  id: 'user.id',
};

const self = compileOnce((db, v: { id: string }) => db.selectFrom('user').select(COLUMNS).where('user.id', '=', v.id));

/** Written out rather than bound: the indexes that lists use are of these rows only, which the database has to see when it plans. */
const LISTED = sql<boolean>`"user".is_static = 0`;

const countListed = compileOnce((db) => db.selectFrom('user').select(sql<number>`count(*)`.as('total')).where(LISTED));
/** The list as it is mostly asked for: everybody, in the order they were made. */
const pageListed = compileOnce((db, { limit, offset }: { limit: number; offset: number }) =>
  db.selectFrom('user').select(SHOWN).where(LISTED).orderBy('user.created_at').orderBy('user.id').limit(limit).offset(offset),
);
const isPlain = (options: ListOptions) => options.page <= 10 && isWhole(options);

const one = (db: Db, id: string) => db.selectFrom('user').select(COLUMNS).where('user.id', '=', id).where('user.is_static', '=', 0);

/** The user behind STATIC_API_KEY is in none of these but `self`. */
export const userStore = (db: Db) => ({
  page: async (options: ListOptions, counts: KeptCounts): Promise<Page<ShownUser>> => {
    const key = countKey(options, LIST);
    if (!isPlain(options)) {
      const listed = db.selectFrom('user').select(SHOWN).where(LISTED);
      return longPage(db, listed, options, LIST, (count) => counts.total(key, count));
    }
    const total = await counts.total(key, async () => (await countListed(db, {})).rows[0]?.total ?? 0);
    const { limit } = options;
    const page = clampPage(options.page, limit, total);
    return { rows: (await pageListed(db, { limit, offset: (page - 1) * limit })).rows, total, page, limit };
  },

  byId: (id: string): Promise<UserRow | undefined> => one(db, id).executeTakeFirst(),

  self: async (id: string): Promise<UserRow | undefined> => (await self(db, { id })).rows[0],

  /** Held until the transaction ends, so that two changes of one user take turns, and nothing of theirs comes while it is to end. */
  forChange: (id: string): Promise<UserRow | undefined> => locking(db, one(db, id)).executeTakeFirst(),
  /** The same for a change of their groups: who changes a group's members meanwhile only waits for the group. */
  forMembership: (id: string): Promise<UserRow | undefined> => lockingLightly(db, one(db, id)).executeTakeFirst(),

  /**
   * The ids of all administrators who can act, held until the transaction ends. In one order, so that two transactions cannot wait for each
   * other; on PostgreSQL the second one sees what the first one left. The one behind STATIC_API_KEY is among them only where it is the actor: it
   * ends with the next start without the key.
   */
  holdAdministrators: async (actorId: string): Promise<string[]> => {
    const query = db
      .selectFrom('user')
      .select('user.id')
      .where('user.is_admin', '=', 1)
      .where('user.disabled', '=', 0)
      .where((e) => e.or([e('user.is_static', '=', 0), e('user.id', '=', actorId)]))
      .orderBy('user.id');
    return (await lockingLightly(db, query).execute()).map((row) => row.id);
  },

  ofGroup: (groupId: string): Promise<ShownUser[]> =>
    db
      .selectFrom('user_group_member as member')
      .innerJoin('user', 'user.id', 'member.user_id')
      .select(SHOWN)
      .where('member.group_id', '=', groupId)
      .where('user.is_static', '=', 0)
      .orderBy('user.created_at')
      .orderBy('user.id')
      .execute(),

  insert: (row: NewRow<'user'>) => db.insertInto('user').values(row).execute(),

  update: (id: string, set: Partial<NewRow<'user'>>) => db.updateTable('user').set(set).where('id', '=', id).execute(),

  /** With everything of theirs. Ceremonies begin before it is known whose they are, so their rows do not go by themselves. */
  remove: async (id: string): Promise<void> => {
    await db.deleteFrom('webauthn_challenge').where('user_id', '=', id).execute();
    await db.deleteFrom('user').where('id', '=', id).execute();
  },

  /**
   * Ends every way in that is open now: one-time codes, ceremonies under way, and what applications hold. Sessions of somebody disabled are refused
   * wherever they are read, and stay so that their browser is told why; `endSessions` ends them before they could come back to life.
   */
  endAccess: async (id: string, now: number): Promise<void> => {
    await db.deleteFrom('one_time_code').where('user_id', '=', id).execute();
    await db.deleteFrom('webauthn_challenge').where('user_id', '=', id).execute();
    await db.updateTable('oauth_grant').set({ revoked_at: now }).where('user_id', '=', id).where('revoked_at', 'is', null).execute();
  },

  endSessions: (id: string) => db.deleteFrom('session').where('user_id', '=', id).execute(),

  removeOneTimeCodes: (id: string) => db.deleteFrom('one_time_code').where('user_id', '=', id).execute(),
});
