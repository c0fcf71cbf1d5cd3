import assert from 'node:assert/strict';
import test from 'node:test';
import { clientKey, createRateLimits } from './rate-limits.ts';

const buckets = { login: { count: 1, seconds: 5, burst: 3 }, api: { count: 100, seconds: 1, burst: 300 } } as const;

/** Limits by a clock that the test moves, in milliseconds. */
function limits() {
  let now = 1_000_000;
  const { takeHere } = createRateLimits({ buckets, clock: () => now });
  return {
    takeHere,
    wait: (ms: number) => {
      now += ms;
    },
  };
}

test('a burst passes, the next must wait as long as one takes to come back', () => {
  const { takeHere, wait } = limits();
  assert.deepEqual(
    [1, 2, 3, 4].map(() => takeHere('login', '1.1.1.1')),
    [undefined, undefined, undefined, 5],
  );
  wait(4999);
  assert.equal(takeHere('login', '1.1.1.1'), 1);
  wait(1);
  assert.equal(takeHere('login', '1.1.1.1'), undefined);
  assert.equal(takeHere('login', '1.1.1.1'), 5);
});

test('a refused attempt costs nothing, and a long rest gives a burst and no more', () => {
  const { takeHere, wait } = limits();
  for (let i = 0; i < 100; i++) takeHere('login', '1.1.1.1');
  wait(5000);
  assert.equal(takeHere('login', '1.1.1.1'), undefined);
  wait(10_000_000);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => takeHere('login', '1.1.1.1') === undefined),
    [true, true, true, false],
  );
});

test('a clock that is set back by an hour keeps nobody waiting, and gives a burst and no more', () => {
  const { takeHere, wait } = limits();
  const many = () => [1, 2, 3, 4].map(() => takeHere('login', '1.1.1.1'));
  takeHere('api', '1.1.1.1');
  many();
  wait(-3_600_000);
  assert.equal(takeHere('api', '1.1.1.1'), undefined);
  assert.deepEqual(many(), [undefined, undefined, undefined, 5]);
});

test('clients and buckets are counted apart; an IPv6 network counts as one', () => {
  const { takeHere } = limits();
  for (let i = 0; i < 3; i++) takeHere('login', '2001:db8::1');
  assert.equal(takeHere('login', '2001:db8::ffff:1'), 5);
  assert.equal(takeHere('login', '2001:db8:0:1::1'), undefined);
  assert.equal(takeHere('api', '2001:db8::1'), undefined);
});

for (const [ip, key] of [
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1:2', 'fe80:0:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
] as const)
  test(`${ip} is counted as ${key}`, () => assert.equal(clientKey(ip), key));

test('many addresses do not fill the memory: the oldest is forgotten, one that keeps coming is not', () => {
  const { takeHere } = limits();
  for (let i = 0; i < 3; i++) {
    takeHere('login', 'old');
    takeHere('login', 'steady');
  }
  for (let i = 0; i < 60_000; i++) {
    takeHere('login', `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    if (i % 1000 === 0) assert.equal(takeHere('login', 'steady'), 5);
  }
  assert.equal(takeHere('login', 'old'), undefined);
});

test('where the shared store fails, requests pass', async () => {
  const take = () => Promise.reject(new Error('gone'));
  const { take: ask } = createRateLimits({ buckets, clock: () => 0, shared: { names: ['login'], store: { take } } });
  for (let i = 0; i < 10; i++) assert.equal(await ask('login', '1.1.1.1'), undefined);
});
