import { sha256 } from '#platform/random.ts';
import { keyOf, newKeyOf } from '#platform/stamped.ts';

/** Characters of a token id that tell the millisecond it was made in (RFC 9562 section 5.7). */
const MOMENT = 13;
const ID = new RegExp(`"jti":"([\\w-]{${MOMENT}})`);

/** Where a token is stored, as `keyOf`; an access token, which is a JWT, has its time in its `jti`. */
export function tokenKey(token: string): string {
  const payload = token.split('.', 2)[1];
  if (payload === undefined) return keyOf(token);
  return (ID.exec(Buffer.from(payload, 'base64url').toString('latin1'))?.[1] ?? '') + sha256(token);
}

/** The same for a token that was made `now` (seconds), whose time need not be read out of it. */
export const newTokenKey = ({ kind, value, jti }: { kind: 'access' | 'refresh'; value: string; jti: string }, now: number): string =>
  kind === 'access' ? jti.slice(0, MOMENT) + sha256(value) : newKeyOf(value, now);
