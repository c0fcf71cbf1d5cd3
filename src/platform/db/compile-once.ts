import type { Compilable, CompiledQuery, QueryResult } from 'kysely';
import { run } from './in-place.ts';
import type { Db } from './open.ts';
import type { NewRow, Tables } from './tables.ts';

/** Holds a value's place while a statement is compiled. */
class Slot {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}
/** Any property is the slot of its name. */
const slots = new Proxy({} as Record<string, Slot>, { get: (_, name) => new Slot(String(name)) });

/** One statement for each database it is used with; a transaction is its database's. */
function perDatabase(compile: (db: Db) => CompiledQuery) {
  const known = new WeakMap<object, CompiledQuery>();
  return (db: Db): CompiledQuery => {
    const { adapter } = db.getExecutor();
    let statement = known.get(adapter);
    if (!statement) {
      statement = compile(db);
      known.set(adapter, statement);
    }
    return statement;
  };
}

/** A statement of a hot path: built once, then only given its values. */
export interface Prepared<V, R> {
  (db: Db, values: V): Promise<QueryResult<R>>;
  /** The statement with its values, to be run `together` with others. */
  with(db: Db, values: V): CompiledQuery<R>;
}

function prepared<V, R>(bound: (db: Db, values: V) => CompiledQuery<R>): Prepared<V, R> {
  return Object.assign((db: Db, values: V) => run<R>(db, bound(db, values)), { with: bound });
}

const filled = (statement: CompiledQuery, named: (name: string) => unknown): CompiledQuery => {
  const { sql, query, queryId } = statement;
  const parameters = statement.parameters.slice();
  for (let i = 0; i < parameters.length; i++) if (parameters[i] instanceof Slot) parameters[i] = named((parameters[i] as Slot).name);
  return { sql, query, queryId, parameters };
};

/**
 * A statement of a hot path: Kysely builds it once, and each call only binds values, since building costs more than most statements take. A
 * value may be null where it is stored, never where it is compared with.
 */
export function compileOnce<V extends Record<string, string | number | null>, R>(
  build: (db: Db, values: V) => Compilable<R>,
): Prepared<V, R> {
  const statementOf = perDatabase((db) => build(db, slots as unknown as V).compile());
  return prepared((db, values) => filled(statementOf(db), (name) => values[name]) as CompiledQuery<R>);
}

/** A page has at most so many rows; longer lists are built anew. */
const MOST_IDS = 128;

/** The same for a statement about a list of ids, of which there is one for each length. */
export function compileForEach<R>(build: (db: Db, ids: string[]) => Compilable<R>): (db: Db, ids: readonly string[]) => Promise<R[]> {
  const bySize = new Map<number, (db: Db) => CompiledQuery>();
  return async (db, ids) => {
    if (ids.length > MOST_IDS) return (await db.executeQuery<R>(build(db, [...ids]).compile())).rows;
    let statementOf = bySize.get(ids.length);
    if (!statementOf) {
      const places = ids.map((_, i) => new Slot(String(i)));
      statementOf = perDatabase((of) => build(of, places as unknown as string[]).compile());
      bySize.set(ids.length, statementOf);
    }
    return (
      await run<R>(
        db,
        filled(statementOf(db), (name) => ids[Number(name)]),
      )
    ).rows;
  };
}

/** The same for inserting whole rows, several in one statement. Rows have exactly these columns. */
export function insertOnce<T extends keyof Tables, C extends keyof NewRow<T> & string>(
  table: T,
  columns: readonly C[],
): Prepared<readonly Pick<NewRow<T>, C>[], unknown> {
  const bySize = new Map<number, (db: Db) => CompiledQuery>();
  return prepared((db, rows) => {
    let statementOf = bySize.get(rows.length);
    if (!statementOf) {
      const row = Object.fromEntries(columns.map((column) => [column, new Slot(column)]));
      statementOf = perDatabase((of) =>
        of
          .insertInto(table)
          .values(rows.map(() => row) as never)
          .compile(),
      );
      bySize.set(rows.length, statementOf);
    }
    const { sql, query, queryId } = statementOf(db);
    const parameters: unknown[] = [];
    for (const row of rows) for (const column of columns) parameters.push(row[column]);
    return { sql, query, queryId, parameters };
  });
}
