import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CompiledQuery, QueryResult } from 'kysely';
import { Statements } from './sqlite-statements.ts';

/**
 * The reading connection. What is read in one turn of the event loop is read in one transaction, since taking and giving back SQLite's locks costs
 * a third of a small statement. `forget` ends it early: whoever has just committed, and all who come after, must read what is new.
 */
export class Reader {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  #scheduled = false;
  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = new Statements(db);
    this.#begin = db.prepare('begin');
    this.#end = db.prepare('commit');
  }

  run<R>(query: CompiledQuery): QueryResult<R> {
    this.#open();
    return this.#statements.run<R>(query);
  }

  firstCells(query: CompiledQuery): unknown[] | undefined {
    this.#open();
    return this.#statements.firstCells(query);
  }

  #open(): void {
    if (this.#db.isTransaction) return;
    this.#begin.run();
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.forget();
    });
  }

  forget(): void {
    if (this.#db.isOpen && this.#db.isTransaction) this.#end.run();
  }

  close(): void {
    this.#db.close();
  }
}
