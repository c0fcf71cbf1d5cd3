import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { sql } from 'kysely';
import { settableClock } from '#src/testing/world.ts';
import { StartError } from '../start-error.ts';
import { emptyPlace, forStranger } from '../testing/database.ts';
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

test('on PostgreSQL a migration, and the replica that waits for it, may take longer than a request', async (t) => {
  const { open } = await place(t);
  const said: string[] = [];
  const { db, kind, close } = await open({ onQuery: (sql) => void said.push(sql) });
  t.after(close);
  if (kind === 'sqlite') return assert.ok(said.every((sql) => !sql.includes('statement_timeout')));
  const at = (part: string) => said.findIndex((sql) => sql.includes(part));
  assert.ok(at('set local statement_timeout = 0') >= 0 && at('set local statement_timeout = 0') < at('advisory'));
  const { rows } = await sql<{ statement_timeout: string }>`show statement_timeout`.execute(db);
  assert.deepEqual(rows, [{ statement_timeout: '15s' }]);
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
