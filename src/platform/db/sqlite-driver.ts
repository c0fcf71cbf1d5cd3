import type { DatabaseSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { InPlace } from './in-place.ts';
import { Reader } from './sqlite-reader.ts';
import { isRead, type Statements } from './sqlite-statements.ts';
import { Writer } from './sqlite-writer.ts';
import { classified } from './unavailable.ts';

interface Options {
  reader: DatabaseSync;
  writer: DatabaseSync;
  onQuery?: (sql: string) => void;
}

type Reads = Pick<Statements, 'run' | 'firstCells'>;

class Connection implements DatabaseConnection {
  readonly #reader: Reads;
  readonly #writer: Writer;
  readonly #onQuery: ((sql: string) => void) | undefined;
  #inTransaction = false;
  constructor(reader: Reads, writer: Writer, onQuery?: (sql: string) => void) {
    this.#reader = reader;
    this.#writer = writer;
    this.#onQuery = onQuery;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    this.#onQuery?.(query.sql);
    try {
      if (this.#inTransaction) return this.#writer.run<R>(query);
      if (isRead(query)) return this.#reader.run<R>(query);
    } catch (cause) {
      throw classified(cause);
    }
    return this.#alone(query);
  }

  /** One statement is a transaction of its own. */
  async #alone<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await this.#writer.turn();
    let result: QueryResult<R>;
    try {
      result = this.#writer.run<R>(query);
    } catch (cause) {
      await this.#writer.undo();
      throw classified(cause);
    }
    await this.#writer.keep();
    return result;
  }

  // biome-ignore lint/correctness/useYield: nothing here streams; Kysely asks for the method.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming is not supported');
  }

  async begin(): Promise<void> {
    await this.#writer.turn();
    this.#inTransaction = true;
  }

  async commit(): Promise<void> {
    this.#inTransaction = false;
    await this.#writer.keep();
  }

  /** After a commit that failed there is nothing left to roll back. */
  async rollback(): Promise<void> {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    await this.#writer.undo();
  }
}

/**
 * Kysely over `node:sqlite`: one reading and one writing connection to the same file (the same one when the database is in memory). `inPlace` is
 * the way around Kysely for statements that are built already.
 */
export function nodeSqlite({ reader, writer, onQuery }: Options): { dialect: Dialect; inPlace: InPlace } {
  const apart = reader === writer ? undefined : new Reader(reader);
  const turns = new Writer(writer, () => apart?.forget());
  const reads: Reads = apart ?? turns.statements;
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => new Connection(reads, turns, onQuery),
    beginTransaction: (connection) => (connection as Connection).begin(),
    commitTransaction: (connection) => (connection as Connection).commit(),
    rollbackTransaction: (connection) => (connection as Connection).rollback(),
    releaseConnection: async () => {},
    destroy: async () => {
      // The writer last: only the last connection of a file writes its log back and removes it.
      apart?.close();
      turns.close();
    },
  };
  const inPlace: InPlace = {
    run<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      return new Connection(reads, turns, onQuery).executeQuery<R>(query);
    },
    async firstCells(query) {
      onQuery?.(query.sql);
      try {
        return reads.firstCells(query);
      } catch (cause) {
        throw classified(cause);
      }
    },
    async together([first, ...others]) {
      if (!turns.turnNow()) await turns.turn();
      try {
        onQuery?.(first.sql);
        const { rows, numAffectedRows = 0n } = turns.run(first);
        if (rows.length === 0 && numAffectedRows === 0n) {
          await turns.undo();
          return false;
        }
        for (const query of others) {
          onQuery?.(query.sql);
          turns.run(query);
        }
      } catch (cause) {
        await turns.undo();
        throw classified(cause);
      }
      await turns.keep();
      return true;
    },
  };
  const dialect: Dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return { dialect, inPlace };
}
