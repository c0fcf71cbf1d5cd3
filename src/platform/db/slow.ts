import type { DatabaseSync } from 'node:sqlite';

/** What hears of statements that take long. */
export interface Slow {
  /** Milliseconds from which on a statement is told. */
  from: number;
  /** Gets the SQL without the values that were bound to it. */
  tell(sql: string, milliseconds: number): void;
}

/** To be called where a statement ends, with the `performance.now()` of its beginning. */
export function tellIfSlow({ from, tell }: Slow, sql: string, began: number): void {
  const took = performance.now() - began;
  if (took >= from) tell(sql, took);
}

/** Measures every statement of a connection where it runs, whoever prepares it: on SQLite all requests wait for it meanwhile. */
export function watched(db: DatabaseSync, slow: Slow): DatabaseSync {
  const prepare = db.prepare.bind(db);
  db.prepare = (sql) => {
    const statement = prepare(sql);
    for (const name of ['all', 'get', 'run'] as const) {
      const method = statement[name].bind(statement) as (...values: unknown[]) => never;
      statement[name] = (...values: unknown[]) => {
        const began = performance.now();
        try {
          return method(...values);
        } finally {
          tellIfSlow(slow, sql, began);
        }
      };
    }
    return statement;
  };
  return db;
}
