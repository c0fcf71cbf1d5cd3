import type { Client, Seconds } from './ports.ts';

/** Seconds an authorization code may be redeemed in (RFC 6749 section 4.1.2 asks for ten minutes at most; FAPI 2.0 for one). */
export const CODE_SECONDS = 60;
/** However often it is refreshed, a grant ends after this: 180 days. */
export const GRANT_SECONDS = 180 * 86_400;

/** When a grant that is given now ends. A client may be given tokens that live longer than that; then one of them is the limit. */
export const grantEnd = (client: Pick<Client, 'accessTokenSeconds' | 'refreshTokenSeconds'>, now: Seconds): Seconds =>
  now + Math.max(GRANT_SECONDS, client.accessTokenSeconds, client.refreshTokenSeconds);
