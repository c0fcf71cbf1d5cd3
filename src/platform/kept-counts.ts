import type { Clock, Seconds } from './clock.ts';

/** Smaller ones are counted each time: that is quick, and always exact. */
const WORTH_KEEPING = 5000;
/** What another process adds or removes is seen at most so many seconds later. */
const KEPT_SECONDS = 30;
const MOST_KEPT = 100;

/** Counts of a table that changes rarely: large ones are kept for a while, or until this process itself changes something (`forget`). */
export function keptCounts({ clock, worthKeeping = WORTH_KEEPING }: { clock: Clock; worthKeeping?: number }) {
  const kept = new Map<string, { total: number; at: Seconds }>();
  return {
    /** `key` stands for what is counted: the same key, the same rows. */
    async total(key: string, count: () => Promise<number>): Promise<number> {
      const now = clock.now();
      const known = kept.get(key);
      if (known && now >= known.at && now < known.at + KEPT_SECONDS) return known.total;
      const total = await count();
      if (kept.size >= MOST_KEPT) kept.clear();
      if (total >= worthKeeping) kept.set(key, { total, at: now });
      else kept.delete(key);
      return total;
    },
    forget: () => kept.clear(),
  };
}
export type KeptCounts = ReturnType<typeof keptCounts>;
