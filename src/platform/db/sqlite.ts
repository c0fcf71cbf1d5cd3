import { lstatSync, realpathSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../start-error.ts';
import { isNewer, isOfAnotherVersion, migrate, NEWEST } from './migrate.ts';
import type { Database, OpenOptions } from './open.ts';
import { kyselyOverSqlite } from './sqlite-driver.ts';
import { copyAside, createFile, inspectFile, lockBeside, readVersion } from './sqlite-file.ts';

/** For every connection. The log that writes leave behind is given back to the disk beyond 32 MiB. */
const SETTINGS = `
  pragma busy_timeout = 5000;
  pragma foreign_keys = on;
  pragma trusted_schema = off;
  pragma cell_size_check = on;
  pragma mmap_size = 0;
  pragma temp_store = memory;
  pragma cache_size = -16000;
  pragma wal_autocheckpoint = 8000;
  pragma journal_size_limit = 33554432;`;

/**
 * Opens an SQLite file: locked against a second server, looked at before anything is written, copied aside before a migration. `visit` is for
 * the command line beside a running server: no lock, and no migration.
 */
export async function openSqlite(target: string, options: OpenOptions): Promise<Database> {
  if (target === ':memory:') return migrated(connect(target, options), options);
  const path = behindLink(target);
  const exists = inspectFile(path);
  if (options.visit) return visit(path, exists, options);
  const lock = lockBeside(path);
  try {
    if (exists) copyBeforeMigration(path, options);
    else await createFile(path, async (draft) => (await migrated(connect(draft, options), options)).close());
    return await migrated(connect(path, options, lock.release), options);
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

/** The file itself: the lock is beside it, where whoever comes by another name meets it too. Throws StartError when the link leads to nothing. */
function behindLink(path: string): string {
  let isLink = false;
  try {
    isLink = lstatSync(path).isSymbolicLink();
    return isLink ? realpathSync(path) : path;
  } catch (cause) {
    // What is the matter with a path that is no link is found, and told, where the file is looked at.
    if (!isLink) return path;
    throw new StartError(`${path} is a link to a database that is not there: put that back, or remove the link to begin anew`, { cause });
  }
}

function visit(path: string, exists: boolean, options: OpenOptions): Database {
  if (!exists) throw new StartError(`there is no database ${path}: start the server first`);
  if (readVersion(path) !== NEWEST) throw isOfAnotherVersion(`the database ${path}`);
  return connect(path, options);
}

function copyBeforeMigration(path: string, { told }: OpenOptions): void {
  const version = readVersion(path);
  if (version > NEWEST) throw isNewer(version);
  if (version === NEWEST) return;
  const copy = copyAside(path, `v${version}-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`);
  told?.('the database is brought up to date; a copy of it as it was stands beside it', { copy });
}

async function migrated(database: Database, { clock }: OpenOptions): Promise<Database> {
  try {
    await migrate(database, clock);
    return database;
  } catch (cause) {
    await database.close();
    throw cause;
  }
}

function connect(path: string, { onQuery, slow }: OpenOptions, onClose: () => void = () => {}): Database {
  const open = (readOnly: boolean) => {
    const db = new DatabaseSync(path, { readOnly });
    db.exec(SETTINGS);
    return db;
  };
  const writer = open(false);
  if (path !== ':memory:') {
    const { journal_mode: mode } = writer.prepare('pragma journal_mode = wal').get() as { journal_mode: string };
    if (mode !== 'wal')
      throw new StartError(`the file system of ${path} does not support SQLite's write-ahead log: use a local disk, or PostgreSQL`);
  }
  // An acknowledged change survives a loss of power: NORMAL would lose the last ones (SQLite, "PRAGMA synchronous").
  writer.exec('pragma synchronous = full');
  const reader = path === ':memory:' ? writer : open(true);
  const db = kyselyOverSqlite({ reader, writer, onQuery, slow });
  let closed: Promise<void> | undefined;
  return {
    db,
    kind: 'sqlite',
    close: () => (closed ??= db.destroy().finally(onClose)),
    async diagnose() {
      const value = (name: string) => Object.values(writer.prepare(`pragma ${name}`).get() ?? {})[0] as string | number;
      const names = ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout', 'mmap_size', 'page_count', 'page_size', 'quick_check'];
      const { version } = writer.prepare('select sqlite_version() as version').get() as { version: string };
      return { sqlite_version: version, writers: 1, ...Object.fromEntries(names.map((name) => [name, value(name)])) };
    },
  };
}
