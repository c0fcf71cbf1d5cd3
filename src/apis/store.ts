import { type ListShape, readPage } from '#platform/db/list.ts';
import { locking } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';
import type { ListOptions } from '#platform/http/contract.ts';

export type ApiRow = Row<'api'>;
export type PermissionRow = Row<'api_permission'>;
export type GrantRow = Row<'api_grant'>;

const APIS: ListShape = {
  sort: { name: 'api.name', createdAt: 'api.created_at', audience: 'api.resource' },
  search: 'api.search_key',
  order: ['api.created_at', 'asc'],
  id: 'api.id',
};
const CLIENTS: ListShape = {
  sort: { name: 'client.search_key', createdAt: 'client.created_at' },
  search: 'client.search_key',
  order: ['client.created_at', 'asc'],
  id: 'client.id',
};
const CLIENT = ['client.id', 'client.name', 'client.client_type', 'client.is_public'] as const;

export const apiStore = (db: Db) => ({
  page: (options: ListOptions) => readPage(db.selectFrom('api').selectAll('api'), options, APIS),
  byId: (id: string): Promise<ApiRow | undefined> => db.selectFrom('api').selectAll().where('id', '=', id).executeTakeFirst(),
  forChange: (id: string): Promise<ApiRow | undefined> =>
    locking(db, db.selectFrom('api').selectAll().where('id', '=', id)).executeTakeFirst(),
  insert: (row: ApiRow) => db.insertInto('api').values(row).execute(),
  update: (id: string, set: Partial<ApiRow>) => db.updateTable('api').set(set).where('id', '=', id).execute(),
  remove: (id: string) => db.deleteFrom('api').where('id', '=', id).execute(),

  permissionsOf: async (apiIds: readonly string[]): Promise<PermissionRow[]> =>
    apiIds.length === 0 ? [] : db.selectFrom('api_permission').selectAll().where('api_id', 'in', apiIds).orderBy('position').execute(),
  insertPermission: (row: PermissionRow) => db.insertInto('api_permission').values(row).execute(),
  updatePermission: (id: string, set: Partial<PermissionRow>) => db.updateTable('api_permission').set(set).where('id', '=', id).execute(),
  removePermissions: async (ids: readonly string[]): Promise<void> => {
    if (ids.length > 0) await db.deleteFrom('api_permission').where('id', 'in', ids).execute();
  },

  /** The clients that have a grant for an API, and where it is open to them those that describe themselves by a document (access null). */
  clientsOf: (api: { id: string; allowCimdClients: boolean }, options: ListOptions) =>
    readPage(
      db
        .selectFrom('client')
        .leftJoin('api_grant', (join) => join.onRef('api_grant.client_id', '=', 'client.id').on('api_grant.api_id', '=', api.id))
        .select([...CLIENT, 'api_grant.user_access', 'api_grant.client_access'])
        .where((on) =>
          api.allowCimdClients
            ? on.or([on('api_grant.client_id', 'is not', null), on('client.client_type', '=', 'cimd')])
            : on('api_grant.client_id', 'is not', null),
        ),
      options,
      CLIENTS,
    ),
  clientsWithout: (apiId: string, options: ListOptions) =>
    readPage(
      db
        .selectFrom('client')
        .select(CLIENT)
        .where('client.id', 'not in', (q) => q.selectFrom('api_grant').select('client_id').where('api_id', '=', apiId)),
      options,
      CLIENTS,
    ),
  /** The APIs a client has a grant for, and for one that describes itself by a document those that are open to all of these (access null). */
  apisOf: (client: { id: string; client_type: string }) =>
    db
      .selectFrom('api')
      .leftJoin('api_grant', (join) => join.onRef('api_grant.api_id', '=', 'api.id').on('api_grant.client_id', '=', client.id))
      .selectAll('api')
      .select(['api_grant.user_access', 'api_grant.client_access'])
      .where((on) =>
        client.client_type === 'cimd'
          ? on.or([on('api_grant.client_id', 'is not', null), on('api.allow_cimd', '=', 1)])
          : on('api_grant.client_id', 'is not', null),
      )
      .orderBy('api.created_at')
      .orderBy('api.id')
      .execute(),
  apisWithout: (clientId: string, options: ListOptions) =>
    readPage(
      db
        .selectFrom('api')
        .selectAll('api')
        .where('api.id', 'not in', (q) => q.selectFrom('api_grant').select('api_id').where('client_id', '=', clientId)),
      options,
      APIS,
    ),

  client: (id: string) => db.selectFrom('client').select(CLIENT).where('id', '=', id).executeTakeFirst(),
  grant: (apiId: string, clientId: string): Promise<GrantRow | undefined> =>
    db.selectFrom('api_grant').selectAll().where('api_id', '=', apiId).where('client_id', '=', clientId).executeTakeFirst(),
  /** Granted permission ids, each with `user` or `client`. */
  granted: async (pairs: readonly { apiId: string; clientId: string }[]) => {
    if (pairs.length === 0) return [];
    const apiIds = [...new Set(pairs.map((pair) => pair.apiId))];
    const clientIds = [...new Set(pairs.map((pair) => pair.clientId))];
    return db.selectFrom('api_grant_permission').selectAll().where('api_id', 'in', apiIds).where('client_id', 'in', clientIds).execute();
  },
  putGrant: (row: GrantRow) =>
    db
      .insertInto('api_grant')
      .values(row)
      .onConflict((conflict) =>
        conflict.columns(['api_id', 'client_id']).doUpdateSet({ user_access: row.user_access, client_access: row.client_access }),
      )
      .execute(),
  replaceGranted: async (apiId: string, clientId: string, rows: readonly { permission_id: string; kind: string }[]): Promise<void> => {
    await db.deleteFrom('api_grant_permission').where('api_id', '=', apiId).where('client_id', '=', clientId).execute();
    if (rows.length === 0) return;
    await db
      .insertInto('api_grant_permission')
      .values(rows.map((row) => ({ ...row, api_id: apiId, client_id: clientId })))
      .execute();
  },
  removeGrant: (apiId: string, clientId: string) =>
    db.deleteFrom('api_grant').where('api_id', '=', apiId).where('client_id', '=', clientId).execute(),

  /** What one client may ask for at one API, in one statement: the API, the two flags, and its granted permission keys. */
  accessTo: (resource: string, clientId: string) =>
    db
      .selectFrom('api')
      .innerJoin('api_grant', 'api_grant.api_id', 'api.id')
      .leftJoin('api_grant_permission as granted', (join) =>
        join.onRef('granted.api_id', '=', 'api_grant.api_id').onRef('granted.client_id', '=', 'api_grant.client_id'),
      )
      .leftJoin('api_permission as permission', 'permission.id', 'granted.permission_id')
      .select([
        'api.id',
        'api.name',
        'api_grant.user_access',
        'api_grant.client_access',
        'granted.kind',
        'permission.key',
        'permission.name as title',
      ])
      .where('api.resource', '=', resource)
      .where('api_grant.client_id', '=', clientId)
      .execute(),
});
