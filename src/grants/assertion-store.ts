import type { Db } from '#platform/db/open.ts';

/** SQL of the assertions that clients proved themselves with: each is taken once. */
export const assertionStore = (db: Db) => ({
  /** Undefined when it was taken before. */
  take: (jtiHash: string, expiresAt: number) =>
    db
      .insertInto('used_assertion')
      .values({ jti_hash: jtiHash, expires_at: expiresAt })
      .onConflict((conflict) => conflict.column('jti_hash').doNothing())
      .returning('jti_hash')
      .executeTakeFirst(),

  sweep: async (now: number, limit: number): Promise<number> => {
    const over = db.selectFrom('used_assertion').select('jti_hash').where('expires_at', '<', now).limit(limit);
    return Number((await db.deleteFrom('used_assertion').where('jti_hash', 'in', over).executeTakeFirst()).numDeletedRows);
  },
});
