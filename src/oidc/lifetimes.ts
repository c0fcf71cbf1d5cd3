/** Seconds an authorization code may be redeemed in (RFC 6749 section 4.1.2 asks for ten minutes at most; FAPI 2.0 for one). */
export const CODE_SECONDS = 60;
/** However often it is refreshed, a grant ends after this: 180 days. */
export const GRANT_SECONDS = 180 * 86_400;
