import { DatabaseSync } from 'node:sqlite';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool, types } from 'pg';
import type { Clock } from '../clock.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { nodeSqliteDialect } from './sqlite-driver.ts';
import type { Tables } from './tables.ts';

export type DbKind = 'sqlite' | 'postgres';

/** Everything a store needs; a transaction (`db.transaction().execute(tx => …)`) has the same shape. */
export type Db = Kysely<Tables>;

export interface Database {
  db: Db;
  kind: DbKind;
  close(): Promise<void>;
}

/** 20 is PostgreSQL's int8: times and counts, all far below 2^53. */
types.setTypeParser(20, Number);

/** Opens, settles the connection's settings, and applies outstanding migrations in one transaction. `:memory:` is a private in-memory SQLite. */
export async function openDatabase(
  target: string,
  { clock, onQuery }: { clock: Clock; onQuery?: (sql: string) => void },
): Promise<Database> {
  const database = /^postgres(ql)?:\/\//.test(target) ? openPostgres(target, onQuery) : openSqlite(target, onQuery);
  try {
    await migrate(database, clock);
  } catch (cause) {
    await database.close();
    throw cause;
  }
  return database;
}

function openSqlite(path: string, onQuery?: (sql: string) => void): Database {
  const open = (readOnly: boolean) => {
    const db = new DatabaseSync(path, { readOnly });
    db.exec('pragma busy_timeout = 5000; pragma foreign_keys = on; pragma trusted_schema = off;');
    if (!readOnly) db.exec('pragma journal_mode = wal; pragma synchronous = full;');
    return db;
  };
  const writer = open(false);
  const reader = path === ':memory:' ? writer : open(true);
  const db = new Kysely<Tables>({ dialect: nodeSqliteDialect({ reader, writer, onQuery }) });
  return { db, kind: 'sqlite', close: () => db.destroy() };
}

function openPostgres(connectionString: string, onQuery?: (sql: string) => void): Database {
  const pool = new Pool({ connectionString, max: 20, connectionTimeoutMillis: 5000, idleTimeoutMillis: 30_000 });
  // An idle connection that breaks must not end the process; the next query gets a fresh one.
  pool.on('error', () => {});
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log: onQuery ? (event) => onQuery(event.query.sql) : undefined,
  });
  return { db, kind: 'postgres', close: () => db.destroy() };
}

async function migrate({ db, kind }: Database, clock: Clock): Promise<void> {
  await db.transaction().execute(async (tx) => {
    if (kind === 'postgres') await sql`select pg_advisory_xact_lock(1411)`.execute(tx);
    await sql`create table if not exists schema_version (version integer primary key, name text not null, applied_at bigint not null)`.execute(
      tx,
    );
    const done = await tx.selectFrom('schema_version').select('version').execute();
    const newest = Math.max(0, ...done.map((row) => row.version));
    const known = MIGRATIONS.at(-1)?.version ?? 0;
    if (newest > known)
      throw new Error(
        `the database is at version ${newest}, newer than this program knows (${known}): start the newer program, or restore the copy made before its migration`,
      );
    for (const migration of MIGRATIONS.filter((m) => m.version > newest)) {
      for (const statement of migration.statements) await sql.raw(statement).execute(tx);
      await tx.insertInto('schema_version').values({ version: migration.version, name: migration.name, applied_at: clock.now() }).execute();
    }
  });
}
