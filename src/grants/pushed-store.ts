import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

/** Authorization requests that were pushed. */
export const pushedStore = (db: Db) => ({
  insert: (row: Row<'pushed_request'>) => db.insertInto('pushed_request').values(row).execute(),

  /** The first browser that brings the reference has it, in one statement; for another one it is not there. */
  take: (uriHash: string, clientId: string, browserHash: string, now: number) =>
    db
      .updateTable('pushed_request')
      .set({ taken_by: browserHash })
      .where('uri_hash', '=', uriHash)
      .where('client_id', '=', clientId)
      .where('expires_at', '>', now)
      .where((e) => e.or([e('taken_by', 'is', null), e('taken_by', '=', browserHash)]))
      .returning('parameters')
      .executeTakeFirst(),

  remove: async (uriHash: string) =>
    (await db.deleteFrom('pushed_request').where('uri_hash', '=', uriHash).returning('uri_hash').executeTakeFirst()) !== undefined,

  sweep: (until: number, limit: number) =>
    db
      .deleteFrom('pushed_request')
      .where('uri_hash', 'in', db.selectFrom('pushed_request').select('uri_hash').where('expires_at', '<', until).limit(limit))
      .executeTakeFirst(),
});
