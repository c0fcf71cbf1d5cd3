import crypto, { hash, randomFillSync, randomInt, randomUUID } from 'node:crypto';

/** Randomness comes in as an argument like time does. */
export interface Random {
  uuid(): string;
  /**
   * A UUID that begins with the time (RFC 9562 version 7), for rows that come by the million: their index then grows at one end instead of
   * everywhere, which halves what a write costs. It tells when it was made, so it is no secret and no name for a person.
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

export const systemRandom: Random = {
  uuid: () => randomUUID(),
  // Node 24 does not have it.
  rowId: () => crypto.randomUUIDv7?.() ?? randomUUID(),
  secret,
  text: (length, alphabet) => Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join(''),
};

/** The millisecond since 1970 a `rowId` was made in; any other number below 2^48 of a UUID without a time. */
export const momentOf = (rowId: string): number => Number.parseInt(rowId.slice(0, 8) + rowId.slice(9, 13), 16);

/** SHA-256 as base64url: how every high-entropy secret is stored. Never for anything a person chose. */
export const sha256 = (value: string): string => hash('sha256', value, 'base64url');
