import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settableClock } from '../testing/world.ts';
import { keptCounts } from './kept-counts.ts';

test('a large count is kept for half a minute, or until it is forgotten; a small one is made each time', async () => {
  const clock = settableClock();
  const counts = keptCounts({ clock, worthKeeping: 100 });
  const total = (n: number) => counts.total('all', async () => n);
  assert.deepEqual([await total(99), await total(98), await total(100), await total(101)], [99, 98, 100, 100]);
  clock.advance(29);
  assert.equal(await total(102), 100);
  clock.advance(1);
  assert.equal(await total(103), 103);
  counts.forget();
  assert.equal(await total(104), 104);
  assert.equal(await counts.total('others', async () => 500), 500);
  clock.advance(-60);
  assert.equal(await total(105), 105, 'the clock was put back');
});
