import { z } from 'zod';
import { type UriPolicy, uriMatches, uriPatternProblem } from '#oidc/checks/uri-pattern.ts';
import { DEVICE_CODE_GRANT } from '#oidc/device.ts';
import type { DocumentGrant } from '#oidc/ports.ts';
import { ALGS } from './contract.ts';

/** What a client says of itself. */
export interface ClientDocument {
  /** Its own name and, since anybody may call themselves anything, the host that vouches for it. */
  name: string;
  redirectUris: string[];
  postLogoutRedirectUris: string[];
  grants: DocumentGrant[];
  /** Where its logo is, to be fetched like any address of a stranger. */
  logoUri: string | undefined;
  idTokenAlg: (typeof ALGS)[number];
}

/** Why a document is not taken; for the log. */
export class DocumentRefused extends Error {}

const MAX_NAME = 40;

const uris = z.array(z.string().max(2048)).max(20).default([]);
// A logo that is none is no reason to refuse the client.
const logo = z
  .string()
  .max(2048)
  .refine((uri) => URL.canParse(uri) && new URL(uri).protocol === 'https:')
  .optional()
  .catch(undefined);
const nothing = z.undefined('must be absent').optional();
const Metadata = z.object({
  client_id: z.string(),
  client_name: z.string().max(1000).optional(),
  logo_uri: logo,
  redirect_uris: uris,
  post_logout_redirect_uris: uris,
  // RFC 7591 section 2: absent would mean a secret, and there is none.
  token_endpoint_auth_method: z.literal('none'),
  client_secret: nothing,
  client_secret_expires_at: nothing,
  response_types: z.array(z.string()).max(20).default(['code']),
  grant_types: z.array(z.string()).max(20).default(['authorization_code']),
  id_token_signed_response_alg: z.enum(ALGS).default('RS256'),
});

/** No control, invisible or direction-changing characters, and short. */
const nameOf = (given: string | undefined): string =>
  [
    ...(given ?? '')
      .normalize('NFC')
      .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  ]
    .slice(0, MAX_NAME)
    .join('')
    .trim();

/** Exact URIs only: a stranger's wildcard would be a way to anywhere. */
function checkUris(list: readonly string[], what: string, policy: UriPolicy): void {
  for (const uri of list)
    if (uriPatternProblem(uri, policy) || /[*#]|\?.*[?[]/.test(uri) || !URL.canParse(uri) || !uriMatches(uri, uri, policy))
      throw new DocumentRefused(`${what} holds what is not an exact URI`);
}

/**
 * Whether a client id can be the address of a document (OAuth Client ID Metadata Document section 3): https, with a path, in its normal form, without
 * credentials, fragment or dot segments.
 */
export function isDocumentUrl(clientId: string): boolean {
  if (!clientId.startsWith('https://') || clientId.length > 512 || !URL.canParse(clientId)) return false;
  const url = new URL(clientId);
  return url.href === clientId && url.username === '' && url.password === '' && !clientId.includes('#') && url.pathname !== '/';
}

/** Reads the document at a client's id. Throws DocumentRefused for one that says something else than we can hold it to. */
export function readDocument(clientId: string, text: string, policy: UriPolicy): ClientDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new DocumentRefused('it is no JSON');
  }
  const parsed = Metadata.safeParse(json);
  if (!parsed.success)
    throw new DocumentRefused(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  const { data } = parsed;
  if (data.client_id !== clientId) throw new DocumentRefused('client_id is another one');
  const grants: DocumentGrant[] = [];
  if (data.grant_types.includes('authorization_code')) grants.push('authorization_code');
  if (data.grant_types.includes(DEVICE_CODE_GRANT)) grants.push('device_code');
  if (grants.length === 0) throw new DocumentRefused('grant_types has nothing we offer');
  if (grants.includes('authorization_code') && (!data.response_types.includes('code') || data.redirect_uris.length === 0))
    throw new DocumentRefused('it has no redirect URI, or does not ask for codes');
  checkUris(data.redirect_uris, 'redirect_uris', policy);
  checkUris(data.post_logout_redirect_uris, 'post_logout_redirect_uris', policy);
  const { host } = new URL(clientId);
  const name = nameOf(data.client_name);
  return {
    name: name === '' || name === host ? host : `${name} (${host})`,
    redirectUris: data.redirect_uris,
    postLogoutRedirectUris: data.post_logout_redirect_uris,
    grants,
    logoUri: data.logo_uri,
    idTokenAlg: data.id_token_signed_response_alg,
  };
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** How long a document may be kept, in seconds: as its server says (RFC 9111), but from five minutes to a day; an hour when it says nothing. */
export function freshSeconds(cacheControl: string | undefined): number {
  if (cacheControl === undefined) return HOUR;
  const maxAge = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl)?.[1];
  const said = /no-store|no-cache/i.test(cacheControl) ? 0 : maxAge === undefined ? HOUR : Number(maxAge);
  return Math.min(Math.max(said, 300), DAY);
}
