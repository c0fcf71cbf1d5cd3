import { compileForEach } from '#platform/db/compile-once.ts';
import type { Db } from '#platform/db/open.ts';
import type { NewRow } from '#platform/db/tables.ts';

// Built once: every list of clients needs it.
const logosOf = compileForEach((db, clientIds) =>
  db.selectFrom('image').select(['client_id', 'key', 'hash']).where('client_id', 'in', clientIds),
);

export const imageStore = (db: Db) => ({
  byKey: (key: string) => db.selectFrom('image').select(['type', 'bytes', 'hash']).where('key', '=', key).executeTakeFirst(),

  put: (row: NewRow<'image'>) =>
    db
      .insertInto('image')
      .values(row)
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({ type: row.type, bytes: row.bytes, hash: row.hash, updated_at: row.updated_at }),
      )
      .execute(),

  hashOf: async (key: string): Promise<string | undefined> =>
    (await db.selectFrom('image').select('hash').where('key', '=', key).executeTakeFirst())?.hash,

  remove: async (key: string): Promise<boolean> =>
    (await db.deleteFrom('image').where('key', '=', key).executeTakeFirst()).numDeletedRows > 0n,

  /** Which of these there are, and in which version, without reading them. */
  versions: (keys: readonly string[]) =>
    db.selectFrom('image').select(['key', 'type', 'hash']).where('key', 'in', keys).where('type', '!=', '').execute(),

  /** Which logos there are, without reading them. */
  logosOf: (clientIds: readonly string[]) => logosOf(db, clientIds),
});
