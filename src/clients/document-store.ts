import { locking } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';
import type { ClientRow } from './store.ts';

/** Clients that describe themselves, and what is known of their documents. */
export const documentStore = (db: Db) => ({
  find: (clientId: string) => db.selectFrom('client_document').selectAll().where('client_id', '=', clientId).executeTakeFirst(),
  client: (id: string): Promise<ClientRow | undefined> =>
    locking(db, db.selectFrom('client').selectAll().where('id', '=', id)).executeTakeFirst(),
  insertClient: (row: ClientRow) => db.insertInto('client').values(row).execute(),
  updateClient: (id: string, set: Partial<ClientRow>) => db.updateTable('client').set(set).where('id', '=', id).execute(),
  put: (row: Row<'client_document'>) =>
    db
      .insertInto('client_document')
      .values(row)
      .onConflict((conflict) =>
        conflict.column('client_id').doUpdateSet({ grants: row.grants, fetched_at: row.fetched_at, expires_at: row.expires_at }),
      )
      .execute(),
});
