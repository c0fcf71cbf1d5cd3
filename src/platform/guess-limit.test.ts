import assert from 'node:assert/strict';
import test from 'node:test';
import { guessLimit } from './guess-limit.ts';

test('after so many wrong guesses a key is blocked until its time is over, and others are not', () => {
  let now = 1000;
  const limit = guessLimit({ guesses: 3, seconds: 60, now: () => now });
  for (let n = 0; n < 3; n++) {
    assert.equal(limit.blockedFor('ann'), 0, `guess ${n}`);
    limit.wrong('ann');
  }
  assert.equal(limit.blockedFor('ann'), 60);
  assert.equal(limit.blockedFor('bob'), 0);
  now += 59;
  assert.equal(limit.blockedFor('ann'), 1);
  now += 1;
  assert.equal(limit.blockedFor('ann'), 0);
  limit.wrong('ann');
  assert.equal(limit.blockedFor('ann'), 0, 'a new count has begun');
});
