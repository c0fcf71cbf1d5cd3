import { sql } from 'kysely';
import { compileOnce } from '#platform/db/compile-once.ts';
import type { Db } from '#platform/db/open.ts';

type Owner = 'user_id' | 'group_id';
export interface NewClaim {
  id: string;
  key: string;
  value: string;
}

const claimsOf = (db: Db, owner: Owner) =>
  db
    .selectFrom('custom_claim')
    .select([sql<string>`${sql.ref(owner)}`.as('owner'), 'key', 'value'])
    .orderBy(sql.ref(owner))
    .orderBy('position');
// One owner is the common case (every sign-in shows its person), so its statement is built once.
const ofOne = {
  user_id: compileOnce((db, v: { id: string }) => claimsOf(db, 'user_id').where('user_id', '=', v.id)),
  group_id: compileOnce((db, v: { id: string }) => claimsOf(db, 'group_id').where('group_id', '=', v.id)),
};

export const customClaimStore = (db: Db) => ({
  /** In the order they were given. */
  of: async (owner: Owner, ids: readonly string[]) => {
    const [id, ...more] = ids;
    if (id !== undefined && more.length === 0) return (await ofOne[owner](db, { id })).rows;
    return claimsOf(db, owner).where(sql.ref(owner), 'in', ids).execute();
  },

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
