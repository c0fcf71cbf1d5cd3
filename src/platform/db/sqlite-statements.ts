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

/** The statements of one connection, each prepared once. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #cache = new Map<string, { statement: StatementSync; returnsRows: boolean }>();
  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  run<R>(query: CompiledQuery): QueryResult<R> {
    let known = this.#cache.get(query.sql);
    if (!known) {
      const statement = this.#db.prepare(query.sql);
      known = { statement, returnsRows: isRead(query) || statement.columns().length > 0 };
      if (this.#cache.size >= MOST) this.#cache.clear();
      this.#cache.set(query.sql, known);
    }
    const values = bindable(query.parameters);
    if (known.returnsRows) return { rows: known.statement.all(...values) as R[] };
    const { changes } = known.statement.run(...values);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }
}
