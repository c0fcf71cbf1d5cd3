import { type Kysely, type SelectQueryBuilder, type Simplify, sql } from 'kysely';
import { clampPage, type ListOptions } from '../http/contract.ts';
import { fold } from '../text.ts';
import type { Db } from './open.ts';

/** What a list may be sorted and filtered by; a name that is not here is ignored, so no column is reached that was not meant. */
export interface ListShape {
  /** Public name → column, `nullable` when it may be null (then last, in both directions). */
  sort: Readonly<Record<string, string | { column: string; nullable: true }>>;
  /** Public name → column and how its text is read. */
  filters?: Readonly<Record<string, { column: string; kind: 'flag' | 'text' }>>;
  /** A column of folded text (`searchKey`). */
  search?: string;
  /** The order when none is asked for. */
  order: readonly [column: string, direction: 'asc' | 'desc'];
  /** A unique column: makes every order a stable one. */
  id: string;
}

const flag = (text: string) => (text === 'true' || text === '1' ? 1 : text === 'false' || text === '0' ? 0 : -1);
const own = <T>(table: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  table && Object.hasOwn(table, key) ? table[key] : undefined;

/** The search text as a LIKE pattern that finds it anywhere, its own wildcards taken literally. Use with `escape '\'`. */
export const containing = (text: string): string => `%${fold(text).replace(/[\\%_]/g, '\\$&')}%`;

/** Narrows a query to what the options ask for. */
export function matching<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  options: ListOptions,
  shape: ListShape,
): SelectQueryBuilder<DB, TB, O> {
  let narrowed = query;
  for (const [name, values] of Object.entries(options.filters)) {
    const filter = own(shape.filters, name);
    if (!filter) continue;
    const list = filter.kind === 'flag' ? values.map(flag) : values;
    narrowed = narrowed.where(sql<boolean>`${sql.ref(filter.column)} in (${sql.join(list)})`);
  }
  if (shape.search && options.search.trim() !== '') {
    narrowed = narrowed.where(sql<boolean>`${sql.ref(shape.search)} like ${containing(options.search)} escape '\\'`);
  }
  return narrowed;
}

interface Order {
  column: string;
  direction: 'asc' | 'desc';
  nulls: string;
}

/** The column that was asked for, if it may be; then when it was made, then the id: the same order every time, and one an index can have. */
const orderOf = (options: ListOptions, shape: ListShape): Order => {
  const asked = options.sort && own(shape.sort, options.sort.column);
  if (asked === undefined) return { column: shape.order[0], direction: shape.order[1], nulls: '' };
  const direction = options.sort?.direction ?? 'asc';
  return typeof asked === 'string' ? { column: asked, direction, nulls: '' } : { column: asked.column, direction, nulls: ' nulls last' };
};

/** How many rows a query has once it is narrowed to what the options ask for. */
export async function countMatching<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  options: ListOptions,
  shape: ListShape,
): Promise<number> {
  const narrowed = matching(query, options, shape).clearSelect();
  const counted: { total?: number } = await narrowed.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return counted.total ?? 0;
}

/**
 * One page of a query, the count of everything that matches, and the page it really is (beyond the end is the last one). `count` stands in where
 * the query itself would be counted at too great a cost.
 */
export async function readPage<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  options: ListOptions,
  shape: ListShape,
  count: () => Promise<number> = () => countMatching(query, options, shape),
): Promise<{ rows: Simplify<O>[]; total: number; page: number; limit: number }> {
  const narrowed = matching(query, options, shape);
  const total = await count();
  const page = clampPage(options.page, options.limit, total);
  const { column, direction, nulls } = orderOf(options, shape);
  const by = sql.raw(direction);
  let ordered = narrowed.orderBy(sql`${sql.ref(column)} ${by}${sql.raw(nulls)}`);
  if (column !== shape.order[0]) ordered = ordered.orderBy(sql`${sql.ref(shape.order[0])} ${by}`);
  const rows = await ordered
    .orderBy(sql`${sql.ref(shape.id)} ${by}`)
    .limit(options.limit)
    .offset((page - 1) * options.limit)
    .execute();
  return { rows, total, page, limit: options.limit };
}

/**
 * The same for a search in a large table. What matches is found once, in an index that holds the searched text, the time and the id, and put in
 * order afterwards: going through the table in that order until a page is full would read all of it when little or nothing matches.
 */
export async function searchPage<DB, TB extends keyof DB, O>(
  db: Db,
  query: SelectQueryBuilder<DB, TB, O>,
  options: ListOptions,
  shape: ListShape,
): Promise<{ rows: Simplify<O>[]; total: number; page: number; limit: number }> {
  if (options.search.trim() === '') return readPage(query, options, shape);
  const { column, direction, nulls } = orderOf(options, shape);
  const found = matching(query, options, shape)
    .clearSelect()
    .select([sql`${sql.ref(shape.id)}`.as('id'), sql`${sql.ref(column)}`.as('sorted'), sql`${sql.ref(shape.order[0])}`.as('made')]);
  const by = sql.raw(direction);
  // Through the builder, so that the database's driver sees that this only reads.
  const hitsOf = (db as unknown as Kysely<{ found: { id: string; sorted: unknown; made: number } }>)
    .with(
      (name) => name('found').materialized(),
      () => found as unknown as SelectQueryBuilder<never, never, { id: string; sorted: unknown; made: number }>,
    )
    .selectFrom('found')
    .select(['id', sql<number>`(select count(*) from found)`.as('total')])
    .orderBy(sql`sorted ${by}${sql.raw(nulls)}`)
    .orderBy(sql`made ${by}`)
    .orderBy(sql`id ${by}`)
    .limit(options.limit);
  const read = (page: number) => hitsOf.offset((page - 1) * options.limit).execute();
  let hits = await read(options.page);
  let page = options.page;
  if (hits.length === 0 && page > 1) {
    const total = (await read(1))[0]?.total ?? 0;
    page = clampPage(options.page, options.limit, total);
    hits = await read(page);
  }
  const ids = hits.map((hit) => hit.id);
  const rows = ids.length === 0 ? [] : await query.where(sql<boolean>`${sql.ref(shape.id)} in (${sql.join(ids)})`).execute();
  const placeOf = new Map(ids.map((id, i) => [id, i]));
  const place = (row: unknown) => placeOf.get((row as { id: string }).id) ?? 0;
  return { rows: rows.sort((a, b) => place(a) - place(b)), total: hits[0]?.total ?? 0, page, limit: options.limit };
}
