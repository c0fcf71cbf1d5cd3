import { authenticateClient } from './client-auth/authenticate.ts';
import { requiredClient } from './client-auth/credentials.ts';
import { DEVICE_CODE_GRANT } from './device.ts';
import { OAuthError } from './errors.ts';
import { authorizationCode } from './grants/authorization-code.ts';
import { clientCredentials } from './grants/client-credentials.ts';
import { deviceCode } from './grants/device-code.ts';
import { refreshToken } from './grants/refresh-token.ts';
import type { TokenDeps, TokenRequest, TokenResponse } from './grants/shared.ts';
import { type Parameters, required } from './parameters.ts';
import type { Lookup, Seconds } from './ports.ts';

const GRANTS: Readonly<Record<string, (deps: TokenDeps, request: TokenRequest) => Promise<TokenResponse>>> = {
  __proto__: null as never,
  authorization_code: authorizationCode,
  refresh_token: refreshToken,
  client_credentials: clientCredentials,
  [DEVICE_CODE_GRANT]: deviceCode,
};

/** Announced in discovery. */
export const GRANT_TYPES = Object.keys(GRANTS);

/**
 * The token endpoint (RFC 6749 section 3.2): authenticates the client, then hands over to the grant. Client, presented value, person, groups and
 * consent are read in one statement. Throws `OAuthError`.
 */
export async function tokenEndpoint(
  deps: TokenDeps,
  parameters: Parameters,
  authorization: string | undefined,
  now: Seconds,
): Promise<TokenResponse> {
  const presented = requiredClient(parameters, authorization);
  const type = required(parameters, 'grant_type');
  const grant = GRANTS[type];
  const lookup: Lookup = { clientId: presented.id };
  if (type === 'authorization_code') lookup.code = parameters.get('code');
  else if (type === DEVICE_CODE_GRANT) lookup.code = parameters.get('device_code');
  else if (type === 'refresh_token') lookup.token = parameters.get('refresh_token');
  const facts = await deps.ledger.read(lookup);
  const client = await authenticateClient(deps, facts, presented, now);
  if (!grant) throw new OAuthError('unsupported_grant_type', 'the grant type is not supported', { reason: 'grant-type-unsupported' });
  return grant(deps, { parameters, facts, client, now });
}
