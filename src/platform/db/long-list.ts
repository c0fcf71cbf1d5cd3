import { type Kysely, type SelectQueryBuilder, type Simplify, sql } from 'kysely';
import { clampPage, type ListOptions } from '../http/contract.ts';
import { countRows, filtersOf, inOrder, type ListShape, matching, type Order, orderOf, type Page, reversed, searches } from './list.ts';
import { isPostgres } from './lock.ts';
import type { Db } from './open.ts';

/** At most so many rows are put in order each time; more are read in the order of an index. */
const SORTED = 5000;
/** So many rows are passed over as they are; beyond, only their entries in an index. */
const NEAR = 1000;

/**
 * A filter's column, for a statement that is quick through another index. SQLite believes that any equality leaves few rows, and would go through
 * the index of a flag that nearly everybody has; a plus sign keeps it from that (SQLite, "The Query Planner", section 2). PostgreSQL knows better.
 */
export const aside = (db: Db) => (column: string) => (isPostgres(db) ? sql.ref(column) : sql`+${sql.ref(column)}`);
type Aside = ReturnType<typeof aside>;

/** The page's rows. Far down a list ids alone are passed over, in an index and from whichever end is nearer. */
export async function rowsAt<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  { order, id, page, limit, total }: { order: Order; id: string; page: number; limit: number; total: number },
): Promise<Simplify<O>[]> {
  const skip = (page - 1) * limit;
  if (skip < NEAR) return inOrder(query, order).limit(limit).offset(skip).execute();
  const left = Math.min(limit, total - skip);
  const backwards = skip > total / 2;
  const hits = (await inOrder(query.clearSelect().select(sql<string>`${sql.ref(id)}`.as('id')), backwards ? reversed(order) : order)
    .limit(backwards ? left : limit)
    .offset(backwards ? total - skip - left : skip)
    .execute()) as { id: string }[];
  const ids = hits.map((hit) => hit.id);
  return byIds(query, id, backwards ? ids.reverse() : ids);
}

/** The rows of these ids, in their order. */
async function byIds<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  id: string,
  ids: readonly string[],
): Promise<Simplify<O>[]> {
  if (ids.length === 0) return [];
  const rows = await query.where(sql<boolean>`${sql.ref(id)} in (${sql.join(ids)})`).execute();
  const places = new Map(ids.map((each, place) => [each, place]));
  const place = (row: unknown) => places.get((row as { id: string }).id) ?? 0;
  return rows.sort((a, b) => place(a) - place(b));
}

/**
 * What matches, in its order, each with how many there are; at most SORTED + 1. It is found in one pass, which in SQLite reads an index that holds
 * the searched text and the flags, so that only what was found is looked up for its order. PostgreSQL would read the whole table for that.
 */
function hitsOf<DB, TB extends keyof DB, O>(db: Db, query: SelectQueryBuilder<DB, TB, O>, options: ListOptions, shape: ListShape) {
  const order = orderOf(options, shape);
  const later = !isPostgres(db);
  const keys = later ? [] : order.map(([column], nth) => sql<unknown>`${sql.ref(column)}`.as(`key${nth}`));
  const found = matching(query, options, shape, aside(db))
    .clearSelect()
    .select([sql<string>`${sql.ref(shape.id)}`.as('id'), ...keys])
    .limit(SORTED + 1) as unknown as SelectQueryBuilder<never, never, { id: string }>;
  const [table = ''] = shape.id.split('.');
  // Through the builder, so that the database's driver sees that this only reads.
  const from = (db as unknown as Kysely<Record<string, { id: string }>>)
    .with(
      (name) => name('found').materialized(),
      () => found,
    )
    .selectFrom('found');
  const hits = (later ? from.innerJoin(table, shape.id as `${string}.id`, 'found.id') : from).select([
    'found.id as id',
    sql<number>`(select count(*) from found)`.as('total'),
  ]);
  return inOrder(hits, later ? order : order.map(([, direction, nulls], nth) => [`found.key${nth}`, direction, nulls]));
}

/** The page of a search, or of several flags, or undefined when too much was found to be put in order each time. */
async function foundPage<DB, TB extends keyof DB, O>(
  db: Db,
  query: SelectQueryBuilder<DB, TB, O>,
  options: ListOptions,
  shape: ListShape,
): Promise<Page<Simplify<O>> | undefined> {
  const { limit } = options;
  const hits = hitsOf(db, query, options, shape).limit(limit);
  const read = (page: number) => hits.offset((page - 1) * limit).execute();
  let page = options.page;
  let some = await read(page);
  if (some.length === 0 && page > 1) {
    page = clampPage(page, limit, (await read(1))[0]?.total ?? 0);
    some = await read(page);
  }
  const total = some[0]?.total ?? 0;
  if (total > SORTED) return undefined;
  const rows = await byIds(
    query,
    shape.id,
    some.map((hit) => hit.id),
  );
  return { rows, total, page, limit };
}

/**
 * One page of a table that may have a hundred thousand rows. All columns of its shape are the table's own; for every order there is an index that
 * ends with the usual one and the id, for every flag one that begins with it, and for a search one that holds the text and all flags. `total` says
 * how many rows match, perhaps from memory.
 */
export async function longPage<DB, TB extends keyof DB, O>(
  db: Db,
  query: SelectQueryBuilder<DB, TB, O>,
  options: ListOptions,
  shape: ListShape,
  total: (count: () => Promise<number>) => Promise<number> = (count) => count(),
): Promise<Page<Simplify<O>>> {
  const filters = filtersOf(options, shape).length;
  const indirect = searches(options, shape) || filters > 1;
  const found = indirect ? await foundPage(db, query, options, shape) : undefined;
  if (found) return found;
  const narrowed = (asRead?: Aside) => matching(query, options, shape, asRead);
  const all = await total(() => countRows(narrowed(indirect ? aside(db) : undefined)));
  const { limit } = options;
  const page = clampPage(options.page, limit, all);
  const order = orderOf(options, shape);
  // Many rows match, so a page is soon full in any order; few are put in order after they were found by the filter.
  const rows = await rowsAt(narrowed(all > SORTED ? aside(db) : undefined), { order, id: shape.id, page, limit, total: all });
  return { rows, total: all, page, limit };
}
