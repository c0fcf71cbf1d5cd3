import type { Db } from '#platform/db/open.ts';
import type { NewRow } from '#platform/db/tables.ts';

/** Keys and their owners' standing, read together so that no key is judged by yesterday's facts. */
export const apiKeyStore = (db: Db) => ({
  withOwner: (hash: string) =>
    db
      .selectFrom('api_key as k')
      .innerJoin('user as u', 'u.id', 'k.user_id')
      .select(['k.id', 'k.user_id', 'k.scopes', 'k.expires_at', 'k.last_used_at', 'u.username', 'u.is_admin', 'u.role', 'u.disabled'])
      .where('k.key_hash', '=', hash)
      .executeTakeFirst(),

  staticOwner: (id: string) =>
    db
      .selectFrom('user')
      .select(['id as user_id', 'username', 'is_admin', 'role', 'disabled'])
      .where('id', '=', id)
      .where('is_static', '=', 1)
      .executeTakeFirst(),

  /** Several processes may start at once: the first one's row stays. */
  insertStaticOwner: (row: NewRow<'user'>) =>
    db
      .insertInto('user')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute(),

  removeStaticOwner: () => db.deleteFrom('user').where('is_static', '=', 1).execute(),

  /** Only when the stored time is older than `before`, so that replicas write once between them. */
  touch: (id: string, now: number, before: number) =>
    db
      .updateTable('api_key')
      .set({ last_used_at: now })
      .where('id', '=', id)
      .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<=', before)]))
      .execute(),
});
