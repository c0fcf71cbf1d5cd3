import { apiOf, namedResource } from '../checks/resource.ts';
import { isStandardScope } from '../checks/scope.ts';
import { OAuthError } from '../errors.ts';
import type { Parameters } from '../parameters.ts';
import type {
  Client,
  ClientAssertions,
  Decide,
  Devices,
  Facts,
  Grants,
  Keys,
  Ledger,
  NewToken,
  Person,
  Seconds,
  Values,
} from '../ports.ts';
import { makeAccessToken } from '../tokens/access-token.ts';
import { makeIdToken } from '../tokens/id-token.ts';

/** What every grant of the token endpoint stands on. */
export interface TokenDeps {
  issuer: string;
  ledger: Ledger;
  grants: Grants;
  devices: Devices;
  keys: Keys;
  values: Values;
  assertions: ClientAssertions;
  decide: Decide;
}

export interface TokenRequest {
  parameters: Parameters;
  facts: Facts;
  client: Client;
  now: Seconds;
}

/** RFC 6749 section 5.1. */
export interface TokenResponse {
  access_token: string;
  token_type: 'bearer';
  expires_in: number;
  scope: string;
  refresh_token?: string;
  id_token?: string;
}

export const aboutFacts = ({ client, person }: Facts) => ({
  client: client && { id: client.id, name: client.name },
  person: person && { id: person.id, username: person.username },
});

/** `invalid_grant` with the reason for the log; the client learns the same sentence whatever it was. */
export const invalidGrant = (reason: string, facts: Facts = {}) =>
  new OAuthError('invalid_grant', 'the grant is invalid, expired, revoked or was issued to another client', {
    reason,
    about: aboutFacts(facts),
  });

/** Passes the one access decision, or refuses as the token endpoint does. */
export function demandAccess(
  deps: TokenDeps,
  facts: Facts,
  now: Seconds,
): asserts facts is Facts & Required<Pick<Facts, 'client' | 'grant' | 'person'>> {
  const decision = deps.decide(facts, now, { grant: true, session: false, person: true, consent: true });
  if (decision.allow) return;
  if (decision.reason === 'not-in-allowed-group')
    throw new OAuthError('invalid_grant', 'the person may no longer use this application', {
      reason: decision.reason,
      about: aboutFacts(facts),
    });
  throw invalidGrant(decision.reason, facts);
}

/** RFC 8707 section 2.2: a token request may name the API of its grant, and no other. */
export function demandResource(parameters: Parameters, facts: Facts): void {
  const named = namedResource(parameters);
  if (named !== undefined && named !== facts.grant?.resource)
    throw new OAuthError('invalid_target', 'the resource was not granted', { reason: 'resource-not-granted', about: aboutFacts(facts) });
}

/** What is left of granted scopes: permissions the client has lost since are left out, and without any access to the API nothing is given. */
function standing(scopes: readonly string[], facts: Facts & Required<Pick<Facts, 'client' | 'grant'>>): readonly string[] {
  const { resource } = facts.grant;
  if (resource === null) return scopes;
  const permissions = apiOf(facts.client, resource)?.forPeople;
  if (!permissions) throw invalidGrant('api-access-withdrawn', facts);
  return scopes.filter((scope) => isStandardScope(scope) || permissions.some(({ key }) => key === scope));
}

/** Signs what a person's grant gives: access token, refresh token, and an ID token when `openid` was granted. */
export async function issueForPerson(
  deps: TokenDeps,
  facts: Facts & Required<Pick<Facts, 'client' | 'grant'>> & { person: Person },
  { scopes: asked, refreshToken, now }: { scopes: readonly string[]; refreshToken: string; now: Seconds },
): Promise<{ response: TokenResponse; tokens: NewToken[] }> {
  const { client, grant, person } = facts;
  const scopes = standing(asked, facts);
  const access = await makeAccessToken(deps, {
    client,
    userId: person.id,
    scopes,
    resource: grant.resource,
    authTime: grant.authTime,
    notAfter: grant.expiresAt,
    now,
  });
  const idToken = scopes.includes('openid')
    ? await makeIdToken(deps, { client, person, grant, scopes, accessToken: access.value, now })
    : undefined;
  const refresh: NewToken = {
    kind: 'refresh',
    value: refreshToken,
    jti: deps.values.tokenId(),
    scopes: grant.scopes,
    audience: [client.id],
    expiresAt: Math.min(now + client.refreshTokenSeconds, grant.expiresAt),
  };
  return {
    tokens: [access, refresh],
    response: {
      access_token: access.value,
      token_type: 'bearer',
      expires_in: access.expiresAt - now,
      scope: scopes.join(' '),
      refresh_token: refresh.value,
      ...(idToken === undefined ? {} : { id_token: idToken }),
    },
  };
}
