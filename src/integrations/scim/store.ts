import { locking } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

export type ProviderRow = Row<'scim_provider'>;

export const scimStore = (db: Db) => ({
  byId: (id: string): Promise<ProviderRow | undefined> =>
    db.selectFrom('scim_provider').selectAll().where('id', '=', id).executeTakeFirst(),
  forChange: (id: string): Promise<ProviderRow | undefined> =>
    locking(db, db.selectFrom('scim_provider').selectAll().where('id', '=', id)).executeTakeFirst(),
  ofClient: (clientId: string): Promise<ProviderRow | undefined> =>
    db.selectFrom('scim_provider').selectAll().where('client_id', '=', clientId).executeTakeFirst(),
  insert: (row: ProviderRow) => db.insertInto('scim_provider').values(row).execute(),
  update: (id: string, set: Pick<ProviderRow, 'client_id' | 'endpoint' | 'sealed_token'>) =>
    db.updateTable('scim_provider').set(set).where('id', '=', id).execute(),
  remove: (id: string): Promise<ProviderRow | undefined> =>
    db.deleteFrom('scim_provider').where('id', '=', id).returningAll().executeTakeFirst(),
});
