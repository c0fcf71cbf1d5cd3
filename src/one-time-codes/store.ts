import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

/** SQL of one-time codes. */
export const oneTimeCodeStore = (db: Db) => ({
  /** Undefined when the code is somebody's already. */
  insert: (row: Row<'one_time_code'>) =>
    db
      .insertInto('one_time_code')
      .values(row)
      .onConflict((conflict) => conflict.column('code_hash').doNothing())
      .returning('code_hash')
      .executeTakeFirst(),

  /** A code that may still be used, and its person. */
  live: (codeHash: string, now: number, maxFailures: number) =>
    db
      .selectFrom('one_time_code')
      .innerJoin('user', 'user.id', 'one_time_code.user_id')
      .select(['user.id', 'user.username', 'user.disabled'])
      .where('code_hash', '=', codeHash)
      .where('expires_at', '>', now)
      .where('failures', '<', maxFailures)
      .executeTakeFirst(),

  take: (codeHash: string) => db.deleteFrom('one_time_code').where('code_hash', '=', codeHash).returning('user_id').executeTakeFirst(),

  countFailure: (length: number, now: number) =>
    db
      .updateTable('one_time_code')
      .set((e) => ({ failures: e('failures', '+', 1) }))
      .where('length', '=', length)
      .where('expires_at', '>', now)
      .execute(),

  removeAllOf: (userId: string) => db.deleteFrom('one_time_code').where('user_id', '=', userId).execute(),

  sweep: async (now: number, limit: number): Promise<number> => {
    const over = db.selectFrom('one_time_code').select('code_hash').where('expires_at', '<=', now).limit(limit);
    return Number((await db.deleteFrom('one_time_code').where('code_hash', 'in', over).executeTakeFirst()).numDeletedRows);
  },

  /** Whose username or e-mail address this is, folded: two where it is one's username and another's address; never the user behind STATIC_API_KEY. */
  people: (folded: string) =>
    db
      .selectFrom('user')
      .select(['id', 'username', 'disabled'])
      .where((e) => e.or([e('username_key', '=', folded), e('email_key', '=', folded)]))
      .where('is_static', '=', 0)
      .orderBy('username_key')
      .execute(),
});
