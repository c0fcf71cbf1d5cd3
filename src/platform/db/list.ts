import { type SelectQueryBuilder, type Simplify, sql } from 'kysely';
import { clampPage, type ListOptions } from '../http/contract.ts';
import { fold } from '../text.ts';

/** What a list may be sorted and filtered by; a name that is not here is ignored, so no column is reached that was not meant. */
export interface ListShape {
  /**
   * Public name → column. One that may be null says where its nulls are: `least` (first ascending, last descending, which is how SQLite has them in
   * an index) or `last` in both directions. PostgreSQL would have them as the greatest.
   */
  sort: Readonly<Record<string, string | { column: string; nulls: 'least' | 'last' }>>;
  /** Public name → column and how its text is read. The one that leaves the fewest rows stands first. */
  filters?: Readonly<Record<string, { column: string; kind: 'flag' | 'text' }>>;
  /** A column of folded text (`searchKey`). */
  search?: string;
  /** The order when none is asked for. */
  order: readonly [column: string, direction: 'asc' | 'desc'];
  /** A unique column: makes every order a stable one. */
  id: string;
}

/** One page, how many rows there are on all of them, and the page it really is (beyond the end is the last one). */
export interface Page<R> {
  rows: R[];
  total: number;
  page: number;
  limit: number;
}

const flag = (text: string) => (text === 'true' || text === '1' ? 1 : text === 'false' || text === '0' ? 0 : -1);
const own = <T>(table: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  table && Object.hasOwn(table, key) ? table[key] : undefined;

/** The search text as a LIKE pattern that finds it anywhere, its own wildcards taken literally. Use with `escape '\'`. */
export const containing = (text: string): string => `%${fold(text).replace(/[\\%_]/g, '\\$&')}%`;

export const searches = (options: ListOptions, shape: ListShape): boolean => shape.search !== undefined && options.search.trim() !== '';
/** Everything is asked for, in the order it has by itself. */
export const isWhole = ({ search, sort, filters }: ListOptions): boolean =>
  search.trim() === '' && !sort && Object.keys(filters).length === 0;
/** The filters of the options that the list has, in the order of its shape. */
export const filtersOf = (options: ListOptions, shape: ListShape) =>
  Object.entries(shape.filters ?? {}).flatMap(([name, filter]) => {
    const values = own(options.filters, name);
    return values ? [{ column: filter.column, values: filter.kind === 'flag' ? values.map(flag) : values }] : [];
  });

/** Stands for the rows that match: the same key, the same rows. */
export const countKey = (options: ListOptions, shape: ListShape): string =>
  JSON.stringify([searches(options, shape) ? fold(options.search) : '', filtersOf(options, shape)]);

/** Narrows a query to what the options ask for. `asRead`: how the column of the nth filter is written. */
export function matching<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  options: ListOptions,
  shape: ListShape,
  asRead: (column: string, nth: number) => ReturnType<typeof sql.ref> = (column) => sql.ref(column),
): SelectQueryBuilder<DB, TB, O> {
  let narrowed = query;
  for (const [nth, { column, values }] of filtersOf(options, shape).entries())
    narrowed = narrowed.where(sql<boolean>`${asRead(column, nth)} in (${sql.join(values)})`);
  if (shape.search === undefined || !searches(options, shape)) return narrowed;
  return narrowed.where(sql<boolean>`${sql.ref(shape.search)} like ${containing(options.search)} escape '\\'`);
}

/** Columns, each with its direction. */
export type Order = readonly (readonly [column: string, direction: 'asc' | 'desc', nulls?: 'first' | 'last'])[];

/** The column that was asked for, if it may be; then when it was made, then the id: the same order every time, and one an index can have. */
export function orderOf(options: ListOptions, { sort, order: [made, usual], id }: ListShape): Order {
  const asked = options.sort && own(sort, options.sort.column);
  const direction = asked === undefined ? usual : (options.sort?.direction ?? 'asc');
  const rest: Order = [
    [made, direction],
    [id, direction],
  ];
  if (asked === undefined || asked === made) return rest;
  if (typeof asked === 'string') return [[asked, direction], ...rest];
  return [[asked.column, direction, asked.nulls === 'least' && direction === 'asc' ? 'first' : 'last'], ...rest];
}

/** The same from the other end. */
export const reversed = (order: Order): Order =>
  order.map(([column, direction, nulls]) => [column, direction === 'asc' ? 'desc' : 'asc', nulls && (nulls === 'last' ? 'first' : 'last')]);

export const inOrder = <DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>, order: Order): SelectQueryBuilder<DB, TB, O> =>
  order.reduce(
    (ordered, [column, direction, nulls]) =>
      ordered.orderBy(sql`${sql.ref(column)} ${sql.raw(nulls ? `${direction} nulls ${nulls}` : direction)}`),
    query,
  );

/** How many rows a query has. */
export async function countRows<DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>): Promise<number> {
  const counted: { total?: number } = await query.clearSelect().select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return counted.total ?? 0;
}

/** One page of a list that is never long: thousands of rows, not a hundred thousand (`longPage`). */
export async function readPage<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  options: ListOptions,
  shape: ListShape,
): Promise<Page<Simplify<O>>> {
  const narrowed = matching(query, options, shape);
  const total = await countRows(narrowed);
  const { limit } = options;
  const page = clampPage(options.page, limit, total);
  const rows = await inOrder(narrowed, orderOf(options, shape))
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  return { rows, total, page, limit };
}
