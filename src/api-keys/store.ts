import { compileOnce } from '#platform/db/compile-once.ts';
import { type ListShape, readPage } from '#platform/db/list.ts';
import type { Db } from '#platform/db/open.ts';
import type { NewRow, Row } from '#platform/db/tables.ts';
import type { ListOptions } from '#platform/http/contract.ts';

export type KeyRow = Omit<Row<'api_key'>, 'key_hash' | 'user_id'>;
const SHOWN = [
  'id',
  'name',
  'description',
  'prefix',
  'scopes',
  'created_at',
  'expires_at',
  'last_used_at',
  'expiration_email_sent',
] as const;

const LIST: ListShape = {
  sort: {
    name: 'name',
    createdAt: 'created_at',
    expiresAt: { column: 'expires_at', nulls: 'least' },
    lastUsedAt: { column: 'last_used_at', nulls: 'least' },
  },
  order: ['created_at', 'asc'],
  id: 'id',
};

// Built once: one of them runs for every request with a key.
const withOwner = compileOnce((db, v: { hash: string }) =>
  db
    .selectFrom('api_key as k')
    .innerJoin('user as u', 'u.id', 'k.user_id')
    .select(['k.id', 'k.user_id', 'k.scopes', 'k.expires_at', 'k.last_used_at', 'u.username', 'u.is_admin', 'u.role', 'u.disabled'])
    .where('k.key_hash', '=', v.hash),
);

const staticOwner = compileOnce((db, v: { id: string }) =>
  db
    .selectFrom('user')
    .select(['id as user_id', 'username', 'is_admin', 'role', 'disabled'])
    .where('id', '=', v.id)
    .where('is_static', '=', 1),
);

/** Keys and their owners' standing, read together so that no key is judged by yesterday's facts. */
export const apiKeyStore = (db: Db) => ({
  withOwner: async (hash: string) => (await withOwner(db, { hash })).rows[0],

  staticOwner: async (id: string) => (await staticOwner(db, { id })).rows[0],

  /** Several processes may start at once: the first one's row stays. */
  insertStaticOwner: (row: NewRow<'user'>) =>
    db
      .insertInto('user')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute(),

  removeStaticOwner: () => db.deleteFrom('user').where('is_static', '=', 1).execute(),

  page: (userId: string, options: ListOptions) =>
    readPage(db.selectFrom('api_key').select(SHOWN).where('user_id', '=', userId), options, LIST),

  insert: (row: NewRow<'api_key'>): Promise<KeyRow> => db.insertInto('api_key').values(row).returning(SHOWN).executeTakeFirstOrThrow(),

  exists: async (userId: string, id: string): Promise<boolean> =>
    (await db.selectFrom('api_key').select('id').where('user_id', '=', userId).where('id', '=', id).executeTakeFirst()) !== undefined,

  /** Only one that has expired; undefined when there is none such. */
  renew: (
    userId: string,
    id: string,
    now: number,
    set: { key_hash: string; prefix: string; expires_at: number | null },
  ): Promise<KeyRow | undefined> =>
    db
      .updateTable('api_key')
      .set({ ...set, last_used_at: null, expiration_email_sent: 0 })
      .where('user_id', '=', userId)
      .where('id', '=', id)
      .where('expires_at', '<=', now)
      .returning(SHOWN)
      .executeTakeFirst(),

  remove: (userId: string, id: string): Promise<{ name: string } | undefined> =>
    db.deleteFrom('api_key').where('user_id', '=', userId).where('id', '=', id).returning('name').executeTakeFirst(),

  /** Those that expired by then. Asked twice: on PostgreSQL a key that is renewed meanwhile is read anew by the outer condition only. */
  sweep: async (before: number, limit: number): Promise<number> => {
    const over = db.selectFrom('api_key').select('id').where('expires_at', '<=', before).limit(limit);
    const { numDeletedRows } = await db.deleteFrom('api_key').where('id', 'in', over).where('expires_at', '<=', before).executeTakeFirst();
    return Number(numDeletedRows);
  },

  /** Only when the stored time is older than `before`, so that replicas write once between them. */
  touch: (id: string, now: number, before: number) =>
    db
      .updateTable('api_key')
      .set({ last_used_at: now })
      .where('id', '=', id)
      .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<=', before)]))
      .execute(),
});
