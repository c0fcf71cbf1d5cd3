import { personClaims } from '../claims.ts';
import type { Client, Grant, Keys, Person, Seconds, Values } from '../ports.ts';

/** How long an ID token says that it is good for: it is read once, when the person comes back. */
export const ID_TOKEN_SECONDS = 3600;

export interface IdTokenInput {
  client: Client;
  person: Person;
  grant: Grant;
  scopes: readonly string[];
  accessToken: string;
  now: Seconds;
}

/** The claims of an ID token (OpenID Connect Core section 2), without those that need the access token. */
export function idTokenClaims(
  { issuer, values }: { issuer: string; values: Values },
  { client, person, grant, scopes, now }: Omit<IdTokenInput, 'accessToken'>,
): Record<string, unknown> {
  const { nonce, acr, claims } = grant.request;
  const names = claims?.idToken ?? [];
  const bare = client.minimalIdToken && names.length === 0;
  return {
    ...(bare ? {} : personClaims(person, scopes, { issuer, client, names, namesOnly: client.minimalIdToken })),
    iss: issuer,
    sub: person.id,
    aud: [client.id],
    exp: now + ID_TOKEN_SECONDS,
    iat: now,
    jti: values.tokenId(),
    ...(grant.authTime === null ? {} : { auth_time: grant.authTime }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(acr === undefined ? {} : { acr }),
    ...(grant.amr.length === 0 ? {} : { amr: grant.amr }),
    ...(grant.sessionId === null ? {} : { sid: grant.sessionId }),
  };
}

/** OpenID Connect Core sections 2 and 3.1.3.6. `auth_time` is the ceremony's, also after a refresh (section 12.2). */
export function makeIdToken(deps: { keys: Keys; values: Values; issuer: string }, input: IdTokenInput): Promise<string> {
  const claims = idTokenClaims(deps, input);
  claims.at_hash = deps.values.leftHalf(input.client.idTokenAlg, input.accessToken);
  return deps.keys.sign(input.client.idTokenAlg, 'JWT', claims);
}
