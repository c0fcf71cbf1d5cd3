import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settableClock } from '../testing/world.ts';
import { type CountBetween, createCounts } from './counts.ts';

/** A log in memory that says how many rows it had to look at. */
function log(start: number, rows: number) {
  const times = Array.from({ length: rows }, (_, i) => start - 1000 - i);
  let read = 0;
  const countBetween: CountBetween = async ({ from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }) => {
    const found = times.filter((time) => time > from && time <= to).length;
    read += found;
    return found;
  };
  return { times, countBetween, read: () => read };
}

test('a large log is read once, afterwards only what is new, and the count is exact', async () => {
  const clock = settableClock();
  const { times, countBetween, read } = log(clock.now(), 500);
  const counts = createCounts({ clock, worthKeeping: 100 });
  assert.deepEqual([await counts.total('all', countBetween), read()], [500, 500]);
  times.push(clock.now(), clock.now());
  assert.deepEqual([await counts.total('all', countBetween), read()], [502, 502]);
  clock.advance(300);
  times.push(clock.now());
  assert.deepEqual([await counts.total('all', countBetween), read()], [503, 505]);
});

test('a row that was on its way while others were counted is counted when it comes', async () => {
  const clock = settableClock();
  const { times, countBetween } = log(clock.now(), 500);
  const counts = createCounts({ clock, worthKeeping: 100 });
  await counts.total('all', countBetween);
  times.push(clock.now() - 30);
  assert.equal(await counts.total('all', countBetween), 501);
});

test('a small log is counted each time', async () => {
  const clock = settableClock();
  const { times, countBetween } = log(clock.now(), 50);
  const counts = createCounts({ clock, worthKeeping: 100 });
  await counts.total('all', countBetween);
  times.length = 20;
  assert.equal(await counts.total('all', countBetween), 20);
});

test('what was removed is noticed at once where it was removed, and within ten minutes elsewhere', async () => {
  const clock = settableClock();
  const { times, countBetween } = log(clock.now(), 500);
  const [here, elsewhere] = [createCounts({ clock, worthKeeping: 100 }), createCounts({ clock, worthKeeping: 100 })];
  await Promise.all([here.total('all', countBetween), elsewhere.total('all', countBetween)]);
  times.length = 200;
  here.forget();
  assert.deepEqual([await here.total('all', countBetween), await elsewhere.total('all', countBetween)], [200, 500]);
  clock.advance(600);
  assert.equal(await elsewhere.total('all', countBetween), 200);
});

test('different filters have different counts, and a clock that goes back does not confuse them', async () => {
  const clock = settableClock();
  const [all, some] = [log(clock.now(), 500), log(clock.now(), 300)];
  const counts = createCounts({ clock, worthKeeping: 100 });
  assert.deepEqual([await counts.total('all', all.countBetween), await counts.total('some', some.countBetween)], [500, 300]);
  clock.advance(-100);
  assert.equal(await counts.total('all', all.countBetween), 500);
});
