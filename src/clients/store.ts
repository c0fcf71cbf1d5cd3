import { sql } from 'kysely';
import { compileForEach, compileOnce } from '#platform/db/compile-once.ts';
import { isWhole, type ListShape, type Page, readPage } from '#platform/db/list.ts';
import { locking, lockingLightly } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import type { NewRow, Row } from '#platform/db/tables.ts';
import { clampPage, type ListOptions } from '#platform/http/contract.ts';

export type ClientRow = Row<'client'>;
export type SecretRow = Omit<Row<'client_secret'>, 'secret_hash'>;

const flags = {
  pkceEnabled: 'client.pkce_enabled',
  requiresReauthentication: 'client.requires_reauthentication',
  requiresPushedAuthorizationRequests: 'client.requires_par',
  skipConsent: 'client.skip_consent',
  isGroupRestricted: 'client.is_group_restricted',
  pkceSupported: 'client.pkce_supported',
};
const LIST: ListShape = {
  sort: {
    createdAt: 'client.created_at',
    name: 'client.search_key',
    clientType: 'client.client_type',
    allowedUserGroupsCount: 'allowed',
    ...flags,
  },
  filters: {
    ...Object.fromEntries(Object.entries(flags).map(([name, column]) => [name, { column, kind: 'flag' as const }])),
    clientType: { column: 'client.client_type', kind: 'text' },
  },
  search: 'client.search_key',
  order: ['client.created_at', 'asc'],
  id: 'client.id',
};

const allowedCount = sql<number>`(select count(*) from client_allowed_group counting where counting.client_id = client.id)`.as('allowed');
const SECRET = ['id', 'client_id', 'prefix', 'created_at', 'expires_at'] as const;

// Built once: the list as it is mostly asked for, and what every list needs.
const countListed = compileOnce((db) => db.selectFrom('client').select(sql<number>`count(*)`.as('total')));
const pageListed = compileOnce((db, { limit, offset }: { limit: number; offset: number }) =>
  db.selectFrom('client').selectAll().orderBy('created_at').orderBy('id').limit(limit).offset(offset),
);
const secretsOf = compileForEach((db, ids) =>
  db.selectFrom('client_secret').select(SECRET).where('client_id', 'in', ids).orderBy('created_at').orderBy('id'),
);
const allowedCounts = compileForEach((db, ids) =>
  db
    .selectFrom('client_allowed_group')
    .select(['client_id', sql<number>`count(*)`.as('n')])
    .where('client_id', 'in', ids)
    .groupBy('client_id'),
);

export const clientStore = (db: Db) => ({
  page: async (options: ListOptions): Promise<Page<ClientRow>> => {
    const clients = db.selectFrom('client').selectAll('client');
    // Groups are counted for every client only to sort by it.
    if (options.sort?.column === 'allowedUserGroupsCount') return readPage(clients.select(allowedCount), options, LIST);
    if (!isWhole(options)) return readPage(clients, options, LIST);
    const total = (await countListed(db, {})).rows[0]?.total ?? 0;
    const { limit } = options;
    const page = clampPage(options.page, limit, total);
    return { rows: (await pageListed(db, { limit, offset: (page - 1) * limit })).rows, total, page, limit };
  },

  /** How many groups each client lists as allowed; one that lists none is not in the answer. */
  allowedCounts: (ids: readonly string[]) => allowedCounts(db, ids),

  byId: (id: string): Promise<ClientRow | undefined> => db.selectFrom('client').selectAll().where('id', '=', id).executeTakeFirst(),

  /** Held until the transaction ends, so that two changes of one client take turns. */
  forChange: (id: string): Promise<ClientRow | undefined> =>
    lockingLightly(db, db.selectFrom('client').selectAll().where('id', '=', id)).executeTakeFirst(),
  forRemoval: (id: string): Promise<ClientRow | undefined> =>
    locking(db, db.selectFrom('client').selectAll().where('id', '=', id)).executeTakeFirst(),

  ofGroup: (groupId: string): Promise<ClientRow[]> =>
    db
      .selectFrom('client_allowed_group as allowed')
      .innerJoin('client', 'client.id', 'allowed.client_id')
      .selectAll('client')
      .where('allowed.group_id', '=', groupId)
      .orderBy('client.created_at')
      .orderBy('client.id')
      .execute(),

  insert: (row: NewRow<'client'>) => db.insertInto('client').values(row).execute(),
  update: (id: string, set: Partial<NewRow<'client'>>) => db.updateTable('client').set(set).where('id', '=', id).execute(),
  remove: (id: string) => db.deleteFrom('client').where('id', '=', id).execute(),

  secretsOf: (ids: readonly string[]): Promise<SecretRow[]> => secretsOf(db, ids),
  insertSecret: (row: NewRow<'client_secret'>) => db.insertInto('client_secret').values(row).execute(),
  removeSecrets: (clientId: string) => db.deleteFrom('client_secret').where('client_id', '=', clientId).execute(),
  removeSecret: (clientId: string, id: string): Promise<{ prefix: string } | undefined> =>
    db.deleteFrom('client_secret').where('client_id', '=', clientId).where('id', '=', id).returning('prefix').executeTakeFirst(),

  existing: async (ids: readonly string[]): Promise<{ id: string; name: string }[]> =>
    ids.length === 0 ? [] : db.selectFrom('client').select(['id', 'name']).where('id', 'in', ids).execute(),
  allowedGroupIds: async (clientId: string): Promise<string[]> =>
    (await db.selectFrom('client_allowed_group').select('group_id').where('client_id', '=', clientId).execute()).map((row) => row.group_id),
  clientIdsOfGroup: async (groupId: string): Promise<string[]> =>
    (await db.selectFrom('client_allowed_group').select('client_id').where('group_id', '=', groupId).execute()).map((row) => row.client_id),
  /** In one order, as two may do so from either side at once; both may then mean the same row. */
  allow: async (rows: readonly { client_id: string; group_id: string }[]): Promise<void> => {
    if (rows.length === 0) return;
    const place = ({ client_id, group_id }: (typeof rows)[number]) => `${client_id} ${group_id}`;
    const ordered = [...rows].sort((a, b) => (place(a) < place(b) ? -1 : 1));
    await db
      .insertInto('client_allowed_group')
      .values(ordered)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  },
  disallow: (clientId: string) => db.deleteFrom('client_allowed_group').where('client_id', '=', clientId).execute(),
  disallowGroup: (groupId: string) => db.deleteFrom('client_allowed_group').where('group_id', '=', groupId).execute(),
});
