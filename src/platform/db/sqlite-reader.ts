import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CompiledQuery, QueryResult } from 'kysely';
import type { Statements } from './sqlite-statements.ts';

/**
 * Reads through one connection. What is read in one turn of the event loop is read in one transaction, since taking and giving back SQLite's locks
 * costs a third of a small statement. `forget` ends it early: whoever has just committed, and all who come after, must read what is new.
 */
export class Reader {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  #reading = false;
  #scheduled = false;
  constructor(db: DatabaseSync, statements: Statements) {
    this.#db = db;
    this.#statements = statements;
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
    // A failure may have ended it.
    if (this.#reading && this.#db.isTransaction) return;
    this.#begin.run();
    this.#reading = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.forget();
    });
  }

  forget(): void {
    if (!this.#reading) return;
    this.#reading = false;
    if (this.#db.isOpen && this.#db.isTransaction) this.#end.run();
  }
}
