import assert from 'node:assert/strict';
import test from 'node:test';
import { systemRandom } from './random.ts';

test('ids of rows are UUIDs that sort in the order they were made in, however many one millisecond has', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
  const made = Array.from({ length: 10_000 }, () => systemRandom.rowId());
  t.mock.timers.setTime(Date.now() + 5);
  made.push(systemRandom.rowId());
  const unordered = made.findIndex((id, i) => i > 0 && id <= (made[i - 1] as string));
  assert.equal(unordered, -1, `${made[unordered - 1]} was made before ${made[unordered]}`);
  for (const id of made) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('an id of a row tells the time it was made at, and a clock that is set back makes none that sorts before', (t) => {
  const at = Date.now() + 3_600_000;
  t.mock.timers.enable({ apis: ['Date'], now: at });
  const first = systemRandom.rowId();
  assert.equal(Number.parseInt(first.replace('-', '').slice(0, 12), 16), at);
  t.mock.timers.setTime(at - 1000);
  assert.ok(systemRandom.rowId() > first);
});
