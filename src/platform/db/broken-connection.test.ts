import assert from 'node:assert/strict';
import test from 'node:test';
import { sql } from 'kysely';
import { settableClock } from '#src/testing/world.ts';
import { testDatabase } from '../testing/database.ts';
import { DatabaseUnavailable, meansUnavailable } from './unavailable.ts';

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

test('REL-06 a database that only reads any more is unavailable, and looked for anew', async (t) => {
  const { db, kind, close } = await testDatabase(settableClock());
  t.after(close);
  const put = async (of: typeof db, key: string) => void (await of.insertInto('setting').values({ key, value: 'x' }).execute());
  if (kind === 'sqlite') {
    await sql`pragma query_only = on`.execute(db);
    await assert.rejects(put(db, 'a'), DatabaseUnavailable);
    await sql`pragma query_only = off`.execute(db);
    return put(db, 'b');
  }
  // As a replica says it. The setting is the connection's own, so that another one can write.
  const pid = async (of: typeof db) => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(of)).rows[0]?.pid;
  const before = await pid(db);
  await sql`set default_transaction_read_only = on`.execute(db);
  await assert.rejects(put(db, 'a'), DatabaseUnavailable);
  // Until the pool has heard that its connections are broken.
  for (let done = false; !done; )
    done = await put(db, 'b').then(
      () => true,
      () => false,
    );
  assert.notEqual(await pid(db), before);
});

for (const code of ['28P01', '3D000', '55000'])
  test(`a PostgreSQL that says ${code} is one that cannot be used at this moment`, () => {
    assert.ok(meansUnavailable(Object.assign(new Error('no'), { code })));
  });
