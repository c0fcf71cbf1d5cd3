/** Whole seconds since 1970, UTC: the one unit of time in the database and in tokens. */
export type Seconds = number;

/** Time comes in as an argument, so that a test can set it and no test sleeps. */
export interface Clock {
  /** Now, in whole seconds. */
  now(): Seconds;
}

export const systemClock: Clock = { now: () => Math.floor(Date.now() / 1000) };

const DAY = 86_400;
const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`);
let lastDay = Number.NaN;
let lastDate = '';

/** RFC 3339 with second precision and `Z`, the form of every date in the REST API. A list has many of few days, and the calendar is what costs. */
export function rfc3339(at: Seconds): string {
  const day = Math.floor(at / DAY);
  if (day !== lastDay) {
    lastDate = new Date(at * 1000).toISOString().split('T', 1)[0] as string;
    lastDay = day;
  }
  const seconds = Math.floor(at - day * DAY);
  return `${lastDate}T${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}Z`;
}
