import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresDialect,
  type QueryResult,
  sql,
  type TransactionBuilder,
} from 'kysely';
import { Client, DatabaseError, Pool, type PoolConfig, types } from 'pg';
import { StartError } from '../start-error.ts';
import { untilItWins } from './conflicts.ts';
import { migrate, standsAt } from './migrate.ts';
import type { Database, Db, OpenOptions } from './open.ts';
import { createPulse } from './pulse.ts';
import { tellIfSlow } from './slow.ts';
import type { Tables } from './tables.ts';
import { classified, DatabaseUnavailable, meansUnavailable } from './unavailable.ts';

/** 20 is PostgreSQL's int8: times and counts, all far below 2^53. */
types.setTypeParser(20, Number);

/** No statement runs, and no transaction idles, longer than a client would wait. */
const LIMITS: PoolConfig = {
  max: 20,
  idleTimeoutMillis: 30_000,
  statement_timeout: 15_000,
  query_timeout: 20_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 20_000,
};

/** Within what time a new connection tells whether the server is there. */
const PROBE_MS = 2000;

function poolOf(connectionString: string, limits: PoolConfig): Pool {
  const pool = new Pool({ connectionString, connectionTimeoutMillis: 10_000, keepAlive: true, application_name: 'pocket-id', ...limits });
  // An idle connection that breaks must not end the process; the next query gets a fresh one.
  pool.on('error', () => {});
  // Nor may one that breaks between two statements of a transaction, which the pool does not listen to: its next statement is refused.
  pool.on('connect', (client) => void client.on('error', () => {}));
  return pool;
}

/** A server that refuses a connection, or has no more of them, has answered. */
async function askWhetherThere(connectionString: string): Promise<void> {
  const client = new Client({ connectionString, connectionTimeoutMillis: PROBE_MS, application_name: 'pocket-id probe' });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (cause) {
    if (!(cause instanceof DatabaseError)) throw cause;
  } finally {
    client.end().catch(() => {});
  }
}

/** Kysely leaves a pool alone that it has not begun to use. */
async function ended(db: Kysely<Tables>, pool: Pool): Promise<void> {
  await db.destroy();
  if (!pool.ending) await pool.end();
}

/** Opens a pool of connections. */
export async function openPostgres(connectionString: string, { clock, onQuery, slow, visit }: OpenOptions): Promise<Database> {
  const pulse = createPulse(() => askWhetherThere(connectionString));
  const pool = poolOf(connectionString, { ...LIMITS, stream: pulse.socket });
  const over = (connections: Pool) =>
    new Persistent({ dialect: guarded(new PostgresDialect({ pool: connections }), { onQuery, slow, pulse }) });
  const db = over(pool);
  /** Over a connection without limits: a table of years takes longer than any request may, and so does the replica that waits for its turn. */
  const bringUpToDate = async () => {
    const patient = over(poolOf(connectionString, { max: 1 }));
    await migrate({ db: patient, kind: 'postgres' }, clock).finally(() => patient.destroy());
  };
  let closed: Promise<void> | undefined;
  const database: Database = {
    db,
    kind: 'postgres',
    close: () => (closed ??= ended(db, pool).finally(pulse.stop)),
    async diagnose() {
      const { rows } = await sql<
        Record<string, string>
      >`select version() as server, current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
        current_setting('statement_timeout') as statement_timeout, current_setting('application_name') as application_name`.execute(db);
      return rows[0] ?? {};
    },
  };
  try {
    await connects(pool);
    await keepsAnyText(db);
    if (visit) await standsAt(db);
    else await bringUpToDate();
    return database;
  } catch (cause) {
    await database.close();
    const said = cause instanceof DatabaseUnavailable ? cause.cause : cause;
    throw MAY_NOT.test((said as { code?: string }).code ?? '') ? cannotUse(said) : cause;
  }
}

/**
 * In another encoding than UTF-8 a name from elsewhere could be neither written nor searched for. One that PostgreSQL does not know (SQL_ASCII) keeps
 * the bytes as they are.
 */
