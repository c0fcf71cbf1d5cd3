import { setTimeout } from 'node:timers/promises';

/** How often work is done in all, when it loses each time. */
export const TRIES = 6;
/** 40001 serialization failure, 40P01 deadlock: PostgreSQL has taken all of it back, and asks for it once more. */
const CONFLICT = /^40(?:001|P01)$/;

type Coded = { code?: string; cause?: unknown } | undefined;
const lost = (failure: unknown): boolean =>
  CONFLICT.test((failure as Coded)?.code ?? '') || CONFLICT.test(((failure as Coded)?.cause as Coded)?.code ?? '');

/**
 * Does work that PostgreSQL may take back because two waited for each other: again, after a short time. `work` is a whole transaction, or a
 * statement that is one; it must have no effect that outlives a rollback. Rejects with what the last try failed with.
 */
export async function untilItWins<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (failure) {
      if (tries === TRIES || !lost(failure)) throw failure;
    }
    // At random, and longer each time: those who began again in step would meet again.
    await setTimeout(Math.random() * 10 * 2 ** tries);
  }
}
