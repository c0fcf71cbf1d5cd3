import { sha256 } from '#platform/random.ts';

/** Characters of a stamp in a key: seconds since 1970 to the base of 36. */
const STAMP = 7;
const stamp = (at: number) => at.toString(36).padStart(STAMP, '0');

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUE_OF = new Map([...BASE64URL].map((character, value) => [character, value]));
/** Characters of a stamp in a refresh token: 36 bits, enough until the year 4147. */
const VEILED = 6;

/** A refresh token: 256 random bits, base64url, behind the second `at` in which it was made, veiled by them so that it looks as random as they do. */
export function stamped(secret: string, at: number): string {
  let veiled = '';
  for (let i = 0, rest = at; i < VEILED; i++, rest = Math.floor(rest / 64))
    veiled += BASE64URL[(rest % 64) ^ (VALUE_OF.get(secret[i] as string) ?? 0)];
  return veiled + secret;
}

/** The second of a refresh token; something else for what is none. */
function unveiled(token: string): number {
  let at = 0;
  for (let i = VEILED - 1; i >= 0; i--)
    at = at * 64 + ((VALUE_OF.get(token[i] as string) ?? 0) ^ (VALUE_OF.get(token[VEILED + i] as string) ?? 0));
  return at;
}

/** The stamp of what was presented: a JWT has it as `iat`, a refresh token in front. It proves nothing; a wrong one finds nothing. */
function stampOf(token: string): string {
  const payload = token.split('.', 2)[1];
  if (payload === undefined) return stamp(unveiled(token));
  const iat = /"iat":(\d{1,11})[,}]/.exec(Buffer.from(payload, 'base64url').toString('latin1'))?.[1];
  return iat === undefined ? '' : stamp(Number(iat));
}

/**
 * Where a token is stored: its SHA-256 behind its stamp. Rows then come in the order of the index, which grows at its end; with the hash alone
 * every token would change a page of its own, and a million of them would make each write twice as dear.
 */
export const tokenKey = (token: string): string => stampOf(token) + sha256(token);

/** The same for a token that was made now, whose stamp need not be read out of it. */
export const newTokenKey = (token: string, now: number): string => stamp(now) + sha256(token);
