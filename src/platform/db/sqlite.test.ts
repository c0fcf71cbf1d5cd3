import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type TestContext } from 'node:test';
import { sql } from 'kysely';
import { systemClock as clock } from '../clock.ts';
import { StartError } from '../start-error.ts';
import { NEWEST } from './migrate.ts';
import { openDatabase } from './open.ts';
import { DatabaseUnavailable } from './unavailable.ts';

/** A path in a directory of its own, and shorthands for what the tests do there. */
function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-sqlite-'));
  const path = join(directory, 'data', 'pocket-id.db');
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const open = async (options: { visit?: boolean } = {}) => {
    const database = await openDatabase(path, { clock, ...options });
    t.after(() => database.close());
    return database;
  };
  /** A database with one row, closed. */
  const made = async () => {
    const { db, close } = await open();
    await db.insertInto('setting').values({ key: 'a', value: 'kept' }).execute();
    await close();
  };
  const refused = (pattern: RegExp) => assert.rejects(open(), (cause) => cause instanceof StartError && pattern.test(cause.message));
  const raw = (sql: string) => {
    using db = new DatabaseSync(path);
    db.exec(sql);
  };
  return { directory, path, open, made, refused, raw };
}

test('REL-03 the database is opened so that what was acknowledged survives, with one writer', async (t) => {
  const found = await (await place(t).open()).diagnose();
  assert.equal(found.journal_mode, 'wal');
  assert.equal(found.synchronous, 2, 'FULL');
  assert.equal(found.foreign_keys, 1);
  assert.ok(Number(found.busy_timeout) >= 5000);
  assert.equal(found.mmap_size, 0);
  assert.equal(found.writers, 1);
  assert.equal(found.quick_check, 'ok');
});

test('REL-04 the SQLite that comes with this Node has the fix of the WAL-reset bug', async (t) => {
  const { sqlite_version: version } = await (await place(t).open()).diagnose();
  const [major = 0, minor = 0, patch = 0] = String(version).split('.').map(Number);
  assert.ok(major * 1e6 + minor * 1e3 + patch >= 3_051_003, String(version));
});

test('every file of the database belongs to its owner alone, also one that others could read before', async (t) => {
  const { path, open, made } = place(t);
  await made();
  chmodSync(path, 0o644);
  const { db } = await open();
  await db.insertInto('setting').values({ key: 'b', value: 'x' }).execute();
  const files = readdirSync(join(path, '..'));
  assert.deepEqual(files.sort(), ['pocket-id.db', 'pocket-id.db-shm', 'pocket-id.db-wal', 'pocket-id.db.lock']);
  for (const file of files) assert.equal(statSync(join(path, '..', file)).mode & 0o077, 0, file);
  assert.equal(statSync(join(path, '..')).mode & 0o077, 0);
});

test('REL-28 a second server on the same file is refused, and the file is free again when the first has stopped', async (t) => {
  const { open, refused } = place(t);
  const first = await open();
  await refused(/another PocketID uses the database/);
  await first.close();
  await open();
});

test('REL-28 a second server is refused that comes by a link, and a link to nothing is no new start', async (t) => {
  const { directory, path, open } = place(t);
  const link = join(directory, 'link.db');
  symlinkSync(path, link);
  const byLink = async () => (await openDatabase(link, { clock })).close();
  await assert.rejects(byLink, (cause) => cause instanceof StartError && /is a link to a database that is not there/.test(cause.message));
  assert.deepEqual([existsSync(path), lstatSync(link).isSymbolicLink()], [false, true]);
  const first = await open();
  await assert.rejects(byLink, (cause) => cause instanceof StartError && /another PocketID uses the database/.test(cause.message));
  await first.close();
  await byLink();
});

test('the command line works beside the server, and makes no database where none is', async (t) => {
  const { path, open } = place(t);
  await assert.rejects(open({ visit: true }), /start the server first/);
  assert.equal(existsSync(path), false);
  await open();
  const { db } = await open({ visit: true });
  await db.insertInto('setting').values({ key: 'cli', value: 'x' }).execute();
});

test('REL-28 flipped bytes are noticed at the start', async (t) => {
  const { path, made, refused } = place(t);
  await made();
  const bytes = readFileSync(path);
  const pageSize = bytes.readUInt16BE(16);
  for (let i = 0; i < 64; i++) bytes[pageSize * 3 + i] = 0xff ^ (bytes[pageSize * 3 + i] ?? 0);
  writeFileSync(path, bytes);
  await refused(/is damaged .*put back a copy/s);
  assert.deepEqual(readFileSync(path), bytes, 'and the file is left as it is');
});

