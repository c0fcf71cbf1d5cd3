import type { DatabaseSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  Transaction,
  type TransactionBuilder,
} from 'kysely';
import { type InPlace, offerInPlace } from './in-place.ts';
import type { Db } from './open.ts';
import type { Slow } from './slow.ts';
import { Reader } from './sqlite-reader.ts';
import { isRead, Statements } from './sqlite-statements.ts';
import { Writer } from './sqlite-writer.ts';
import type { Tables } from './tables.ts';
import { classified } from './unavailable.ts';

interface Options {
  reader: DatabaseSync;
  writer: DatabaseSync;
  onQuery?: (sql: string) => void;
  slow?: Slow;
}

type Reads = Pick<Statements, 'run' | 'firstCells'>;

class Connection implements DatabaseConnection {
  readonly #reader: Reads;
  readonly #writer: Writer;
  readonly #onQuery: ((sql: string) => void) | undefined;
  #inTransaction = false;
  #ended = false;
  constructor(reader: Reads, writer: Writer, onQuery?: (sql: string) => void) {
    this.#reader = reader;
    this.#writer = writer;
    this.#onQuery = onQuery;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#ended) throw new Error('the transaction has ended');
    this.#onQuery?.(query.sql);
    try {
      if (this.#inTransaction) return this.#writer.run<R>(query);
      if (isRead(query)) return this.#reader.run<R>(query);
    } catch (cause) {
      throw classified(cause);
    }
    return this.#writer.alone(() => this.#writer.run<R>(query));
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
    this.#ended = true;
    await this.#writer.keep();
  }

  /** After a commit that failed there is nothing left to roll back. */
  async rollback(): Promise<void> {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    this.#ended = true;
    await this.#writer.undo();
  }
}

/**
 * Kysely passes every statement of a transaction through half a dozen promises, as if a connection had to be fetched for each. Here a transaction
 * has its connection, and what it runs goes there.
 */
class Straight extends Kysely<Tables> {
  readonly #dialect: Dialect;
  readonly #driver: Driver;
  readonly #connect: () => Connection;
  constructor(dialect: Dialect, driver: Driver, connect: () => Connection) {
    super({ dialect });
    this.#dialect = dialect;
    this.#driver = driver;
    this.#connect = connect;
  }

  /** Kysely leaves a driver alone that it has not begun to use itself. */
  override async destroy(): Promise<void> {
    await super.destroy();
    await this.#driver.destroy();
  }

  override transaction(): TransactionBuilder<Tables> {
    return Object.assign(super.transaction(), {
      execute: async <T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> => {
        const connection = this.#connect();
        const executor = this.getExecutor().withConnectionProvider({ provideConnection: (consumer) => consumer(connection) });
        const dialect = this.#dialect;
        const tx = new Transaction<Tables>({ config: { dialect }, dialect, driver: this.#driver, executor });
        offerInPlace(tx, { run: (query) => connection.executeQuery(query) });
        await connection.begin();
        try {
          const result = await work(tx);
          await connection.commit();
          return result;
        } catch (cause) {
          await connection.rollback();
          throw cause;
        }
      },
    });
  }
}

/** The way around Kysely for statements that are built already. */
function inPlaceOver(turns: Writer, reads: Reads, connect: () => Connection, onQuery?: (sql: string) => void): InPlace {
  return {
    run: (query) => connect().executeQuery(query),
    async firstCells(query) {
      onQuery?.(query.sql);
      try {
        return reads.firstCells(query);
      } catch (cause) {
        throw classified(cause);
      }
    },
    together: ([first, ...others]) =>
      turns.alone(() => {
        onQuery?.(first.sql);
        const { rows, numAffectedRows = 0n } = turns.run(first);
        if (rows.length === 0 && numAffectedRows === 0n) return false;
        for (const query of others) {
          onQuery?.(query.sql);
          turns.run(query);
        }
        return true;
      }),
  };
}

/**
 * Reads go through the writing connection while nothing on it waits for its commit, and through the other one else, so that they only see what is
 * durable. SQLite empties a connection's cache whenever another connection has committed: the reading one begins from the disk each time.
 */
const readingFrom = (turns: Writer, apart: Reader): Reads => ({
  run: (query) => (turns.open ? apart : turns.reader).run(query),
  firstCells: (query) => (turns.open ? apart : turns.reader).firstCells(query),
});

/** Kysely over `node:sqlite`: one reading and one writing connection to the same file (the same one when the database is in memory). */
export function kyselyOverSqlite({ reader, writer, onQuery, slow }: Options): Db {
  const apart = reader === writer ? undefined : new Reader(reader, new Statements(reader, slow));
  const turns = new Writer(writer, { onCommit: () => apart?.forget(), slow });
  const reads = apart ? readingFrom(turns, apart) : turns.statements;
  const connect = () => new Connection(reads, turns, onQuery);
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => connect(),
    beginTransaction: (connection) => (connection as Connection).begin(),
    commitTransaction: (connection) => (connection as Connection).commit(),
    rollbackTransaction: (connection) => (connection as Connection).rollback(),
    releaseConnection: async () => {},
    destroy: async () => {
      if (!writer.isOpen) return;
      // The writer last: only the last connection of a file writes its log back and removes it.
      if (apart) reader.close();
      turns.close();
    },
  };
  const dialect: Dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  const db = new Straight(dialect, driver, connect);
  offerInPlace(db, inPlaceOver(turns, reads, connect, onQuery));
  return db;
}
