import { sql } from 'kysely';
import { type ListShape, readPage } from '#platform/db/list.ts';
import type { Db } from '#platform/db/open.ts';
import type { ListOptions } from '#platform/http/contract.ts';

const CLIENT_COLUMNS = [
  'client.id',
  'client.name',
  'client.description',
  'client.launch_url',
  'client.requires_reauthentication',
  'client.client_type',
] as const;

const hasLaunchURL = sql<0 | 1>`case when client.launch_url is null then 0 else 1 end`;

const AUTHORIZED: ListShape = {
  sort: { lastUsedAt: 'last_used_at' },
  filters: { hasLaunchURL: { column: 'has_launch_url', kind: 'flag' } },
  order: ['last_used_at', 'desc'],
  id: 'id',
};
const ACCESSIBLE: ListShape = {
  sort: { lastUsedAt: { column: 'last_used_at', nulls: 'last' } },
  filters: { hasLaunchURL: { column: 'has_launch_url', kind: 'flag' } },
  order: ['search_key', 'asc'],
  id: 'id',
};

/** SQL of consents: one row for a person and a client, with every scope they ever agreed to. */
export const consentStore = (db: Db) => ({
  scopes: (userId: string, clientId: string) =>
    db.selectFrom('consent').select('scopes').where('user_id', '=', userId).where('client_id', '=', clientId).executeTakeFirst(),

  put: (userId: string, clientId: string, scopes: string, now: number) =>
    db
      .insertInto('consent')
      .values({ user_id: userId, client_id: clientId, scopes, created_at: now, last_used_at: now })
      .onConflict((conflict) => conflict.columns(['user_id', 'client_id']).doUpdateSet({ scopes, last_used_at: now }))
      .execute(),

  touch: (userId: string, clientId: string, now: number) =>
    db.updateTable('consent').set({ last_used_at: now }).where('user_id', '=', userId).where('client_id', '=', clientId).execute(),

  /** Answers whose consent it was, with the names an audit row wants; undefined when there was none. */
  remove: async (userId: string, clientId: string) => {
    const removed = await db
      .deleteFrom('consent')
      .where('user_id', '=', userId)
      .where('client_id', '=', clientId)
      .returning('client_id')
      .executeTakeFirst();
    if (!removed) return undefined;
    return db
      .selectFrom('user')
      .innerJoin('client', (join) => join.on('client.id', '=', clientId))
      .select(['user.username', 'client.name'])
      .where('user.id', '=', userId)
      .executeTakeFirst();
  },

  removeOfClient: (clientId: string) => db.deleteFrom('consent').where('client_id', '=', clientId).execute(),

  personExists: async (userId: string) =>
    (await db.selectFrom('user').select('id').where('id', '=', userId).executeTakeFirst()) !== undefined,

  authorized: (userId: string, options: ListOptions) => {
    const consents = db
      .selectFrom('consent')
      .innerJoin('client', 'client.id', 'consent.client_id')
      .where('consent.user_id', '=', userId)
      .select([...CLIENT_COLUMNS, 'consent.scopes', 'consent.last_used_at', hasLaunchURL.as('has_launch_url')]);
    return readPage(db.selectFrom(consents.as('consents')).selectAll(), options, AUTHORIZED);
  },

  /** Clients open to everybody, and those that allow a group the person is in. */
  accessible: (userId: string, options: ListOptions) => {
    const clients = db
      .selectFrom('client')
      .leftJoin('consent', (join) => join.onRef('consent.client_id', '=', 'client.id').on('consent.user_id', '=', userId))
      .where((eb) =>
        eb.or([
          eb('client.is_group_restricted', '=', 0),
          eb.exists(
            eb
              .selectFrom('client_allowed_group')
              .innerJoin('user_group_member', 'user_group_member.group_id', 'client_allowed_group.group_id')
              .select(sql<number>`1`.as('one'))
              .whereRef('client_allowed_group.client_id', '=', 'client.id')
              .where('user_group_member.user_id', '=', userId),
          ),
        ]),
      )
      .select([...CLIENT_COLUMNS, 'client.search_key', 'consent.last_used_at', hasLaunchURL.as('has_launch_url')]);
    return readPage(db.selectFrom(clients.as('clients')).selectAll(), options, ACCESSIBLE);
  },
});
