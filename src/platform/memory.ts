import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Milliseconds after the start: the first requests, which somebody waits for, come before. */
const AFTER_MS = 2000;

/**
 * Gives back what only the start needed, a fifth of what an idle server would hold for good: V8 collects like this only when memory runs out. It
 * takes some 50 ms, once, during which nothing else runs.
 */
export function shrinkAfterStart(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: object) => void;
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }, AFTER_MS).unref();
}
