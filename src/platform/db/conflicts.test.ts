import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { sql } from 'kysely';
import { settableClock } from '#src/testing/world.ts';
import { testDatabase } from '../testing/database.ts';
import { TRIES, untilItWins } from './conflicts.ts';
import type { Db } from './open.ts';

/** Two rows, and a database in which a deadlock is found at once. */
async function twoRows(t: TestContext) {
  const { db, kind, close } = await testDatabase(settableClock());
  t.after(close);
  await db
    .insertInto('setting')
    .values(['left', 'right'].map((key) => ({ key, value: '' })))
    .execute();
  const add = (tx: Db, key: string, letter: string) =>
    tx
      .updateTable('setting')
      .set({ value: sql<string>`value || ${letter}` })
      .where('key', '=', key)
      .execute();
  const rows = async () => {
    const found = await db.selectFrom('setting').selectAll().where('key', 'in', ['left', 'right']).orderBy('key').execute();
    return found.map(({ value }) => [...value].sort().join(''));
  };
  return { db, kind, add, rows };
}

/** Resolves for all when so many have come. */
function meeting(size: number): () => Promise<void> {
  let open: () => void;
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  let come = 0;
  return () => {
    if (++come === size) open();
    return all;
  };
}

test('two transactions that wait for each other are both done in the end, each of them once', async (t) => {
  const { db, kind, add, rows } = await twoRows(t);
  const bothHaveOne = meeting(2);
  const begun = { a: 0, b: 0 };
  const change = (name: 'a' | 'b', first: string, second: string) =>
    db.transaction().execute(async (tx) => {
      begun[name]++;
      if (kind === 'postgres') await sql`set local deadlock_timeout = '20ms'`.execute(tx);
      await add(tx, first, name);
      // SQLite has one writer: the other one has not begun.
      if (kind === 'postgres') await bothHaveOne();
      await add(tx, second, name);
      return name;
    });
  assert.deepEqual(await Promise.all([change('a', 'left', 'right'), change('b', 'right', 'left')]), ['a', 'b']);
  assert.deepEqual(await rows(), ['ab', 'ab']);
  assert.equal(begun.a + begun.b, kind === 'postgres' ? 3 : 2, 'one of them was taken back and begun again');
});

test('a transaction that saw what another has changed since is begun again, and sees it', async (t) => {
  const { db, kind, add, rows } = await twoRows(t);
  const seen: string[] = [];
  await db.transaction().execute(async (tx) => {
    if (kind === 'postgres') await sql`set transaction isolation level repeatable read`.execute(tx);
    const row = await tx.selectFrom('setting').select('value').where('key', '=', 'left').executeTakeFirstOrThrow();
    if (kind === 'postgres' && seen.length === 0) await add(db, 'left', 'x');
    seen.push(row.value);
    await add(tx, 'left', 'y');
  });
  assert.deepEqual(seen, kind === 'postgres' ? ['', 'x'] : ['']);
  assert.equal((await rows())[0], kind === 'postgres' ? 'xy' : 'y');
});

test('work that loses every time is given up with what it failed with, and other failures at once', async () => {
  for (const [code, times] of [
    ['40P01', TRIES],
    ['40001', TRIES],
    ['23505', 1],
    ['08006', 1],
  ] as const) {
    let tries = 0;
    const failure = Object.assign(new Error('no'), { code });
    const work = async () => {
      tries++;
      throw failure;
    };
    await assert.rejects(untilItWins(work), failure);
    assert.equal(tries, times, code);
  }
});
