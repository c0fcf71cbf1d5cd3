import { sql } from 'kysely';
import { compileForEach } from '#platform/db/compile-once.ts';
import type { Db } from '#platform/db/open.ts';

type Owner = 'user_id' | 'group_id';
export interface NewClaim {
  id: string;
  key: string;
  value: string;
}

const claimsOf = (owner: Owner) =>
  compileForEach((db, ids) =>
    db
      .selectFrom('custom_claim')
      .select([sql<string>`${sql.ref(owner)}`.as('owner'), 'key', 'value'])
      .where(sql.ref(owner), 'in', ids)
      .orderBy(sql.ref(owner))
      .orderBy('position'),
  );
const of = { user_id: claimsOf('user_id'), group_id: claimsOf('group_id') };

export const customClaimStore = (db: Db) => ({
  /** In the order they were given. */
  of: (owner: Owner, ids: readonly string[]) => of[owner](db, ids),

  replace: async (owner: Owner, id: string, claims: readonly NewClaim[]): Promise<void> => {
    await db.deleteFrom('custom_claim').where(sql.ref(owner), '=', id).execute();
    if (claims.length === 0) return;
    const owned = owner === 'user_id' ? { user_id: id, group_id: null } : { user_id: null, group_id: id };
    await db
      .insertInto('custom_claim')
      .values(claims.map((claim, position) => ({ ...claim, ...owned, position })))
      .execute();
  },

  keysByUse: () => db.selectFrom('custom_claim').select('key').groupBy('key').orderBy(sql`count(*)`, 'desc').orderBy('key').execute(),
});
