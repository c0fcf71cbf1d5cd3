import { locking } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';
import type { ClientRow } from './store.ts';

/** What an administrator may decide about such a client. */
const DECIDED = [
  'description',
  'requires_reauthentication',
  'requires_par',
  'skip_consent',
  'is_group_restricted',
  'access_token_minutes',
  'refresh_token_minutes',
  'access_token_alg',
  'minimal_id_token',
  'claims_mapping',
] as const;
const GIVEN = ['oauth_grant', 'api_grant', 'client_allowed_group', 'scim_provider'] as const;

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
        conflict.column('client_id').doUpdateSet({
          grants: row.grants,
          logo_uri: row.logo_uri,
          logo_hash: row.logo_hash,
          fetched_at: row.fetched_at,
          expires_at: row.expires_at,
        }),
      )
      .execute(),

  /**
   * Removes clients whose documents were read last before then. Not those to which something is granted, or which an administrator made other than
   * `blank`: a client that comes back comes back without it.
   */
  forget: (before: number, blank: ClientRow, most: number) => {
    const old = db
      .selectFrom('client_document as document')
      .innerJoin('client as c', 'c.id', 'document.client_id')
      .select('c.id')
      .where('c.client_type', '=', 'cimd')
      .where('document.fetched_at', '<', before)
      .where('c.launch_url', 'is', null)
      .where((e) => e.and(DECIDED.map((column) => e(`c.${column}`, '=', blank[column]))))
      .where((e) =>
        e.and(GIVEN.map((table) => e.not(e.exists(e.selectFrom(table).select('client_id').whereRef('client_id', '=', 'c.id'))))),
      );
    return db.deleteFrom('client').where('id', 'in', old.limit(most)).returning(['id', 'name']).execute();
  },
});
