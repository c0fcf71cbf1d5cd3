import assert from 'node:assert/strict';
import test from 'node:test';
import { systemRandom } from './random.ts';
import { keyOf, newKeyOf, stamped } from './stamped.ts';

const MOMENT = 1_795_900_000_123;

test('SEC-044 ten thousand stamped values of one millisecond: none twice, no common beginning, as many ones as noughts', () => {
  const values = Array.from({ length: 10_000 }, () => stamped(systemRandom.secret(), MOMENT));
  assert.equal(new Set(values).size, values.length);
  assert.equal(new Set(values.map((value) => value.slice(0, 8))).size, values.length);
  // The last character of a secret has four bits only.
  const bytes = Buffer.concat(values.map((value) => Buffer.from(value.slice(0, 48), 'base64url')));
  const ones = bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
  const bits = bytes.length * 8;
  assert.ok(Math.abs(ones - bits / 2) < 6 * Math.sqrt(bits / 4), `${ones} ones of ${bits}`);
});

test('a stamped value is found where it was stored, and nothing else is', () => {
  for (const at of [0, 1, 1_795_900_000, MOMENT, 2 ** 48 - 1]) {
    const value = stamped(systemRandom.secret(), at);
    assert.equal(keyOf(value), newKeyOf(value, at));
    assert.notEqual(keyOf(`${value} `), newKeyOf(value, at));
    assert.notEqual(keyOf(value.slice(1)), newKeyOf(value, at));
  }
});

test('keys lie in the order of time, whatever the values are', () => {
  const keys = Array.from({ length: 1000 }, (_, i) => keyOf(stamped(systemRandom.secret(), MOMENT + 7 * i)));
  assert.deepEqual(keys, [...keys].sort());
});

test('what nobody stamped has a key too', () => {
  for (const text of ['', 'A', '\0', 'é'.repeat(51), ' '.repeat(60), 'x'.repeat(5000)])
    assert.match(keyOf(text), /^[0-9a-z]{10}[\w-]{43}$/);
});
