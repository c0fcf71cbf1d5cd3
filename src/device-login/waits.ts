import type { Pause } from '#platform/pause.ts';

/** How often a browser that waits is looked after: a decision made by another replica is noticed this late. */
const LOOK_MS = 1000;
/** Each holds a connection. Beyond that, browsers are told to ask again. */
const MOST = 500;

/** Browsers that wait in this process until somebody has decided about them. */
export function createWaits({ pause, most = MOST }: { pause: Pause; most?: number }) {
  const waiting = new Map<AbortController, string>();
  let isStopped = false;
  return {
    /** Waits for `wake`, or for a second. False at once when there is nothing to wait for: the browser is gone, the server stops, or too many wait. */
    async forWord(id: string, gone: AbortSignal): Promise<boolean> {
      if (isStopped || gone.aborted || waiting.size >= most) return false;
      const over = new AbortController();
      const end = () => over.abort();
      gone.addEventListener('abort', end, { once: true });
      waiting.set(over, id);
      await pause(LOOK_MS, over.signal);
      waiting.delete(over);
      gone.removeEventListener('abort', end);
      return !isStopped && !gone.aborted;
    },

    /** Somebody has decided: whoever waits for it here looks at once. */
    wake(id: string): void {
      for (const [over, of] of waiting) if (of === id) over.abort();
    },

    /** Ends all waiting, for good: a stop does not wait for people. */
    stop(): void {
      isStopped = true;
      for (const over of waiting.keys()) over.abort();
    },
  };
}
export type Waits = ReturnType<typeof createWaits>;
