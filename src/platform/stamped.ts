import { type Random, sha256 } from './random.ts';

/** Characters of a stamp in a key: a number below 2^48 to the base of 36. */
const STAMP = 10;
const stamp = (at: number) => at.toString(36).padStart(STAMP, '0');

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUE_OF = new Map([...BASE64URL].map((character, value) => [character, value]));
/** Characters of a stamp in a value: 48 bits. */
const VEILED = 8;

/**
 * A value of 256 random bits, base64url, behind the time `at` in which it was made (seconds or milliseconds, below 2^48), veiled by them so that it
 * looks as random as they do.
 */
export function stamped(secret: string, at: number): string {
  let veiled = '';
  for (let i = 0, rest = at; i < VEILED; i++, rest = Math.floor(rest / 64))
    veiled += BASE64URL[(rest % 64) ^ (VALUE_OF.get(secret[i] as string) ?? 0)];
  return veiled + secret;
}

/** A new one, with the millisecond: sessions, codes. As in `rowId` that is an order of rows, and no time that anything is decided by. */
export const newStamped = (random: Random): string => stamped(random.secret(), Date.now());

/** The time of a stamped value; something else for what is none. */
function unveiled(value: string): number {
  let at = 0;
  for (let i = VEILED - 1; i >= 0; i--)
    at = at * 64 + ((VALUE_OF.get(value[i] as string) ?? 0) ^ (VALUE_OF.get(value[VEILED + i] as string) ?? 0));
  return at;
}

/**
 * Where a stamped value is stored: its SHA-256 behind its stamp. Rows then come in the order of the index, which grows at its end; with the hash
 * alone every value would change a page of its own, and a million of them would make each write twice as dear. The stamp proves nothing: a wrong
 * one finds nothing.
 */
export const keyOf = (value: string): string => stamp(unveiled(value)) + sha256(value);

/** The same for a value that was made `at` that time, whose stamp need not be read out of it. */
export const newKeyOf = (value: string, at: number): string => stamp(at) + sha256(value);
