/** Keys remembered at once; beyond it the oldest are forgotten, so that many visitors cannot fill the memory. */
const MOST_KEYS = 50_000;

export interface GuessLimit {
  /** Seconds for which not even a right answer helps the key; 0 when it may guess. */
  blockedFor(key: string): number;
  /** Counts a wrong guess. */
  wrong(key: string): void;
}

/** Of the codes that a signed-in person types for another device: an hour of trying ends after so many. */
export const TYPED_CODES = { guesses: 10, seconds: 3600 };

/** A ceiling on wrong guesses: after `guesses` of them the key is blocked until `seconds` after the first. `now` answers whole seconds. */
export function guessLimit({ guesses, seconds, now }: { guesses: number; seconds: number; now: () => number }): GuessLimit {
  const counted = new Map<string, { until: number; made: number }>();
  return {
    blockedFor(key) {
      const known = counted.get(key);
      return known && known.made >= guesses ? Math.max(0, known.until - now()) : 0;
    },
    wrong(key) {
      const known = counted.get(key);
      const entry = known && known.until > now() ? known : { until: now() + seconds, made: 0 };
      entry.made += 1;
      // Set anew: whoever keeps guessing stands at the end of the map, far from being forgotten.
      counted.delete(key);
      counted.set(key, entry);
      if (counted.size > MOST_KEYS) counted.delete(counted.keys().next().value as string);
    },
  };
}
