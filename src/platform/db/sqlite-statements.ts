import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { CompiledQuery, QueryResult } from 'kysely';

/** Prepared statements kept; the program has fewer, but lists are built from what a client asked for. */
const MOST = 500;

/** `node:sqlite` takes a `Date` or object passed first as the named-parameter bag and stores a shifted row, and NaN as null: refuse instead. */
function bindable(values: readonly unknown[]): SQLInputValue[] {
  for (const value of values) {
    if (value === null || typeof value === 'string' || typeof value === 'bigint' || value instanceof Uint8Array) continue;
    if (typeof value === 'number' && Number.isFinite(value)) continue;
    throw new TypeError(
      `a ${value === undefined ? 'missing value' : typeof value} cannot be stored: only text, finite numbers, bytes and null`,
    );
  }
  return values as SQLInputValue[];
}

/** Whether a query changes nothing, so that the reading connection may run it. */
export const isRead = ({ query, sql }: CompiledQuery): boolean =>
  query.kind === 'SelectQueryNode' || (query.kind === 'RawNode' && /^\s*(?:select|pragma|explain)/i.test(sql));

interface Known {
  statement: StatementSync;
  returnsRows: boolean;
}

/** The statements of one connection, each prepared once. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #asObjects = new Map<string, Known>();
  readonly #asCells = new Map<string, Known>();
  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  #prepared(query: CompiledQuery, cache: Map<string, Known>): Known {
    let known = cache.get(query.sql);
    if (!known) {
      const statement = this.#db.prepare(query.sql);
      if (cache === this.#asCells) statement.setReturnArrays(true);
      known = { statement, returnsRows: isRead(query) || statement.columns().length > 0 };
      if (cache.size >= MOST) cache.clear();
      cache.set(query.sql, known);
    }
    return known;
  }

  run<R>(query: CompiledQuery): QueryResult<R> {
    const { statement, returnsRows } = this.#prepared(query, this.#asObjects);
    const values = bindable(query.parameters);
    if (returnsRows) return { rows: statement.all(...values) as R[] };
    const { changes } = statement.run(...values);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  /** The first row's values in the order of the statement's columns; an object for a row of fifty costs as much as finding it. */
  firstCells(query: CompiledQuery): unknown[] | undefined {
    const { statement } = this.#prepared(query, this.#asCells);
    return statement.get(...bindable(query.parameters)) as unknown[] | undefined;
  }
}