async function keepsAnyText(db: Db): Promise<void> {
  const { rows } = await sql<{ encoding: string }>`select current_setting('server_encoding') as encoding`.execute(db);
  const encoding = rows[0]?.encoding ?? 'UTF8';
  if (!['UTF8', 'SQL_ASCII'].includes(encoding))
    throw new StartError(
      `the PostgreSQL database of DB_CONNECTION_STRING is in ${encoding}, which cannot hold every name: make one with encoding 'UTF8'`,
    );
}

/**
 * SQLSTATE of what an operator grants, or points elsewhere: no privilege, no schema to make tables in, a replica that only reads, a wrong name or
 * password, no such database.
 */
const MAY_NOT = /^(?:42501|3F000|25006|28...|3D000)$/;
/** The cause names host, user and database, never the password. */
const cannotUse = (cause: unknown) =>
  new StartError(`the PostgreSQL of DB_CONNECTION_STRING cannot be used: ${(cause as Error).message}`, { cause });

/** Whatever the first connection fails for (name, password, TLS, a certificate that is not there), the operator can mend it. */
async function connects(pool: Pool): Promise<void> {
  try {
    (await pool.connect()).release();
  } catch (cause) {
    throw meansUnavailable(cause) ? classified(cause) : cannotUse(cause);
  }
}

/** A transaction that lost against another (deadlock) is begun again, so that its author never hears of it. */
class Persistent extends Kysely<Tables> {
  override transaction(): TransactionBuilder<Tables> {
    const transaction = super.transaction();
    const once: TransactionBuilder<Tables>['execute'] = transaction.execute.bind(transaction);
    return Object.assign(transaction, { execute: <T>(work: Parameters<typeof once<T>>[0]) => untilItWins(() => once(work)) });
  }
}

/** Every failure that is the server's state becomes DatabaseUnavailable; a single statement that lost against another is tried again. */
function guarded(dialect: Dialect, told: Told): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createDriver: () => guardedDriver(dialect.createDriver(), told),
  };
}

type Told = Pick<OpenOptions, 'onQuery' | 'slow'> & { pulse: ReturnType<typeof createPulse> };

const attempt = <T>(work: () => Promise<T>): Promise<T> =>
  work().catch((cause: unknown) => {
    throw classified(cause);
  });

class Guarded implements DatabaseConnection {
  readonly inner: DatabaseConnection;
  readonly #told: Told;
  inTransaction = false;
  constructor(inner: DatabaseConnection, told: Told) {
    this.inner = inner;
    this.#told = told;
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { onQuery, slow, pulse } = this.#told;
    const once = async () => {
      onQuery?.(query.sql);
      const began = performance.now();
      try {
        return await attempt(() => pulse.watch(() => this.inner.executeQuery<R>(query)));
      } finally {
        if (slow) tellIfSlow(slow, query.sql, began);
      }
    };
    // Inside a transaction the whole of it is lost.
    return this.inTransaction ? once() : untilItWins(once);
  }
  // biome-ignore lint/correctness/useYield: nothing here streams; Kysely asks for the method.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming is not supported');
  }
}

function guardedDriver(driver: Driver, told: Told): Driver {
  const inner = (connection: DatabaseConnection) => (connection as Guarded).inner;
  const wrapped = new WeakMap<DatabaseConnection, Guarded>();
  const wrap = (connection: DatabaseConnection) => {
    const known = wrapped.get(connection) ?? new Guarded(connection, told);
    wrapped.set(connection, known);
    return known;
  };
  const end = (connection: DatabaseConnection, how: 'commitTransaction' | 'rollbackTransaction') => {
    (connection as Guarded).inTransaction = false;
    return attempt(() => told.pulse.watch(() => driver[how](inner(connection))));
  };
  return {
    init: () => driver.init(),
    acquireConnection: () => attempt(async () => wrap(await told.pulse.watchForConnection(() => driver.acquireConnection()))),
    async beginTransaction(connection, settings) {
      await attempt(() => told.pulse.watch(() => driver.beginTransaction(inner(connection), settings)));
      (connection as Guarded).inTransaction = true;
    },
    commitTransaction: (connection) => end(connection, 'commitTransaction'),
    rollbackTransaction: (connection) => end(connection, 'rollbackTransaction'),
    releaseConnection: (connection) => driver.releaseConnection(inner(connection)),
    destroy: () => driver.destroy(),
  };
}
