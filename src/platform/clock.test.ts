import assert from 'node:assert/strict';
import test from 'node:test';
import { rfc3339 } from './clock.ts';

test('a date is RFC 3339 to the second, on every day and at both of its ends', () => {
  const days = [0, 86_400, 951_782_400, 1_709_164_800, 1_795_867_200, 4_102_444_800, 253_402_214_400, -86_400];
  for (const day of [...days, ...days])
    for (const second of [0, 1, 59, 60, 3599, 3600, 43_200, 86_399]) {
      const at = day + second;
      assert.equal(rfc3339(at), new Date(at * 1000).toISOString().replace('.000', ''));
    }
});

test('a time that is no number is an error, and no other date', () => {
  assert.throws(() => rfc3339(Number.NaN), RangeError);
});
