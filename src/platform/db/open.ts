import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import type { LogFields } from '../log.ts';
import type { Slow } from './slow.ts';
import { openSqlite } from './sqlite.ts';
import type { Tables } from './tables.ts';

export type DbKind = 'sqlite' | 'postgres';

/**
 * Everything a store needs; a transaction (`db.transaction().execute(tx => …)`) has the same shape. Its work is done again when PostgreSQL takes it
 * back to end a deadlock: what outlives a rollback (memory, mail, files) is changed after the transaction, or may be changed twice.
 */
export type Db = Kysely<Tables>;

export interface Database {
  db: Db;
  kind: DbKind;
  /** Makes durable what ended and lets go of the files; a second call waits for the first. */
  close(): Promise<void>;
  /** Version, settings and state, for people: never a secret. */
  diagnose(): Promise<Record<string, string | number>>;
}

export interface OpenOptions {
  clock: Clock;
  /** Hears every statement's SQL before it runs. */
  onQuery?: (sql: string) => void;
  /** Hears of statements that took long. */
  slow?: Slow;
  /** Beside a running server: no lock is taken, nothing is migrated or made. */
  visit?: boolean;
  /** Hears what an operator should know of the start. */
  told?: (message: string, fields: LogFields) => void;
}

/**
 * Opens, settles the connection's settings, and applies outstanding migrations in one transaction. `:memory:` is a private in-memory SQLite.
 * Throws StartError, with a sentence for the operator, when the database cannot or must not be used.
 */
export async function openDatabase(target: string, options: OpenOptions): Promise<Database> {
  if (!/^postgres(ql)?:\/\//i.test(target)) return openSqlite(target, options);
  // The driver of the other database costs every start 5 MiB and its share of time.
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(target, options);
}
