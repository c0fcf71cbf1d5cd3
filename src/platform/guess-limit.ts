/** Keys remembered at once; beyond it the oldest are forgotten, so that many visitors cannot fill the memory. */
const MOST_KEYS = 50_000;

/**
 * A ceiling on wrong guesses: counts one for the key and answers false once there were more than `guesses` within the `seconds` after the first.
 * `now` answers whole seconds.
 */
export function guessLimit({
  guesses,
  seconds,
  now,
}: {
  guesses: number;
  seconds: number;
  now: () => number;
}): (key: string) => Promise<boolean> {
  const counted = new Map<string, { until: number; made: number }>();
  return async (key) => {
    const known = counted.get(key);
    const entry = known && known.until > now() ? known : { until: now() + seconds, made: 0 };
    entry.made += 1;
    // Set anew: whoever keeps guessing stands at the end of the map, far from being forgotten.
    counted.delete(key);
    counted.set(key, entry);
    if (counted.size > MOST_KEYS) counted.delete(counted.keys().next().value as string);
    return entry.made <= guesses;
  };
}
