import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { sql } from 'kysely';
import { settableClock } from '#src/testing/world.ts';
import { StartError } from '../start-error.ts';
import { emptyPlace, forStranger, inLatin1 } from '../testing/database.ts';
import { type OpenOptions, openDatabase } from './open.ts';

async function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-open-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const at = await emptyPlace(directory);
  const open = (options: Partial<OpenOptions> = {}, address = at) => openDatabase(address, { clock: settableClock(), ...options });
  const refused = (pattern: RegExp, ...how: Parameters<typeof open>) =>
    assert.rejects(
      async () => (await open(...how)).close(),
      (cause) => cause instanceof StartError && pattern.test(cause.message),
    );
  return { directory, at, open, refused };
}

test('a command beside the server makes nothing where nothing is, and brings nothing up to date', async (t) => {
  const { open, refused } = await place(t);
  const visit = { visit: true };
  await refused(/start the server first/, visit);
  await refused(/start the server first/, visit);

  const server = await open();
  const versions = () => server.db.selectFrom('schema_version').select('version').orderBy('version', 'desc').execute();
  const known = await versions();
  const command = await open(visit);
  await command.db.insertInto('setting').values({ key: 'command', value: 'x' }).execute();
  await command.close();

  await server.db
    .deleteFrom('schema_version')
    .where('version', '=', known[0]?.version ?? 0)
    .execute();
  await refused(/belongs to another version/, visit);
  assert.deepEqual(await versions(), known.slice(1));
  await server.close();
});

test('a database in which this user may make nothing is refused with a sentence', async (t) => {
  const { at, refused } = await place(t);
  const stranger = await forStranger(at);
  await refused(stranger ? /DB_CONNECTION_STRING cannot be used: permission denied/ : /check who owns it/, {}, stranger ?? '/proc/id.db');
});

test('a database in an encoding that cannot hold every name is refused at the start, by its name', async (t) => {
  const { open, refused } = await place(t);
  const other = await inLatin1();
  if (!other) {
    const { db, close } = await open();
    t.after(close);
    return assert.deepEqual((await sql<{ encoding: string }>`pragma encoding`.execute(db)).rows, [{ encoding: 'UTF-8' }]);
  }
  t.after(other.drop);
  await refused(/DB_CONNECTION_STRING is in LATIN1, which cannot hold every name/, {}, other.place);
  await refused(/DB_CONNECTION_STRING is in LATIN1, which cannot hold every name/, { visit: true }, other.place);
});

test('the replica that waits for another one’s migration waits longer than a request may', async (t) => {
  const { at, open } = await place(t);
  const first = await open();
  t.after(first.close);
  const timeout = () => sql<{ statement_timeout: string }>`show statement_timeout`.execute(first.db);
  // SQLite lets no second server in.
  if (first.kind === 'sqlite') return assert.rejects(open(), StartError);
  assert.deepEqual((await timeout()).rows, [{ statement_timeout: '15s' }]);
  const limited = new URL(at);
  limited.searchParams.set('options', `${limited.searchParams.get('options') ?? ''} -c lock_timeout=50 -c statement_timeout=50`.trim());
  await first.db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(1411)`.execute(tx);
    const second = open({}, limited.href);
    t.after(async () => (await second).close());
    const waited = () =>
      sql<{ ms: number }>`select max(extract(epoch from clock_timestamp() - query_start) * 1000)::int as ms from pg_stat_activity
        where wait_event = 'advisory' and datname = current_database()`.execute(first.db);
    for (let ms = 0; ms < 200; ) ms = (await Promise.race([waited(), second.then(() => assert.fail('it did not wait'))])).rows[0]?.ms ?? 0;
  });
});

test('statements that take long are told with their SQL, and without the values', async (t) => {
  const { open } = await place(t);
  const told: string[] = [];
  const slow = { from: 0, tell: (sql: string, milliseconds: number) => void (milliseconds >= 0 && told.push(sql)) };
  const { db, close } = await open({ slow });
  t.after(close);
  told.length = 0;
  await db.insertInto('setting').values({ key: 'k', value: 'a value' }).execute();
  await db.transaction().execute((tx) => tx.selectFrom('setting').select('value').where('key', '=', 'k').execute());
  const said = told.filter((sql) => /setting/.test(sql));
  assert.deepEqual([said.length, /^insert/.test(said[0] ?? ''), /^select/.test(said[1] ?? '')], [2, true, true], told.join('\n'));
  assert.doesNotMatch(told.join(), /a value/);

  slow.from = Number.POSITIVE_INFINITY;
  told.length = 0;
  await db.selectFrom('setting').select('value').execute();
  assert.deepEqual(told, []);
});
