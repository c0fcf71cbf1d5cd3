import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { makeDirectory } from '../make-directory.ts';
import { StartError } from '../start-error.ts';

/** Types of file system on which SQLite's locks or its shared memory cannot be relied on: NFS, SMB, CIFS, SMB2, AFS, Ceph, Lustre. */
const NETWORK_FILE_SYSTEMS = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x00c36400, 0x0bd00bd0]);
/** Larger databases are not read through at every start. */
const CHECKED_BYTES = 128 * 1024 * 1024;

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code;
/** SQLite's result code: https://sqlite.org/rescode.html */
const resultOf = (cause: unknown) => ((cause as { errcode?: number }).errcode ?? 0) & 0xff;
const BUSY = 5;
/** PERM, READONLY, CANTOPEN: it never came to look into the file. */
const NO_ACCESS = [3, 8, 14];

const noAccess = (what: string, cause: unknown) =>
  new StartError(
    `${what} cannot be opened for reading and writing (${codeOf(cause) === 'ERR_SQLITE_ERROR' ? (cause as Error).message : codeOf(cause)}): check who owns it and its directory`,
    { cause },
  );

/** Tries a file that need not be there. */
function tryOpen(path: string): void {
  try {
    closeSync(openSync(path, 'r+'));
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw noAccess(path, cause);
  }
}

/** SQLite makes files beside the database and removes them. */
function tryDirectory(path: string): void {
  const probe = `${path}.probe`;
  try {
    closeSync(openSync(probe, 'w', 0o600));
    rmSync(probe);
  } catch (cause) {
    throw noAccess(`the directory ${dirname(path)} of the database ${path}`, cause);
  }
}

/** Whether a database file stands at `path`; makes its directory. Throws StartError for everything that is no usable file. */
export function inspectFile(path: string): boolean {
  const directory = dirname(path);
  try {
    makeDirectory(directory);
  } catch (cause) {
    throw new StartError(
      `the directory ${directory} cannot be made (${codeOf(cause)}): DB_CONNECTION_STRING must name a file where this program may write`,
      { cause },
    );
  }
  try {
    if (NETWORK_FILE_SYSTEMS.has(statfsSync(directory).type))
      throw new StartError(`${directory} is on a network file system, where SQLite loses data: use a local disk, or PostgreSQL`);
    const found = statSync(path);
    if (!found.isFile()) throw new StartError(`${path} is not a file: DB_CONNECTION_STRING must name the database file itself`);
    if (found.size === 0) throw new StartError(`the database ${path} is empty: put back a copy of it, or remove the file to begin anew`);
    restrict(path, found.mode);
    closeSync(openSync(path, 'r+'));
    tryOpen(`${path}-wal`);
    tryDirectory(path);
    return true;
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    if (codeOf(cause) !== 'ENOENT') throw noAccess(`the database ${path}`, cause);
  }
  if (existsSync(`${path}-wal`))
    throw new StartError(`${path}-wal is there, but its database ${path} is not: put it back, or remove both to begin anew`);
  return false;
}

/** Nobody but the owner may read it. */
function restrict(path: string, mode: number): void {
  if ((mode & 0o077) === 0) return;
  try {
    chmodSync(path, 0o600);
  } catch {
    // Somebody else owns the file and lets us write it: their choice.
  }
}

/**
 * Makes a database with `fill`, which gets its path for the moment, and puts it at `path` whole: a crash on the way leaves nothing there, rather
 * than something empty that a later start could not tell from a lost database.
 */
export async function createFile(path: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${path}.new`;
  const clear = () => {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(draft + suffix, { force: true });
  };
  clear();
  closeSync(openSync(draft, 'wx', 0o600));
  try {
    await fill(draft);
    // Closing says nothing where there was no room to bring the log into the file, which is then a part of a database.
    if (existsSync(`${draft}-wal`)) throw new StartError(`there is no room to make the database ${path}: make some, then start again`);
  } catch (cause) {
    clear();
    throw cause;
  }
  renameSync(draft, path);
  syncDirectory(path);
}

function syncDirectory(path: string): void {
  const directory = openSync(dirname(path), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

/**
 * Holds a lock beside the database until the process ends, however it ends: an SQLite transaction on an empty file, which the operating system
 * ends with us. Two servers on one file would each keep the other waiting, and neither would see the other's limits.
 */
export function lockBeside(path: string): { release(): void } {
  let lock: DatabaseSync | undefined;
  const release = () => {
    lock?.close();
    lock = undefined;
  };
  try {
    lock = new DatabaseSync(`${path}.lock`);
    restrict(`${path}.lock`, statSync(`${path}.lock`).mode);
    lock.exec('pragma busy_timeout = 1500; pragma journal_mode = memory; begin exclusive');
  } catch (cause) {
    release();
    if (resultOf(cause) !== BUSY) throw noAccess(`${path}.lock`, cause);
    throw new StartError(
      `another PocketID uses the database ${path}: only one may; stop it first (several on one database need PostgreSQL)`,
      { cause },
    );
  }
  return { release };
}

/** Looks at the database without writing to it, and answers the version of its schema. Throws StartError when it is damaged or no database. */
export function readVersion(path: string): number {
  try {
    // Where no log is, nobody has it open: read as a thing that does not change, it leaves no files behind.
    const asIs = existsSync(`${path}-wal`) ? path : new URL(`${pathToFileURL(path).href}?immutable=1`);
    using db = new DatabaseSync(asIs, { readOnly: true });
    db.exec('pragma busy_timeout = 5000');
    if (statSync(path).size <= CHECKED_BYTES) {
      const [first] = db.prepare('pragma quick_check(1)').all() as { quick_check: string }[];
      if (first?.quick_check !== 'ok')
        throw new StartError(`the database ${path} is damaged (${first?.quick_check}): put back a copy of it`);
    }
    const known = db.prepare(`select count(*) as n from sqlite_schema where name = 'schema_version'`).get() as { n: number };
    if (known.n === 0)
      throw new StartError(`${path} is a database, but not one of this program: DB_CONNECTION_STRING names the wrong file`);
    return (db.prepare('select coalesce(max(version), 0) as version from schema_version').get() as { version: number }).version;
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    if (NO_ACCESS.includes(resultOf(cause))) throw noAccess(`the database ${path} with ${path}-wal and ${path}-shm`, cause);
    throw new StartError(`the database ${path} is damaged or no SQLite database (${(cause as Error).message}): put back a copy of it`, {
      cause,
    });
  }
}

/** Writes a copy beside the database and answers its path. Throws StartError when there is no room for it. */
export function copyAside(path: string, label: string): string {
  const copy = `${path}.${label}.copy`;
  const draft = `${copy}.partial`;
  try {
    rmSync(draft, { force: true });
    closeSync(openSync(draft, 'wx', 0o600));
    using db = new DatabaseSync(path);
    db.prepare('vacuum into ?').run(draft);
    renameSync(draft, copy);
    syncDirectory(copy);
    return copy;
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new StartError(
      `the database cannot be copied to ${copy} before it is brought up to date (${(cause as Error).message}): make room, then start again`,
      { cause },
    );
  }
}
