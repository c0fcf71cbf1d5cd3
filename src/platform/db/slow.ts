/** What hears of statements that take long. */
export interface Slow {
  /** Milliseconds from which on a statement is told. */
  from: number;
  /** Gets the SQL without the values that were bound to it. */
  tell(sql: string, milliseconds: number): void;
}

/** To be called where a statement ends, with the `performance.now()` of its beginning. */
export function tellIfSlow({ from, tell }: Slow, sql: string, began: number): void {
  const took = performance.now() - began;
  if (took >= from) tell(sql, took);
}

/** Measures `work`, which waits for nothing: on SQLite all requests wait for it meanwhile. */
export function measured<T>(slow: Slow | undefined, sql: string, work: () => T): T {
  if (!slow) return work();
  const began = performance.now();
  try {
    return work();
  } finally {
    tellIfSlow(slow, sql, began);
  }
}
