import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessLimit } from './guess-limit.ts';

test('ten guesses an hour, and the eleventh is refused until the hour is over', async () => {
  let second = 1_000;
  const mayGuess = guessLimit({ guesses: 10, seconds: 3600, now: () => second });
  for (let i = 0; i < 10; i++) assert.equal(await mayGuess('ann'), true);
  assert.equal(await mayGuess('ann'), false);
  assert.equal(await mayGuess('bob'), true, 'each key has its own');
  second += 3599;
  assert.equal(await mayGuess('ann'), false);
  second += 1;
  assert.equal(await mayGuess('ann'), true);
});
