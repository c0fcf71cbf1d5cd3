import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { sql } from 'kysely';
import { systemClock } from '../clock.ts';
import { together } from './in-place.ts';
import { type Db, openDatabase } from './open.ts';

async function onFile(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-writer-'));
  const { db, close } = await openDatabase(join(directory, 'test.db'), { clock: systemClock });
  t.after(async () => {
    await close();
    rmSync(directory, { recursive: true, force: true });
  });
  return db;
}
const put = (tx: Db, key: string, value = 'x') => tx.insertInto('setting').values({ key, value }).execute();
const keys = async (db: Db) => (await db.selectFrom('setting').select('key').orderBy('key').execute()).map((row) => row.key);

test('of transactions that share a commit, one that fails takes nothing of the others with it', async (t) => {
  const db = await onFile(t);
  const outcomes = await Promise.allSettled(
    ['a', 'b', 'a', 'c'].map((key) => db.transaction().execute(async (tx) => void (await put(tx, key)))),
  );
  assert.deepEqual(
    outcomes.map((one) => one.status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(await keys(db), ['a', 'b', 'c']);
});

test('of statements that share a commit, one that fails takes nothing of the others with it', async (t) => {
  const db = await onFile(t);
  const outcomes = await Promise.allSettled(['a', 'b', 'a', 'c'].map((key) => put(db, key)));
  assert.deepEqual(
    outcomes.map((one) => one.status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(await keys(db), ['a', 'b', 'c']);
});

test('of what is written together, nothing is kept when a later statement fails, and others in the same commit keep theirs', async (t) => {
  const db = await onFile(t);
  const inserting = (key: string) => db.insertInto('setting').values({ key, value: 'x' }).compile();
  const outcomes = await Promise.allSettled([
    together(db, [inserting('a'), inserting('b')]),
    together(db, [inserting('half'), inserting('a')]),
    together(db, [inserting('c'), inserting('d')]),
  ]);
  assert.deepEqual(
    outcomes.map((one) => one.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(await keys(db), ['a', 'b', 'c', 'd']);
});

test('REL-05 what a statement failed for is told to whom it takes the transaction from as well, where SQLite ends the whole of it', async (t) => {
  const db = await onFile(t);
  const { page_count: pages } = (await sql<{ page_count: number }>`pragma page_count`.execute(db)).rows[0] ?? { page_count: 0 };
  await sql.raw(`pragma max_page_count = ${pages + 10}`).execute(db);
  const large = 'x'.repeat(100_000);
  await assert.rejects(put(db, 'alone', large), /database or disk is full/);
  const outcomes = await Promise.allSettled([put(db, 'a'), put(db, 'b', large), put(db, 'c', large)]);
  for (const outcome of outcomes) assert.match(outcome.status === 'rejected' ? String(outcome.reason) : 'done', /database or disk is full/);
  assert.deepEqual(await keys(db), []);
});

test('half a transaction is never kept', async (t) => {
  const db = await onFile(t);
  const failing = db.transaction().execute(async (tx) => {
    await put(tx, 'half');
    throw new Error('no');
  });
  await Promise.allSettled([failing, put(db, 'whole')]);
  assert.deepEqual(await keys(db), ['whole']);
});

test('one who gives up because another was faster finds the other’s work when it reads again', async (t) => {
  const db = await onFile(t);
  await put(db, 'code');
  const take = () =>
    db.transaction().execute(async (tx) => {
      const taken = await tx
        .updateTable('setting')
        .set({ value: 'used' })
        .where('key', '=', 'code')
        .where('value', '=', 'x')
        .returning('key')
        .executeTakeFirst();
      if (!taken) throw new Error('spent');
      return 'taken';
    });
  const look = async () => (await db.selectFrom('setting').select('value').where('key', '=', 'code').executeTakeFirstOrThrow()).value;
  const seen = await Promise.all(Array.from({ length: 20 }, () => take().catch(look)));
  assert.deepEqual(seen.sort(), ['taken', ...Array.from({ length: 19 }, () => 'used')]);
});

test('what was acknowledged is read by the next statement, inside and outside of a transaction', async (t) => {
  const db = await onFile(t);
  for (let n = 0; n < 50; n++) {
    await (n % 2 ? put(db, `k${n}`) : db.transaction().execute(async (tx) => void (await put(tx, `k${n}`))));
    assert.equal((await keys(db)).length, n + 1);
  }
});
