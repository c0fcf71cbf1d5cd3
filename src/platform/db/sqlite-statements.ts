import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { CompiledQuery, QueryResult } from 'kysely';
import { measured, type Slow } from './slow.ts';

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
  /** The columns of its rows; undefined when it returns none. */
  names: readonly string[] | undefined;
}

/** `node:sqlite` would make objects without a shape, of which each property is looked up by its name: reading them costs more than finding them. */
const rowOf = (names: readonly string[], cells: readonly unknown[]): Record<string, unknown> => {
  const row: Record<string, unknown> = {};
  for (let i = 0; i < names.length; i++) row[names[i] as string] = cells[i];
  return row;
};

/** The statements of one connection, each prepared once. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #slow: Slow | undefined;
  readonly #known = new Map<string, Known>();
  constructor(db: DatabaseSync, slow?: Slow) {
    this.#db = db;
    this.#slow = slow;
  }

  #prepared(query: CompiledQuery): Known {
    let known = this.#known.get(query.sql);
    if (!known) {
      const statement = this.#db.prepare(query.sql);
      const names = statement.columns().map((column) => column.name);
      statement.setReturnArrays(true);
      known = { statement, names: names.length > 0 ? names : undefined };
      if (this.#known.size >= MOST) this.#known.clear();
      this.#known.set(query.sql, known);
    }
    return known;
  }

  run<R>(query: CompiledQuery): QueryResult<R> {
    const { statement, names } = this.#prepared(query);
    const values = bindable(query.parameters);
    if (names) {
      const rows = measured(this.#slow, query.sql, () => statement.all(...values)) as unknown as unknown[][];
      return { rows: rows.map((cells) => rowOf(names, cells)) as R[] };
    }
    const { changes } = measured(this.#slow, query.sql, () => statement.run(...values));
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  /** The first row's values in the order of the statement's columns; an object for a row of fifty costs as much as finding it. */
  firstCells(query: CompiledQuery): unknown[] | undefined {
    const { statement } = this.#prepared(query);
    const values = bindable(query.parameters);
    return measured(this.#slow, query.sql, () => statement.get(...values)) as unknown[] | undefined;
  }
}
