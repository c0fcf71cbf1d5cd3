import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { listOptions } from '#platform/http/contract.ts';
import { settableClock, world } from '../testing/world.ts';
import { createCounts } from './counts.ts';
import { createOrders } from './orders.ts';
import { auditStore } from './store.ts';

/** A log that counts as a long one, of whose orders twenty rows are kept. */
async function longLog(t: TestContext) {
  const { database } = await world(t);
  const clock = settableClock();
  const store = auditStore(database.db);
  let made = 0;
  const write = (ip: string, age: number, event = 'SIGN_IN') =>
    store.insert({
      id: `row${String(made++).padStart(4, '0')}`,
      created_at: clock.now() - age,
      event,
      user_id: null,
      username: null,
      actor_user_id: null,
      actor_username: null,
      client_id: null,
      client_name: null,
      ip,
      country: '',
      city: '',
      user_agent: '',
      request_id: '',
      reason: null,
      data: '{}',
    });
  await database.db.deleteFrom('audit_log').execute();
  for (let i = 0; i < 60; i++) await write(`10.0.0.${10 + (i % 7)}`, 1000 - i, i % 2 ? 'SIGN_IN' : 'USER_UPDATED');
  const known = { counts: createCounts({ clock, worthKeeping: 30 }), orders: createOrders({ clock, most: 20 }) };
  const page = async (query: string) => {
    const { rows, total } = await store.page({ options: listOptions(`http://localhost/?sort[column]=ipAddress&${query}`) }, known);
    return { rows: rows.map((row) => `${row.ip} ${row.id}`), total };
  };
  const expected = async (event?: string) => {
    const rows = await database.db.selectFrom('audit_log').selectAll().execute();
    return rows
      .filter((row) => event === undefined || row.event === event)
      .sort((a, b) => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : a.created_at - b.created_at))
      .map((row) => `${row.ip} ${row.id}`);
  };
  return { clock, write, page, expected, known, db: database.db };
}

test('an order that no index has is the same from memory as from the table, on every page and in both directions', async (t) => {
  const { page, expected } = await longLog(t);
  const all = await expected();
  for (const round of ['first', 'kept'])
    for (let n = 1; n <= 6; n++) {
      assert.deepEqual((await page(`limit=10&page=${n}`)).rows, all.slice((n - 1) * 10, n * 10), `${round} ${n}`);
      const backwards = (await page(`limit=10&page=${n}&sort[direction]=desc`)).rows;
      assert.deepEqual(backwards, all.toReversed().slice((n - 1) * 10, n * 10), `${round} ${n} backwards`);
    }
});

test('what is new takes its place in an order that is kept, also when it was on its way', async (t) => {
  const { page, expected, write } = await longLog(t);
  await page('limit=10');
  await write('10.0.0.10', 30);
  await write('10.0.0.09', 0);
  assert.deepEqual(await page('limit=20'), { rows: (await expected()).slice(0, 20), total: 62 });
});

test('each filter has its own order', async (t) => {
  const { page, expected } = await longLog(t);
  await page('limit=10');
  const { rows, total } = await page('limit=10&filters[event]=USER_UPDATED');
  assert.deepEqual(rows, (await expected('USER_UPDATED')).slice(0, 10));
  assert.equal(total, 30);
});

test('what was removed is out of every order at once', async (t) => {
  const { page, expected, db, known } = await longLog(t);
  await page('limit=10');
  await db.deleteFrom('audit_log').where('ip', '=', '10.0.0.10').execute();
  known.counts.forget();
  known.orders.forget();
  assert.deepEqual((await page('limit=10')).rows, (await expected()).slice(0, 10));
});
