import { type CompiledQuery, sql } from 'kysely';
import { insertOnce } from '#platform/db/compile-once.ts';
import { countKey, countRows, filtersOf, inOrder, type ListShape, matching, orderOf, type Page } from '#platform/db/list.ts';
import { aside, rowsAt } from '#platform/db/long-list.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';
import { clampPage, type ListOptions } from '#platform/http/contract.ts';
import { INTERNAL } from './contract.ts';
import type { CountBetween, Counts } from './counts.ts';
import type { Orders } from './orders.ts';

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
    userID: { column: 'audit_log.user_id', kind: 'text' },
    clientName: { column: 'audit_log.client_name', kind: 'text' },
    ...OWN.filters,
  },
};
type Location = 'internal' | 'external';

/** So many rows are sooner put in order than found among all others. */
const FEW = 5000;

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

/** What is asked of the log: whose rows (absent: everybody's), and from where. */
export interface Asked {
  userId?: string;
  location?: Location;
  options: ListOptions;
}
/** What is known of it from before. */
export interface Known {
  counts: Counts;
  orders: Orders;
}

const shapeOf = ({ userId }: Asked) => (userId === undefined ? ALL : OWN);
const onlyExternal = (asked: Asked) =>
  asked.location === 'external' && asked.userId === undefined && filtersOf(asked.options, ALL).length === 0;

/**
 * The rows that are asked for. One condition goes through its index, the one that leaves the fewest rows, where SQLite would choose any; none does
 * when something else narrows the rows. `few`: there are so few of them that what is different is worth looking up as well.
 */
function asking(db: Db, asked: Asked, { none = false, few = false } = {}) {
  const { userId, location, options } = asked;
  const rows = db.selectFrom('audit_log').selectAll('audit_log');
  const own = userId === undefined ? rows : rows.where('audit_log.user_id', '=', userId);
  const unindexed = aside(db);
  const indexed = none || userId !== undefined ? unindexed : sql.ref;
  const filtered = matching(own, options, shapeOf(asked), (name, nth) => (nth === 0 ? indexed(name) : unindexed(name)));
  const country = (filtersOf(options, shapeOf(asked)).length === 0 ? indexed : unindexed)('audit_log.country');
  if (location === 'internal') return filtered.where(sql<boolean>`${country} = ${INTERNAL}`);
  if (location === undefined) return filtered;
  if (few) return filtered.where(sql<boolean>`(${country} < ${INTERNAL} or ${country} > ${INTERNAL})`);
  return filtered.where(sql<boolean>`${unindexed('audit_log.country')} <> ${INTERNAL}`);
}

const countBetween =
  (db: Db, asked: Asked): CountBetween =>
  async (span) => {
    // As the difference: an index tells at once what is equal, and not what is different.
    if (onlyExternal(asked)) {
      const all = await countBetween(db, { options: asked.options })(span);
      return all - (await countBetween(db, { ...asked, location: 'internal' })(span));
    }
    const { from, to } = span;
    let rows = asking(db, asked);
    if (from !== undefined) rows = rows.where('audit_log.created_at', '>', from);
    if (to !== undefined) rows = rows.where('audit_log.created_at', '<=', to);
    return countRows(rows);
  };

async function readLog(db: Db, asked: Asked, { counts, orders }: Known): Promise<Page<Row<'audit_log'>>> {
  const { options, userId, location } = asked;
  const shape = shapeOf(asked);
  const key = JSON.stringify([userId, location, countKey(options, shape)]);
  const total = await counts.total(key, countBetween(db, asked));
  const { limit } = options;
  const page = clampPage(options.page, limit, total);
  const order = orderOf(options, shape);
  const read = async (rows: ReturnType<typeof asking>) => ({
    rows: await rowsAt(rows, { order, id: shape.id, page, limit, total }),
    total,
    page,
    limit,
  });
  if (order[0]?.[0] === shape.order[0] || total < counts.worthKeeping || page * limit > orders.most)
    return read(asking(db, asked, { few: onlyExternal(asked) && total < FEW }));
  const { ids, upTo } = await orders.first(JSON.stringify([key, order]), async (settled) => {
    const rows = asking(db, asked).clearSelect().select('audit_log.id').where('audit_log.created_at', '<=', settled);
    return (await inOrder(rows, order).limit(orders.most).execute()).map((row) => row.id);
  });
  const candidates = asking(db, asked, { none: true });
  return read(candidates.where((is) => is.or([is('audit_log.id', 'in', ids), is('audit_log.created_at', '>', upTo)])));
}

export const auditStore = (db: Db) => ({
  insert: (row: Row<'audit_log'>) => insert(db, [row]),
  /** The statement, to be run with others. */
  inserting: (row: Row<'audit_log'>): CompiledQuery => insert.with(db, [row]),

  page: (asked: Asked, known: Known): Promise<Page<Row<'audit_log'>>> => readLog(db, asked, known),

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
