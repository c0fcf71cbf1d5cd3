import type { Clock, Seconds } from '#platform/clock.ts';

/** Smaller logs are counted each time: that is quick, and always exact. */
const WORTH_KEEPING = 50_000;
/** A row carries the time its change began, so younger ones may still be on their way. */
export const SETTLED_SECONDS = 60;
/** Another replica's clean-up is seen at most so many seconds later. */
export const KEPT_SECONDS = 600;
const MOST_KEPT = 100;

/** How many rows there are in a span of time: after `from` (all before when absent), up to and including `to` (all after when absent). */
export type CountBetween = (span: { from?: Seconds; to?: Seconds }) => Promise<number>;

/**
 * Counts of an ever growing log. Rows are only added at its young end, so what is settled is counted once in a while and only the rest each time.
 * `forget` when old rows were removed.
 */
export function createCounts({ clock, worthKeeping = WORTH_KEEPING }: { clock: Clock; worthKeeping?: number }) {
  const kept = new Map<string, { upTo: Seconds; settled: number; at: Seconds }>();
  return {
    worthKeeping,
    /** `key` stands for what is counted: the same key, the same rows. */
    async total(key: string, countBetween: CountBetween): Promise<number> {
      const now = clock.now();
      const known = kept.get(key);
      if (known && now >= known.at && now < known.at + KEPT_SECONDS) return known.settled + (await countBetween({ from: known.upTo }));
      const upTo = now - SETTLED_SECONDS;
      const [settled, young] = [await countBetween({ to: upTo }), await countBetween({ from: upTo })];
      if (kept.size >= MOST_KEPT) kept.clear();
      if (settled >= worthKeeping) kept.set(key, { upTo, settled, at: now });
      else kept.delete(key);
      return settled + young;
    },
    forget: () => kept.clear(),
  };
}
export type Counts = ReturnType<typeof createCounts>;
