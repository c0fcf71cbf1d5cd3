import type { CompiledQuery } from 'kysely';
import { compileOnce, insertOnce } from '#platform/db/compile-once.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

// Built once: one of them runs for every request of a signed-in browser.
const insert = insertOnce('session', [
  'id',
  'session_hash',
  'user_id',
  'auth_time',
  'amr',
  'created_at',
  'last_seen_at',
  'expires_at',
  'ip',
  'user_agent',
]);
const findByHash = compileOnce((db, v: { sessionHash: string }) =>
  db
    .selectFrom('session')
    .innerJoin('user', 'user.id', 'session.user_id')
    .selectAll('session')
    .select(['user.username', 'user.display_name', 'user.is_admin', 'user.role', 'user.disabled'])
    .where('session.session_hash', '=', v.sessionHash),
);

/** SQL of sessions. */
export const sessionStore = (db: Db) => ({
  insert: (row: Row<'session'>) => insert(db, [row]),
  /** The statement, to be run with others. */
  inserting: (row: Row<'session'>): CompiledQuery => insert.with(db, [row]),

  /** Gives the row of the same person a new value and a new life; undefined when the old value is not theirs. */
  renew: (oldHash: string, { id: _, user_id, ...row }: Row<'session'>) =>
    db
      .updateTable('session')
      .set(row)
      .where('session_hash', '=', oldHash)
      .where('user_id', '=', user_id)
      .returning('id')
      .executeTakeFirst(),

  /** The session and what is decided about its person, in one statement. */
  findByHash: async (sessionHash: string) => (await findByHash(db, { sessionHash })).rows[0],

  /** Guarded by the old value, so that of many requests at once one writes. */
  touch: (id: string, seenBefore: number, now: number) =>
    db.updateTable('session').set({ last_seen_at: now }).where('id', '=', id).where('last_seen_at', '<=', seenBefore).execute(),

  listOf: (userId: string, now: number, seenAfter: number) =>
    db
      .selectFrom('session')
      .innerJoin('user', 'user.id', 'session.user_id')
      .selectAll('session')
      .where('session.user_id', '=', userId)
      .where('user.disabled', '=', 0)
      .where('session.expires_at', '>', now)
      .where('session.last_seen_at', '>', seenAfter)
      .orderBy('session.created_at', 'desc')
      .orderBy('session.id')
      .execute(),

  removeByHash: (sessionHash: string) =>
    db.deleteFrom('session').where('session_hash', '=', sessionHash).returning(['id', 'user_id']).executeTakeFirst(),

  remove: (id: string, userId: string) =>
    db.deleteFrom('session').where('id', '=', id).where('user_id', '=', userId).returning(['id', 'user_id']).executeTakeFirst(),

  removeAllOf: (userId: string, exceptId: string | undefined) => {
    const all = db.deleteFrom('session').where('user_id', '=', userId);
    return (exceptId === undefined ? all : all.where('id', '<>', exceptId)).returning('id').execute();
  },

  /** Saves space only: what is over is never found. */
  sweep: async (now: number, seenAfter: number, limit: number): Promise<number> => {
    const over = db
      .selectFrom('session')
      .select('id')
      .where((e) => e.or([e('expires_at', '<=', now), e('last_seen_at', '<=', seenAfter)]))
      .limit(limit);
    return Number((await db.deleteFrom('session').where('id', 'in', over).executeTakeFirst()).numDeletedRows);
  },

  username: (userId: string) => db.selectFrom('user').select(['id', 'username']).where('id', '=', userId).executeTakeFirst(),
});
