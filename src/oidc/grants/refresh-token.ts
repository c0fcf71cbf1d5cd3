import { OAuthError } from '../errors.ts';
import { scopeList } from '../parameters.ts';
import type { Facts, Grant, Seconds, Token } from '../ports.ts';
import {
  demandAccess,
  demandResource,
  invalidGrant,
  issueForPerson,
  type TokenDeps,
  type TokenRequest,
  type TokenResponse,
} from './shared.ts';

/** A client whose answer was lost may ask once more within this time, and gets the same successor. */
export const GRACE_SECONDS = 10;
/** Replicas' clocks differ a little; a clock that was set back must not reopen the grace. */
const SKEW_SECONDS = 2;

/** The grant without the nonce of its first request: it was for one ID token (OpenID Connect Core section 12.2). */
const withoutNonce = <F extends { grant: Grant }>(facts: F): F => ({
  ...facts,
  grant: { ...facts.grant, request: { ...facts.grant.request, nonce: undefined } },
});

const inGrace = (usedAt: Seconds, now: Seconds) => now - usedAt <= GRACE_SECONDS && now - usedAt >= -SKEW_SECONDS;

function scopesAsked(granted: readonly string[], asked: string | undefined): readonly string[] {
  if (asked === undefined) return granted;
  const scopes = scopeList(asked);
  if (scopes.some((scope) => !granted.includes(scope)))
    throw new OAuthError('invalid_scope', 'the scope exceeds what was granted', { reason: 'scope-exceeds-grant' });
  return scopes;
}

/**
 * RFC 6749 section 6 with rotation (RFC 9700 section 4.14.2): a refresh token works once. Its successor is derived from it, so an honest retry
 * inside the grace gets the same one and a family never forks; any other second use ends the whole family.
 */
export async function refreshToken(deps: TokenDeps, request: TokenRequest): Promise<TokenResponse> {
  const { parameters, facts, client, now } = request;
  const presented = parameters.get('refresh_token');
  if (presented === undefined) throw new OAuthError('invalid_request', 'refresh_token is missing', { reason: 'refresh-token-missing' });
  const { grant, token } = facts;
  if (!grant || token?.kind !== 'refresh') throw invalidGrant('refresh-token-unknown', facts);
  if (grant.clientId !== client.id) throw invalidGrant('refresh-token-of-another-client', facts);
  if (token.usedAt !== null) return retry(deps, request, facts, token, presented);
  if (token.expiresAt <= now || grant.expiresAt <= now) throw invalidGrant('refresh-token-expired', facts);
  demandAccess(deps, facts, now);
  demandResource(parameters, facts);
  const scopes = scopesAsked(grant.scopes, parameters.get('scope'));
  const { response, tokens } = await issueForPerson(deps, withoutNonce(facts), {
    scopes,
    refreshToken: deps.values.successor(presented, now),
    now,
  });
  if (await deps.grants.rotate(presented, grant, tokens, now)) return response;
  // Another request with the same token was faster: look again, now it counts as a retry.
  const again = await deps.ledger.read({ clientId: client.id, token: presented });
  if (!again.token || again.token.usedAt === null) throw invalidGrant('refresh-token-unknown', again);
  return retry(deps, request, again, again.token, presented);
}

async function retry(
  deps: TokenDeps,
  { parameters, now }: TokenRequest,
  facts: Facts,
  token: Token,
  presented: string,
): Promise<TokenResponse> {
  demandAccess(deps, facts, now);
  demandResource(parameters, facts);
  const { grant } = facts;
  const successor = deps.values.successor(presented, token.usedAt ?? 0);
  const next = (await deps.ledger.read({ clientId: grant.clientId, token: successor })).token;
  // Once the successor was used, its owner has it: whoever still sends the old token is somebody else.
  if (!inGrace(token.usedAt ?? 0, now) || !next || next.usedAt !== null) {
    await deps.grants.revoke(grant.id, now);
    throw invalidGrant('refresh-token-reused', facts);
  }
  if (next.expiresAt <= now) throw invalidGrant('refresh-token-expired', facts);
  const scopes = scopesAsked(grant.scopes, parameters.get('scope'));
  const { response, tokens } = await issueForPerson(deps, withoutNonce(facts), { scopes, refreshToken: successor, now });
  await deps.grants.addToken(grant.id, tokens[0]!, now);
  return response;
}
