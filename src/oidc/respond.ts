import type { ReturnAddress } from './authorize.ts';
import { RESPONSE_PARAMETERS } from './checks/uri-pattern.ts';
import type { OAuthError } from './errors.ts';

/** `form`: an HTML form the browser posts to `action` by itself (OAuth 2.0 Form Post Response Mode). */
export type Answer = { kind: 'redirect'; url: string } | { kind: 'form'; action: string; fields: Record<string, string> };

/** The URI as registered, but without parameters of the names we are about to add: a client must never read two of one. */
function withoutOurs(uri: string): string {
  const at = uri.indexOf('?');
  if (at < 0) return uri;
  const kept = uri
    .slice(at + 1)
    .split('&')
    .filter((pair) => ![...new URLSearchParams(pair).keys()].some((key) => RESPONSE_PARAMETERS.includes(key)));
  return kept.length === 0 ? uri.slice(0, at) : `${uri.slice(0, at)}?${kept.join('&')}`;
}

/** The URI with parameters added to its query; the rest of it stays as it was written. */
export function withQuery(uri: string, fields: Record<string, string>): string {
  const query = new URLSearchParams(fields).toString();
  const base = withoutOurs(uri);
  if (query === '') return base;
  return `${base}${base.includes('?') ? (/[?&]$/.test(base) ? '' : '&') : '?'}${query}`;
}

function send(address: ReturnAddress, fields: Record<string, string>): Answer {
  const { redirectUri, responseMode } = address;
  switch (responseMode) {
    case 'query':
      return { kind: 'redirect', url: withQuery(redirectUri, fields) };
    case 'fragment':
      return { kind: 'redirect', url: `${withoutOurs(redirectUri)}#${new URLSearchParams(fields)}` };
    case 'form_post':
      return { kind: 'form', action: withoutOurs(redirectUri), fields };
  }
}

const common = ({ state }: ReturnAddress, issuer: string) => ({ ...(state === undefined ? {} : { state }), iss: issuer });

/** RFC 6749 section 4.1.2, RFC 9207 section 2. */
export const respondCode = (address: ReturnAddress, issuer: string, code: string): Answer =>
  send(address, { code, ...common(address, issuer) });

/** RFC 6749 section 4.1.2.1, RFC 9207 section 2. */
export const respondError = (address: ReturnAddress, issuer: string, error: Pick<OAuthError, 'code' | 'description'>): Answer =>
  send(address, { error: error.code, error_description: error.description, ...common(address, issuer) });
