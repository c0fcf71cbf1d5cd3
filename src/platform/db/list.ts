import { type SelectQueryBuilder, type Simplify, sql } from 'kysely';
import { clampPage, type ListOptions } from '../http/contract.ts';
import { fold } from '../text.ts';

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

/** One page of a query, the count of everything that matches, and the page it really is (beyond the end is the last one). */
export async function readPage<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  options: ListOptions,
  shape: ListShape,
): Promise<{ rows: Simplify<O>[]; total: number; page: number; limit: number }> {
  const narrowed = matching(query, options, shape);
  const counted: { total?: number } = await narrowed.clearSelect().select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  const total = counted.total ?? 0;
  const page = clampPage(options.page, options.limit, total);
  const asked = options.sort && own(shape.sort, options.sort.column);
  const column = asked === undefined ? shape.order[0] : typeof asked === 'string' ? asked : asked.column;
  const direction = sql.raw((asked === undefined ? undefined : options.sort?.direction) ?? shape.order[1]);
  const nulls = sql.raw(typeof asked === 'object' ? ' nulls last' : '');
  const rows = await narrowed
    .orderBy(sql`${sql.ref(column)} ${direction}${nulls}`)
    .orderBy(sql`${sql.ref(shape.id)} ${direction}`)
    .limit(options.limit)
    .offset((page - 1) * options.limit)
    .execute();
  return { rows, total, page, limit: options.limit };
}
