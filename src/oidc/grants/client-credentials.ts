import { apiOf, namedResource } from '../checks/resource.ts';
import { isStandardScope } from '../checks/scope.ts';
import { OAuthError } from '../errors.ts';
import { type Parameters, scopeList } from '../parameters.ts';
import type { Client } from '../ports.ts';
import { makeAccessToken } from '../tokens/access-token.ts';
import type { TokenDeps, TokenRequest, TokenResponse } from './shared.ts';

/** The permissions asked for at the API that is named, everything the client has there when it names none; without a resource there are none. */
function permissions(parameters: Parameters, client: Client): { resource: string | null; scopes: string[] } {
  const about = { client: { id: client.id, name: client.name } };
  const resource = namedResource(parameters) ?? null;
  const granted = resource === null ? [] : apiOf(client, resource)?.forItself?.map(({ key }) => key);
  if (!granted)
    throw new OAuthError('invalid_target', 'the resource is not available to this client', { reason: 'resource-not-granted', about });
  const asked = scopeList(parameters.get('scope'));
  const wanted = asked.filter((scope) => !isStandardScope(scope));
  if (wanted.some((scope) => !granted.includes(scope)))
    throw new OAuthError('invalid_scope', 'a scope is unknown or not granted', { reason: 'scope-not-granted', about });
  return { resource, scopes: asked.length === 0 ? granted : wanted };
}

/** RFC 6749 section 4.4: a confidential client acts for itself. Scopes that speak of a person are left out. */
export async function clientCredentials(deps: TokenDeps, { facts, parameters, client, now }: TokenRequest): Promise<TokenResponse> {
  const about = { client: { id: client.id, name: client.name } };
  if (client.isPublic)
    throw new OAuthError('unauthorized_client', 'a public client cannot act for itself', { reason: 'public-client', about });
  const decision = deps.decide(facts, now, { grant: false, session: false, person: false, consent: false });
  if (!decision.allow) throw new OAuthError('invalid_client', 'client authentication failed', { reason: decision.reason, about });
  const { resource, scopes } = permissions(parameters, client);
  const access = await makeAccessToken(deps, { client, userId: null, scopes, resource, authTime: null, now });
  const grant = {
    clientId: client.id,
    userId: null,
    sessionId: null,
    kind: 'client_credentials',
    scopes,
    resource,
    authTime: null,
    amr: [],
    request: {},
    expiresAt: access.expiresAt,
  } as const;
  await deps.grants.open(grant, [access], now);
  return { access_token: access.value, token_type: 'bearer', expires_in: access.expiresAt - now, scope: scopes.join(' ') };
}
