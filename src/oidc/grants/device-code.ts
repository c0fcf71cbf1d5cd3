import { OAuthError } from '../errors.ts';
import type { Devices, Facts } from '../ports.ts';
import {
  demandAccess,
  demandResource,
  invalidGrant,
  issueForPerson,
  type TokenDeps,
  type TokenRequest,
  type TokenResponse,
} from './shared.ts';

/** What the device hears while nothing was granted yet (RFC 8628 section 3.5). */
async function notYet(
  devices: Devices,
  deviceCode: string,
  { facts, client, now }: { facts: Facts; client: { id: string }; now: number },
): Promise<never> {
  switch (await devices.poll(deviceCode, client.id, now)) {
    case 'pending':
      throw new OAuthError('authorization_pending', 'the person has not answered yet');
    case 'slow-down':
      throw new OAuthError('slow_down', 'wait five seconds more between two requests');
    case 'denied':
      throw new OAuthError('access_denied', 'the person said no', { reason: 'device-denied' });
    case 'expired':
      throw new OAuthError('expired_token', 'the device code has expired', { reason: 'device-code-expired' });
    case undefined:
      throw invalidGrant('device-code-unknown', facts);
  }
}

/** RFC 8628 section 3.4. Once approved the device code is a grant's code, redeemed like any other: once. */
export async function deviceCode(deps: TokenDeps, request: TokenRequest): Promise<TokenResponse> {
  const { parameters, facts, client, now } = request;
  const presented = parameters.get('device_code');
  if (presented === undefined) throw new OAuthError('invalid_request', 'device_code is missing', { reason: 'device-code-missing' });
  const { grant } = facts;
  if (!grant) return notYet(deps.devices, presented, request);
  if (grant.kind !== 'device_code') throw invalidGrant('device-code-unknown', facts);
  if (grant.clientId !== client.id) throw invalidGrant('device-code-of-another-client', facts);
  if (grant.codeUsedAt !== null) throw invalidGrant('device-code-used-twice', facts);
  if (grant.codeExpiresAt === null || grant.codeExpiresAt <= now)
    throw new OAuthError('expired_token', 'the device code has expired', { reason: 'device-code-expired' });
  demandAccess(deps, facts, now);
  demandResource(parameters, facts);
  const { response, tokens } = await issueForPerson(deps, facts, {
    scopes: grant.scopes,
    refreshToken: deps.values.refreshToken(now),
    now,
  });
  if (!(await deps.grants.redeemCode(presented, grant.id, tokens, now))) throw invalidGrant('device-code-used-twice', facts);
  return response;
}
