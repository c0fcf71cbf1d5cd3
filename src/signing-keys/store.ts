import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

/** SQL of signing keys. A partial unique index allows one `current` and one `next` key for each algorithm. */
export const signingKeyStore = (db: Db) => ({
  /** Keys that sign or are still published, in a stable order. */
  list: (now: number) =>
    db
      .selectFrom('signing_key')
      .selectAll()
      .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', now)]))
      .orderBy('created_at')
      .orderBy('kid')
      .execute(),

  /** Answers false when another process was first. */
  insertUnlessThere: async (row: Row<'signing_key'>): Promise<boolean> => {
    const result = await db
      .insertInto('signing_key')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
  },

  /** Guarded by the stage, so that of two processes one moves the key. */
  move: async (kid: string, from: string, to: { stage: string; ends_at: number | null }): Promise<boolean> => {
    const result = await db.updateTable('signing_key').set(to).where('kid', '=', kid).where('stage', '=', from).executeTakeFirst();
    return result.numUpdatedRows > 0n;
  },

  /** When the last access token that is recorded now ends. */
  lastTokenEnd: async (): Promise<number> => {
    const row = await db
      .selectFrom('oauth_token')
      .select((eb) => eb.fn.max('expires_at').as('end'))
      .where('kind', '=', 'access')
      .executeTakeFirst();
    return row?.end ?? 0;
  },

  /** The longest life an access token may be given, in seconds. */
  longestTokenSeconds: async (): Promise<number> => {
    const row = await db
      .selectFrom('client')
      .select((eb) => eb.fn.max('access_token_minutes').as('minutes'))
      .executeTakeFirst();
    return (row?.minutes ?? 0) * 60;
  },
});
