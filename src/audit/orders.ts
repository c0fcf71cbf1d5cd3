import type { Clock, Seconds } from '#platform/clock.ts';
import { KEPT_SECONDS, SETTLED_SECONDS } from './counts.ts';

/** So many rows of an order are kept: twenty-five pages of twenty. */
const MOST = 500;
const MOST_KEPT = 20;

/**
 * The first rows of a long log in an order that no index has. An index by address, place or device would cost every sign-in and every token a
 * write for a table that is sorted so once in a while; so the settled rows are put in order once, and the younger ones are added each time.
 * `forget` when old rows were removed.
 */
export function createOrders({ clock, most = MOST }: { clock: Clock; most?: number }) {
  const kept = new Map<string, { ids: string[]; upTo: Seconds; at: Seconds }>();
  return {
    most,
    /** `read` answers the ids of the first `most` rows up to and including a time; the same key, the same rows and order. */
    async first(key: string, read: (upTo: Seconds) => Promise<string[]>): Promise<{ ids: readonly string[]; upTo: Seconds }> {
      const now = clock.now();
      const known = kept.get(key);
      if (known && now >= known.at && now < known.at + KEPT_SECONDS) return known;
      const upTo = now - SETTLED_SECONDS;
      const fresh = { ids: await read(upTo), upTo, at: now };
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(key, fresh);
      return fresh;
    },
    forget: () => kept.clear(),
  };
}
export type Orders = ReturnType<typeof createOrders>;
