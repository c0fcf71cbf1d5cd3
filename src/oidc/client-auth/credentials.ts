import { OAuthError } from '../errors.ts';
import type { Parameters } from '../parameters.ts';
import { ASSERTION_TYPE, unproven } from './assertion.ts';

/** What a request says about its client, before anything was checked. */
export interface PresentedClient {
  id: string;
  /** Absent for method `none`. */
  secret?: string;
  /** The secret of a Basic header as it stands there, when that is another text: many libraries do not encode it. */
  unencodedSecret?: string;
  /** RFC 7523: a JWT in place of a secret. */
  assertion?: string;
  method: 'client_secret_basic' | 'client_secret_post' | 'client_assertion' | 'none';
}

/** Base64 of the longest id and secret there can be, 128 and 512 characters, all of them escaped (`%2E`), has 2564. */
const MAX_BASIC = 2600;
const refuse = (reason: string) => new OAuthError('invalid_client', 'client authentication failed', { reason });

/** RFC 6749 section 2.3.1: id and secret are form-encoded before they are joined; a `+` is a space there. Undefined for what nobody encoded so. */
function formDecoded(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
// biome-ignore lint/suspicious/noControlCharactersInRegex: every ASCII character is its own UTF-8.
const ASCII = /^[\x00-\x7f]*$/;

function basic(header: string): { id: string; secret: string; unencodedSecret?: string } {
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(header)?.[1];
  if (!encoded || encoded.length > MAX_BASIC) throw refuse('basic-malformed');
  let text: string;
  try {
    const bytes = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'));
    text = ASCII.test(bytes) ? bytes : utf8.decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
  } catch {
    throw refuse('basic-malformed');
  }
  const colon = text.indexOf(':');
  if (colon < 1) throw refuse('basic-malformed');
  const id = formDecoded(text.slice(0, colon));
  if (id === undefined || id.includes('\0')) throw refuse('basic-malformed');
  const written = text.slice(colon + 1);
  const secret = formDecoded(written) ?? written;
  return secret === written ? { id, secret } : { id, secret, unencodedSecret: written };
}

function asserted(parameters: Parameters, authorization: string | undefined): PresentedClient {
  const assertion = parameters.get('client_assertion');
  if (parameters.get('client_assertion_type') !== ASSERTION_TYPE || assertion === undefined) throw refuse('assertion-type');
  if (parameters.has('client_secret') || (authorization !== undefined && /^basic\b/i.test(authorization)))
    throw new OAuthError('invalid_request', 'more than one client authentication method was used', { reason: 'two-client-auth-methods' });
  const id = parameters.get('client_id') ?? unproven(assertion).sub;
  if (id === undefined || id.includes('\0')) throw refuse('assertion-malformed');
  return { id, assertion, method: 'client_assertion' };
}

/** The client that a Basic header names, whatever else is wrong with the request: for the log. */
export function basicId(authorization: string | undefined): string | undefined {
  try {
    return authorization === undefined ? undefined : basic(authorization).id;
  } catch (cause) {
    if (cause instanceof OAuthError) return undefined;
    throw cause;
  }
}

/**
 * Reads the client's credentials from the `Authorization` header or the body, never from both (RFC 6749 section 2.3: one method a request).
 * Undefined when the request names no client at all.
 */
export function presentedClient(parameters: Parameters, authorization: string | undefined): PresentedClient | undefined {
  if (parameters.has('client_assertion') || parameters.has('client_assertion_type')) return asserted(parameters, authorization);
  const bodyId = parameters.get('client_id');
  const bodySecret = parameters.get('client_secret');
  if (authorization !== undefined && /^basic\b/i.test(authorization)) {
    const { id, ...secrets } = basic(authorization);
    if (bodySecret !== undefined)
      throw new OAuthError('invalid_request', 'more than one client authentication method was used', { reason: 'two-client-auth-methods' });
    if (bodyId !== undefined && bodyId !== id)
      throw new OAuthError('invalid_request', 'client_id differs from the authenticated client', { reason: 'client-id-mismatch' });
    return secrets.secret === '' ? { id, method: 'none' } : { id, ...secrets, method: 'client_secret_basic' };
  }
  if (bodyId === undefined) return undefined;
  return bodySecret === undefined ? { id: bodyId, method: 'none' } : { id: bodyId, secret: bodySecret, method: 'client_secret_post' };
}

/** The same at an endpoint that answers clients only. */
export function requiredClient(parameters: Parameters, authorization: string | undefined): PresentedClient {
  const presented = presentedClient(parameters, authorization);
  if (!presented) throw new OAuthError('invalid_client', 'client authentication is missing', { reason: 'client-missing' });
  return presented;
}

/**
 * The client of a request to introspection that brings an assertion as its Bearer token, beside a `client_id`. Undefined when the token is none of another
 * issuer: then it is an access token, or nothing.
 */
export function bearerAssertion(parameters: Parameters, bearer: string, issuer: string): PresentedClient | undefined {
  const id = parameters.get('client_id');
  const { iss } = unproven(bearer);
  return id === undefined || iss === undefined || iss === issuer ? undefined : { id, assertion: bearer, method: 'client_assertion' };
}
