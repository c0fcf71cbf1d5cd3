import { sha256 } from '#platform/random.ts';

/** Characters of a stamp: seconds since 1970 to the base of 36. */
const STAMP = 7;
const stamp = (at: number) => at.toString(36).padStart(STAMP, '0');

/** A refresh token: a secret behind the second `at` in which it was made. */
export const stamped = (secret: string, at: number): string => stamp(at) + secret;

/** The stamp of what was presented: a JWT has it as `iat`, a refresh token in front. It proves nothing; a wrong one finds nothing. */
function stampOf(token: string): string {
  const payload = token.split('.', 2)[1];
  if (payload === undefined) return token.slice(0, STAMP);
  const iat = /"iat":(\d{1,11})[,}]/.exec(Buffer.from(payload, 'base64url').toString('latin1'))?.[1];
  return iat === undefined ? '' : stamp(Number(iat));
}

/**
 * Where a token is stored: its SHA-256 behind its stamp. Rows then come in the order of the index, which grows at its end; with the hash alone
 * every token would change a page of its own, and a million of them would make each write twice as dear.
 */
export const tokenKey = (token: string): string => stampOf(token) + sha256(token);
