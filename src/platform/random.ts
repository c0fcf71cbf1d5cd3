import { hash, randomFillSync, randomInt, randomUUID } from 'node:crypto';

/** Randomness comes in as an argument like time does. */
export interface Random {
  uuid(): string;
  /**
   * A UUID that begins with the time (RFC 9562 version 7), for rows that come by the million: their index then grows at one end instead of
   * everywhere, which halves what a write costs. Those of one process sort in the order they were made, so they also tell which of two rows of one
   * second came first, and what is listed by its time of making has them. It tells when it was made, so it is no secret and no name for a person.
   */
  rowId(): string;
  /** A value of 256 random bits, base64url, 43 characters: session ids, codes, tokens. */
  secret(): string;
  /** `length` characters drawn evenly from `alphabet`. */
  text(length: number, alphabet: string): string;
}

export const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Random bytes are drawn for many secrets at once, as Node itself does for UUIDs: the system call costs more than the bytes. */
const SECRET_BYTES = 32;
const pool = Buffer.alloc(128 * SECRET_BYTES);
let used = pool.length;
function secret(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.subarray(used, used + SECRET_BYTES);
  const text = bytes.toString('base64url');
  // What was given away is not kept.
  bytes.fill(0);
  used += SECRET_BYTES;
  return text;
}

let millisecond = 0;
let beginning = '';
let nth = 0;
/** What says "version 7" and counts those of one millisecond (RFC 9562 section 6.2, method 1), where others have random bits. */
const COUNT = Array.from({ length: 0x1000 }, (_, i) => `7${i.toString(16).padStart(3, '0')}`);
function rowId(): string {
  const now = Date.now();
  nth++;
  // Too many for one millisecond borrow from the next, and a clock that is set back is waited for.
  if (now > millisecond || nth === COUNT.length) {
    millisecond = Math.max(now, millisecond + 1);
    nth = 0;
    const time = millisecond.toString(16).padStart(12, '0');
    beginning = `${time.slice(0, 8)}-${time.slice(8)}-`;
  }
  return beginning + COUNT[nth] + randomUUID().slice(18);
}

export const systemRandom: Random = {
  uuid: () => randomUUID(),
  rowId,
  secret,
  text: (length, alphabet) => Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join(''),
};

/** SHA-256 as base64url: how every high-entropy secret is stored. Never for anything a person chose. */
export const sha256 = (value: string): string => hash('sha256', value, 'base64url');
