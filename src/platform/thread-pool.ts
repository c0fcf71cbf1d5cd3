import { availableParallelism } from 'node:os';

/**
 * Whether cryptography goes to the thread pool, so that a second core counts. With one core only the pool has nobody to share the work with, and its
 * threads cost the event loop more than they spare it.
 */
export const usesThreadPool = availableParallelism() > 1;
