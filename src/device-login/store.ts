import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

/** SQL of requests to be signed in by another device. */
export const deviceLoginStore = (db: Db) => ({
  insert: (row: Row<'device_login'>) => db.insertInto('device_login').values(row).execute(),

  ofBrowser: (id: string, tokenHash: string, now: number) =>
    db
      .selectFrom('device_login')
      .select('decision')
      .where('id', '=', id)
      .where('token_hash', '=', tokenHash)
      .where('expires_at', '>', now)
      .executeTakeFirst(),

  undecided: (userCodeHash: string, now: number) =>
    db
      .selectFrom('device_login')
      .selectAll()
      .where('user_code_hash', '=', userCodeHash)
      .where('decision', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirst(),

  /** Undefined when somebody else was faster. */
  decide: (userCodeHash: string, decision: 'approved' | 'denied', userId: string, now: number) =>
    db
      .updateTable('device_login')
      .set({ decision, user_id: userId })
      .where('user_code_hash', '=', userCodeHash)
      .where('decision', 'is', null)
      .where('expires_at', '>', now)
      .returning('id')
      .executeTakeFirst(),

  /** Takes an approval: of two exchanges at once one wins. */
  takeApproved: (id: string, tokenHash: string, now: number) =>
    db
      .deleteFrom('device_login')
      .where('id', '=', id)
      .where('token_hash', '=', tokenHash)
      .where('decision', '=', 'approved')
      .where('expires_at', '>', now)
      .returning('user_id')
      .executeTakeFirst(),

  person: (userId: string) => db.selectFrom('user').select(['id', 'disabled']).where('id', '=', userId).executeTakeFirst(),

  sweep: async (now: number, limit: number): Promise<number> => {
    const over = db.selectFrom('device_login').select('id').where('expires_at', '<=', now).limit(limit);
    return Number((await db.deleteFrom('device_login').where('id', 'in', over).executeTakeFirst()).numDeletedRows);
  },
});
