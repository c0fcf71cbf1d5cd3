import type { Log } from './log.ts';

/** Deletes rows that are over, at most `limit` of a kind in one statement, so that nobody waits long for it; answers how many. Nothing may depend on it but space. */
export type Sweep = (limit: number) => Promise<number>;

const BATCH = 500;
const EVERY_MS = 10 * 60 * 1000;
/** Between two batches others have their turn at the database. */
const BREATH_MS = 20;

const failure = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

/** Runs each sweep until it finds less than a batch. One that fails is logged, and keeps none of the others from running. */
export async function sweepAll(sweeps: Readonly<Record<string, Sweep>>, log: Log, isStopped: () => boolean = () => false): Promise<void> {
  for (const [what, sweep] of Object.entries(sweeps)) {
    try {
      while (!isStopped() && (await sweep(BATCH)) >= BATCH) await new Promise((resolve) => setTimeout(resolve, BREATH_MS));
    } catch (cause) {
      log.error('clean-up error', { what, error: failure(cause) });
    }
  }
}

/** Sweeps every ten minutes, without keeping the process alive. Answers how to stop: the promise is kept when no sweep is under way any more. */
export function sweepRegularly(sweeps: Readonly<Record<string, Sweep>>, log: Log): () => Promise<void> {
  let running: Promise<void> | undefined;
  let stopped = false;
  const timer = setInterval(() => {
    running ??= sweepAll(sweeps, log, () => stopped).finally(() => {
      running = undefined;
    });
  }, EVERY_MS).unref();
  return async () => {
    stopped = true;
    clearInterval(timer);
    await running;
  };
}
