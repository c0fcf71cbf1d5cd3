import { IDENTITY_SCOPES } from '../claims.ts';
import { OAuthError } from '../errors.ts';
import { scopeList } from '../parameters.ts';
import { makeAccessToken } from '../tokens/access-token.ts';
import type { TokenDeps, TokenRequest, TokenResponse } from './shared.ts';

/** RFC 6749 section 4.4: a confidential client acts for itself. Scopes that speak of a person are left out; others belong to APIs it was not granted. */
export async function clientCredentials(deps: TokenDeps, { parameters, client, now }: TokenRequest): Promise<TokenResponse> {
  const about = { client: { id: client.id, name: client.name } };
  if (client.isPublic)
    throw new OAuthError('unauthorized_client', 'a public client cannot act for itself', { reason: 'public-client', about });
  if (parameters.has('resource'))
    throw new OAuthError('invalid_target', 'the resource is unknown or not granted', { reason: 'resource-not-granted', about });
  if (scopeList(parameters.get('scope')).some((scope) => !IDENTITY_SCOPES.has(scope)))
    throw new OAuthError('invalid_scope', 'a scope is unknown or not granted', { reason: 'scope-not-granted', about });
  const access = await makeAccessToken(deps, { client, userId: null, scopes: [], resource: null, authTime: null, now });
  const grant = {
    clientId: client.id,
    userId: null,
    sessionId: null,
    kind: 'client_credentials',
    scopes: [],
    resource: null,
    authTime: null,
    amr: [],
    request: {},
    expiresAt: access.expiresAt,
  } as const;
  await deps.grants.open(grant, [access], now);
  return { access_token: access.value, token_type: 'bearer', expires_in: access.expiresAt - now, scope: '' };
}
