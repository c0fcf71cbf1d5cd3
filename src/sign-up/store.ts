import { sql } from 'kysely';
import type { Db } from '#platform/db/open.ts';

/** SQL of the set-up: the one row of `installation`, and whether anybody is there. */
export const setUpStore = (db: Db) => ({
  state: () =>
    db
      .selectFrom('installation')
      .select(['setup_hash', 'setup_completed_at'])
      // The user behind STATIC_API_KEY is nobody.
      .select(sql<number>`(select count(*) from (select 1 from "user" where is_static = 0 limit 1) as anybody)`.as('people'))
      .where('id', '=', 1)
      .executeTakeFirst(),

  setSecret: (setupHash: string) =>
    db.updateTable('installation').set({ setup_hash: setupHash }).where('id', '=', 1).where('setup_completed_at', 'is', null).execute(),

  complete: (now: number) =>
    db
      .updateTable('installation')
      .set({ setup_hash: null, setup_completed_at: now })
      .where('id', '=', 1)
      .where('setup_completed_at', 'is', null)
      .execute(),
});
