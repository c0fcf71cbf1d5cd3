import assert from 'node:assert/strict';
import test from 'node:test';
import { settableClock } from '#src/testing/world.ts';
import { createRateLimits } from '../http/rate-limits.ts';
import { testDatabase } from '../testing/database.ts';
import { sharedBuckets } from './shared-buckets.ts';

test('replicas on one database count together: of fifty attempts at once exactly the burst passes', async (t) => {
  const { db, kind, close } = await testDatabase(settableClock());
  t.after(close);
  // SQLite has one server, which counts in its memory: there is no statement for it.
  if (kind === 'sqlite') return assert.equal(await db.selectFrom('rate_limit').selectAll().executeTakeFirst(), undefined);
  let now = 1_790_000_000_000;
  const replica = () =>
    createRateLimits({
      buckets: { login: { count: 1, seconds: 5, burst: 10 } },
      clock: () => now,
      shared: { names: ['login'], store: sharedBuckets(db) },
    });
  const [one, two] = [replica(), replica()];
  const attempts = await Promise.all(Array.from({ length: 50 }, (_, i) => (i % 2 ? one : two).take('login', '192.0.2.1')));
  assert.equal(attempts.filter((wait) => wait === undefined).length, 10);
  assert.ok(attempts.every((wait) => wait === undefined || wait === 5));
  now += 5000;
  assert.deepEqual([await one.take('login', '192.0.2.1'), await two.take('login', '192.0.2.1')], [undefined, 5]);
});

test('a clock that is set back by an hour keeps nobody waiting on any replica, and one that is a little behind gives nobody more', async (t) => {
  const { db, kind, close } = await testDatabase(settableClock());
  t.after(close);
  if (kind === 'sqlite') return assert.equal(await db.selectFrom('rate_limit').selectAll().executeTakeFirst(), undefined);
  let now = 1_790_000_000_000;
  const buckets = { login: { count: 1, seconds: 5, burst: 10 } };
  const { take } = createRateLimits({ buckets, clock: () => now, shared: { names: ['login'], store: sharedBuckets(db) } });
  const many = () => Promise.all(Array.from({ length: 20 }, () => take('login', '192.0.2.1')));
  const passed = async () => (await many()).filter((wait) => wait === undefined).length;
  assert.equal(await passed(), 10);
  now -= 10_000;
  assert.equal(await passed(), 0);
  now -= 3_600_000;
  assert.equal(await passed(), 10);
});