test('REL-28 a file that is no database is noticed', async (t) => {
  const { path, made, refused } = place(t);
  await made();
  writeFileSync(path, 'this was a database once, before somebody edited it with the wrong program');
  await refused(/damaged or no SQLite database/);
});

test('REL-28 a database of another program is noticed', async (t) => {
  const { path, made, refused, raw } = place(t);
  await made();
  rmSync(path);
  raw('create table their_table (a)');
  await refused(/not one of this program/);
});

test('REL-28 an empty file is not filled with a new database', async (t) => {
  const { path, made, refused } = place(t);
  await made();
  truncateSync(path);
  await refused(/is empty/);
  assert.equal(statSync(path).size, 0);
});

test('REL-28 a log whose database is gone is not taken for a new start', async (t) => {
  const { path, open, refused, directory } = place(t);
  const { db, close } = await open();
  await db.insertInto('setting').values({ key: 'a', value: 'only in the log' }).execute();
  copyFileSync(`${path}-wal`, join(directory, 'wal'));
  await close();
  rmSync(path);
  copyFileSync(join(directory, 'wal'), `${path}-wal`);
  await refused(/-wal is there, but its database/);
});

test('REL-28 a cut log loses what was cut and nothing else: the database opens whole', async (t) => {
  const { path, open, directory } = place(t);
  const first = await open();
  for (const key of ['a', 'b', 'c']) await first.db.insertInto('setting').values({ key, value: 'x' }).execute();
  for (const name of ['pocket-id.db', 'pocket-id.db-wal']) copyFileSync(join(path, '..', name), join(directory, name));
  await first.close();
  for (const name of ['pocket-id.db', 'pocket-id.db-wal']) copyFileSync(join(directory, name), join(path, '..', name));
  truncateSync(`${path}-wal`, statSync(`${path}-wal`).size - 100);
  const { db, diagnose } = await open();
  assert.equal((await diagnose()).quick_check, 'ok');
  assert.deepEqual(
    (await db.selectFrom('setting').select('key').orderBy('key').execute()).map((row) => row.key),
    ['a', 'b'],
  );
});

test('REL-28 a directory in the place of the file is refused with a sentence', async (t) => {
  const { directory } = place(t);
  await assert.rejects(openDatabase(directory, { clock }), /is not a file/);
});

/** Runs as somebody whom file permissions bind: for root they mean nothing, so root becomes another user, who then owns `directory`. */
async function boundByPermissions(directory: string, work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work();
  const stranger = 65534;
  for (const name of ['', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })])
    chownSync(join(directory, name), stranger, stranger);
  process.seteuid?.(stranger);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}

const LOCKED: [what: string, name: string, mode: number][] = [
  ['a database that may not be read', 'pocket-id.db', 0o000],
  ['a database that may be read only', 'pocket-id.db', 0o400],
  ['a log that may not be read', 'pocket-id.db-wal', 0o000],
  ['a log that may be read only', 'pocket-id.db-wal', 0o400],
  ['an index of the log that may not be read', 'pocket-id.db-shm', 0o000],
  ['a lock that belongs to somebody else', 'pocket-id.db.lock', 0o000],
  ['a directory that may not be entered', '', 0o000],
  ['a directory in which nothing may be made', '', 0o500],
];
for (const [what, name, mode] of LOCKED)
  test(`REL-28 ${what} is refused by its name, and nothing is made or changed`, async (t) => {
    const { path, open, refused, directory } = place(t);
    const { db, close } = await open();
    await db.insertInto('setting').values({ key: 'a', value: 'kept' }).execute();
    // As a crash leaves them: with the log.
    const data = join(path, '..');
    for (const file of readdirSync(data)) copyFileSync(join(data, file), join(directory, file));
    await close();
    const files = readdirSync(directory).filter((file) => file.startsWith('pocket-id'));
    for (const file of files) copyFileSync(join(directory, file), join(data, file));
    const target = join(data, name);
    const before = statSync(path).size;
    await boundByPermissions(directory, async () => {
      chmodSync(target, mode);
      await refused(new RegExp(`${name === '' ? data : target}\\b.*check who owns`, 's'));
      chmodSync(target, name === '' ? 0o700 : 0o600);
      assert.deepEqual(readdirSync(data).sort(), files.sort());
      assert.equal(statSync(path).size, before);
      const again = await open();
      assert.equal((await again.db.selectFrom('setting').select('value').executeTakeFirst())?.value, 'kept');
      await again.close();
    });
  });

