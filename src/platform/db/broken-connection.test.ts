import assert from 'node:assert/strict';
import test from 'node:test';
import { sql } from 'kysely';
import { settableClock } from '#src/testing/world.ts';
import { testDatabase } from '../testing/database.ts';

test('a connection that breaks in the middle of a transaction takes that work with it, and nothing else', async (t) => {
  const { db, kind, close } = await testDatabase(settableClock());
  t.after(close);
  const put = (key: string) => db.insertInto('setting').values({ key, value: 'x' });
  const broken = db.transaction().execute(async (tx) => {
    await tx.executeQuery(put('half').compile());
    // SQLite is in this process: there is no connection to break, only the work to give up.
    if (kind === 'sqlite') throw new Error('given up');
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(db);
    // The break is heard while no statement of this transaction runs, which is when nobody else would hear it.
    const isThere = sql<{ pid: number }>`select pid from pg_stat_activity where pid = ${rows[0]?.pid}`;
    while ((await isThere.execute(db)).rows.length > 0);
    await tx.executeQuery(put('other half').compile());
  });
  await assert.rejects(broken);
  await put('whole').execute();
  const keys = await db.selectFrom('setting').select('key').where('key', 'in', ['half', 'other half', 'whole']).execute();
  assert.deepEqual(
    keys.map((row) => row.key),
    ['whole'],
  );
});
