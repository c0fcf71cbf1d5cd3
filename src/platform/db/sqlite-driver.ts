import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
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

/** How long a writer may wait for its turn before the request fails rather than hangs. */
const TURN_TIMEOUT_MS = 10_000;
/** Transactions that share one commit, hence one fsync. */
const BATCH_LIMIT = 128;

/** `node:sqlite` takes a `Date` or object passed first as the named-parameter bag and stores a shifted row: refuse instead. */
function bindable(values: readonly unknown[]): SQLInputValue[] {
  for (const v of values) {
    if (v === null || typeof v === 'string' || typeof v === 'number' || typeof v === 'bigint' || v instanceof Uint8Array) continue;
    throw new TypeError(`a ${v === undefined ? 'missing value' : typeof v} cannot be stored: only text, numbers, bytes and null`);
  }
  return values as SQLInputValue[];
}

class Statements {
  readonly #db: DatabaseSync;
  readonly #cache = new Map<string, StatementSync>();
  constructor(db: DatabaseSync) {
    this.#db = db;
  }
  run<R>(query: CompiledQuery): QueryResult<R> {
    let statement = this.#cache.get(query.sql);
    if (!statement) {
      statement = this.#db.prepare(query.sql);
      if (this.#cache.size > 500) this.#cache.clear();
      this.#cache.set(query.sql, statement);
    }
    const values = bindable(query.parameters);
    if (returnsRows(query, statement)) return { rows: statement.all(...values) as R[] };
    const { changes } = statement.run(...values);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }
}

const isRead = ({ query, sql }: CompiledQuery) =>
  query.kind === 'SelectQueryNode' || (query.kind === 'RawNode' && /^\s*(select|pragma|explain)/i.test(sql));
const returnsRows = (query: CompiledQuery, statement: StatementSync) => isRead(query) || statement.columns().length > 0;

interface Turn {
  start: () => void;
  fail: (cause: unknown) => void;
}

/**
 * One writer, taken in turns. Each transaction is a savepoint inside a shared outer transaction; when nobody waits any more (or the batch is
 * full) the outer one commits, and only then does any of them learn that it succeeded. So a single request commits at once, and sixty-four at
 * the same time share one fsync: an acknowledged write is on the disk either way.
 */
class Writer {
  readonly db: DatabaseSync;
  readonly statements: Statements;
  readonly #waiting: Turn[] = [];
  #busy = false;
  #open = false;
  #batch: { done: () => void; fail: (cause: unknown) => void }[] = [];
  constructor(db: DatabaseSync) {
    this.db = db;
    this.statements = new Statements(db);
  }

  /** Resolves when it is the caller's turn; the caller must call `keep` or `undo`. */
  async turn(): Promise<void> {
    if (!this.#busy) {
      this.#busy = true;
    } else {
      await new Promise<void>((resolve, reject) => {
        const turn: Turn = { start: resolve, fail: reject };
        const timer = setTimeout(() => {
          this.#waiting.splice(this.#waiting.indexOf(turn), 1);
          reject(new Error('the database writer was busy for too long'));
        }, TURN_TIMEOUT_MS);
        turn.start = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#waiting.push(turn);
      });
    }
    try {
      if (!this.#open) {
        this.db.exec('begin immediate');
        this.#open = true;
      }
      this.db.exec('savepoint turn');
    } catch (cause) {
      this.#next();
      throw cause;
    }
  }

  /** Ends the turn; resolves when the work is durable. */
  keep(): Promise<void> {
    try {
      this.db.exec('release turn');
    } catch (cause) {
      this.#abandon(cause);
      this.#next();
      throw cause;
    }
    return new Promise((done, fail) => {
      this.#batch.push({ done, fail });
      this.#next();
    });
  }

  undo(): void {
    try {
      this.db.exec('rollback to turn; release turn');
    } catch (cause) {
      // A full disk or an I/O error rolls the whole transaction back on its own; those who shared it must not be told that they succeeded.
      this.#abandon(cause);
    }
    this.#next();
  }

  #abandon(cause: unknown): void {
    if (this.db.isTransaction) this.db.exec('rollback');
    this.#open = false;
    const batch = this.#batch;
    this.#batch = [];
    for (const member of batch) member.fail(cause);
  }

  #next(): void {
    const next = this.#batch.length < BATCH_LIMIT ? this.#waiting.shift() : undefined;
    if (next) return next.start();
    if (this.#open) {
      try {
        this.db.exec('commit');
        this.#open = false;
        const batch = this.#batch;
        this.#batch = [];
        for (const member of batch) member.done();
      } catch (cause) {
        this.#abandon(cause);
      }
    }
    const later = this.#waiting.shift();
    if (later) later.start();
    else this.#busy = false;
  }
}

class Connection implements DatabaseConnection {
  readonly #reader: Statements;
  readonly #writer: Writer;
  readonly #onQuery: ((sql: string) => void) | undefined;
  inTransaction = false;
  constructor(reader: Statements, writer: Writer, onQuery?: (sql: string) => void) {
    this.#reader = reader;
    this.#writer = writer;
    this.#onQuery = onQuery;
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    this.#onQuery?.(query.sql);
    if (this.inTransaction) return this.#writer.statements.run<R>(query);
    if (isRead(query)) return this.#reader.run<R>(query);
    await this.#writer.turn();
    let result: QueryResult<R>;
    try {
      result = this.#writer.statements.run<R>(query);
    } catch (cause) {
      this.#writer.undo();
      throw cause;
    }
    await this.#writer.keep();
    return result;
  }
  // biome-ignore lint/correctness/useYield: nothing here streams; Kysely asks for the method.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming is not supported');
  }
  async begin() {
    await this.#writer.turn();
    this.inTransaction = true;
  }
  async commit() {
    this.inTransaction = false;
    await this.#writer.keep();
  }
  async rollback() {
    if (!this.inTransaction) return;
    this.inTransaction = false;
    this.#writer.undo();
  }
}

/** Kysely over `node:sqlite`: one reading and one writing connection to the same file (the same one when the database is in memory). */
export function nodeSqliteDialect(options: { reader: DatabaseSync; writer: DatabaseSync; onQuery?: (sql: string) => void }): Dialect {
  const writer = new Writer(options.writer);
  const reader = options.reader === options.writer ? writer.statements : new Statements(options.reader);
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => new Connection(reader, writer, options.onQuery),
    beginTransaction: (c) => (c as Connection).begin(),
    commitTransaction: (c) => (c as Connection).commit(),
    rollbackTransaction: (c) => (c as Connection).rollback(),
    releaseConnection: async () => {},
    destroy: async () => {
      if (options.reader !== options.writer) options.reader.close();
      options.writer.close();
    },
  };
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}