test('REL-13 a database that a newer program has brought up to date is refused and left untouched', async (t) => {
  const { path, made, refused, raw } = place(t);
  await made();
  raw(`insert into schema_version (version, name, applied_at) values (${NEWEST + 1}, 'later', 0); pragma wal_checkpoint(truncate);`);
  const before = readFileSync(path);
  await refused(/newer than this program knows/);
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(readdirSync(join(path, '..')).sort(), ['pocket-id.db', 'pocket-id.db.lock']);
});

test('before a migration the database is copied aside, whole and for its owner alone', async (t) => {
  const { path, made, open, raw } = place(t);
  await made();
  raw(`delete from schema_version; ${dropEverything(path)}; create table old_table (a); insert into old_table values ('before');`);
  const told: unknown[] = [];
  const database = await openDatabase(path, { clock, told: (_, { copy }) => void told.push(copy) });
  t.after(() => database.close());
  const [copy = ''] = readdirSync(join(path, '..')).filter((name) => name.endsWith('.copy'));
  assert.match(copy, /^pocket-id\.db\.v0-\d{8}T\d{6}Z\.copy$/);
  assert.deepEqual(told, [join(path, '..', copy)]);
  assert.equal(statSync(join(path, '..', copy)).mode & 0o077, 0);
  using kept = new DatabaseSync(join(path, '..', copy), { readOnly: true });
  assert.deepEqual(
    kept
      .prepare('select a from old_table')
      .all()
      .map((row) => row.a),
    ['before'],
  );
  await database.close();
  await open();
  assert.equal(readdirSync(join(path, '..')).filter((name) => name.endsWith('.copy')).length, 1, 'no copy where nothing is migrated');
});

/** Statements that leave only `schema_version`, as if every migration were outstanding. */
function dropEverything(path: string): string {
  using db = new DatabaseSync(path, { readOnly: true });
  const tables = db.prepare(`select name from sqlite_schema where type = 'table' and name <> 'schema_version'`).all() as { name: string }[];
  return `pragma foreign_keys = off; ${tables.map(({ name }) => `drop table "${name}"`).join('; ')}`;
}

test('REL-05 a full disk refuses the write and no other, and writes go on when there is room again', async (t) => {
  const { db } = await place(t).open();
  const { page_count: pages } = (await (await import('kysely')).sql<{ page_count: number }>`pragma page_count`.execute(db)).rows[0]!;
  const limit = async (most: number) =>
    void (await db.transaction().execute(async (tx) => (await import('kysely')).sql.raw(`pragma max_page_count = ${most}`).execute(tx)));
  await limit(pages + 2);
  const put = (key: string) =>
    db
      .insertInto('setting')
      .values({ key, value: 'x'.repeat(2000) })
      .execute();
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => put(String(i).padStart(2, '0'))));
  const refused = outcomes.filter((one) => one.status === 'rejected');
  assert.ok(refused.length > 0);
  for (const one of refused) assert.ok(one.reason instanceof DatabaseUnavailable, String(one.reason));
  const rows = (await db.selectFrom('setting').select('key').orderBy('key').execute()).map((row) => row.key);
  assert.deepEqual(
    rows,
    outcomes.flatMap((one, i) => (one.status === 'fulfilled' ? [String(i).padStart(2, '0')] : [])),
    'exactly what was acknowledged is there',
  );
  await limit(1_000_000);
  await put('after');
});

test('a row is an object like any other, whatever made it and however many columns it has', async (t) => {
  const { db } = await place(t).open();
  const given = { key: 'a', value: 'b' };
  assert.deepEqual(await db.insertInto('setting').values(given).returningAll().execute(), [given]);
  assert.deepEqual(await db.selectFrom('setting').selectAll().execute(), [given]);
  assert.deepEqual(await db.selectFrom('setting').selectAll().where('key', '=', 'none').execute(), []);
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`c${i}`, i]));
  const columns = Object.keys(many).map((name, i) => sql<number>`${sql.lit(i)}`.as(name));
  assert.deepEqual(await db.selectNoFrom(columns).execute(), [many]);
  const twice = sql<{ a: number }>`select 1 as a, 2 as a`;
  assert.deepEqual((await twice.execute(db)).rows, [{ a: 2 }]);
});
