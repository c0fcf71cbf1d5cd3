import { sql } from 'kysely';
import { insertOnce } from '#platform/db/compile-once.ts';
import { countMatching, type ListShape, readPage } from '#platform/db/list.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';
import type { ListOptions } from '#platform/http/contract.ts';
import type { CountBetween, Counts } from './counts.ts';
import { INTERNAL } from './locate.ts';

const OWN: ListShape = {
  sort: {
    createdAt: 'audit_log.created_at',
    event: 'audit_log.event',
    ipAddress: 'audit_log.ip',
    country: 'audit_log.country',
    city: 'audit_log.city',
    userAgent: 'audit_log.user_agent',
  },
  filters: { event: { column: 'audit_log.event', kind: 'text' } },
  order: ['audit_log.created_at', 'desc'],
  id: 'audit_log.id',
};
const ALL: ListShape = {
  ...OWN,
  filters: {
    ...OWN.filters,
    userID: { column: 'audit_log.user_id', kind: 'text' },
    clientName: { column: 'audit_log.client_name', kind: 'text' },
  },
};

/** The most entries of a filter that a person could choose from. */
const CHOICES = 1000;

// Built once: every sign-in and every token has its row.
const insert = insertOnce('audit_log', [
  'id',
  'created_at',
  'event',
  'user_id',
  'username',
  'actor_user_id',
  'actor_username',
  'client_id',
  'client_name',
  'ip',
  'country',
  'city',
  'user_agent',
  'request_id',
  'reason',
  'data',
]);

export const auditStore = (db: Db) => ({
  insert: (row: Row<'audit_log'>) => insert(db, [row]),

  ofUser: (userId: string, options: ListOptions) =>
    readPage(db.selectFrom('audit_log').selectAll('audit_log').where('audit_log.user_id', '=', userId), options, OWN),

  all: (options: ListOptions, location: 'internal' | 'external' | undefined, counts: Counts) => {
    const rows = db.selectFrom('audit_log').selectAll('audit_log');
    const located = location ? rows.where('audit_log.country', location === 'internal' ? '=' : '<>', INTERNAL) : rows;
    const countBetween: CountBetween = ({ from, to }) => {
      const after = from === undefined ? located : located.where('audit_log.created_at', '>', from);
      return countMatching(to === undefined ? after : after.where('audit_log.created_at', '<=', to), options, ALL);
    };
    const key = JSON.stringify([location, options.filters.event, options.filters.userID, options.filters.clientName]);
    return readPage(located, options, ALL, () => counts.total(key, countBetween));
  },

  /** Hops from one name to the next through the index, instead of reading every row. */
  clientNames: async (): Promise<string[]> => {
    const { rows } = await sql<{ name: string }>`
      select name from (with recursive names (name) as (
        select min(client_name) from audit_log where client_name is not null
        union all
        select (select min(client_name) from audit_log where client_name > names.name) from names where names.name is not null
      )
      select name from names where name is not null) listed order by name limit ${CHOICES}`.execute(db);
    return rows.map((row) => row.name);
  },

  users: async (): Promise<{ id: string; username: string }[]> => {
    const { rows } = await sql<{ id: string; username: string }>`
      select id, username from (with recursive ids (id) as (
        select min(user_id) from audit_log where user_id is not null
        union all
        select (select min(user_id) from audit_log where user_id > ids.id) from ids where ids.id is not null
      ), chosen (id) as (select id from ids where id is not null limit ${CHOICES})
      select chosen.id, (
        select newest.username from audit_log newest where newest.user_id = chosen.id order by newest.created_at desc limit 1
      ) as username from chosen) listed`.execute(db);
    return rows;
  },

  /** Rows written before, at most so many at once; answers how many. */
  removeBefore: async (time: number, most: number): Promise<number> => {
    const oldest = db.selectFrom('audit_log').select('id').where('created_at', '<', time).orderBy('created_at').limit(most);
    const { numDeletedRows } = await db.deleteFrom('audit_log').where('id', 'in', oldest).executeTakeFirst();
    return Number(numDeletedRows);
  },
});
