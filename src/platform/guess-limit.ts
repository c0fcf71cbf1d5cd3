import { RateLimiterMemory } from 'rate-limiter-flexible';

/** A ceiling on wrong guesses: counts one for the key and answers false once there were more than `guesses` within `seconds`. */
export function guessLimit({ guesses, seconds }: { guesses: number; seconds: number }): (key: string) => Promise<boolean> {
  const limiter = new RateLimiterMemory({ points: guesses, duration: seconds });
  return (key) =>
    limiter.consume(key).then(
      () => true,
      () => false,
    );
}
