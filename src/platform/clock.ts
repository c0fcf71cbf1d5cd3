/** Whole seconds since 1970, UTC: the one unit of time in the database and in tokens. */
export type Seconds = number;

/** Time comes in as an argument, so that a test can set it and no test sleeps. */
export interface Clock {
  /** Now, in whole seconds. */
  now(): Seconds;
}

export const systemClock: Clock = { now: () => Math.floor(Date.now() / 1000) };

/** RFC 3339 with second precision and `Z`, the form of every date in the REST API. */
export const rfc3339 = (at: Seconds): string => `${new Date(at * 1000).toISOString().slice(0, 19)}Z`;
