import { pause } from './pause.ts';

/** What `work` answers, or `late` once so many milliseconds have passed: it goes on, but is waited for no longer. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | 'late'> {
  const over = new AbortController();
  try {
    return await Promise.race([work, pause(ms, over.signal).then(() => 'late' as const)]);
  } finally {
    over.abort();
  }
}
