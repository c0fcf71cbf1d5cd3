import { OAuthError } from '../errors.ts';
import type { GrantRequest, Values } from '../ports.ts';
import {
  demandAccess,
  demandResource,
  invalidGrant,
  issueForPerson,
  type TokenDeps,
  type TokenRequest,
  type TokenResponse,
} from './shared.ts';

const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/;

/** RFC 7636 section 4.6; a verifier without a challenge is refused too, or a stripped challenge would go unnoticed (RFC 9700 section 4.8.2). */
function pkceHolds({ codeChallenge }: GrantRequest, verifier: string | undefined, values: Values): boolean {
  if (codeChallenge === undefined) return verifier === undefined;
  return verifier !== undefined && VERIFIER.test(verifier) && values.sha256(verifier) === codeChallenge;
}

/** RFC 6749 section 4.1.3: one answer a code. A second use ends what the first one gave (section 4.1.2). */
export async function authorizationCode(deps: TokenDeps, request: TokenRequest): Promise<TokenResponse> {
  const { parameters, facts, client, now } = request;
  const code = parameters.get('code');
  if (code === undefined) throw new OAuthError('invalid_request', 'code is missing', { reason: 'code-missing' });
  const { grant } = facts;
  if (grant?.kind !== 'authorization_code') throw invalidGrant('code-unknown', facts);
  if (grant.clientId !== client.id) throw invalidGrant('code-of-another-client', facts);
  if (grant.codeUsedAt !== null) {
    await deps.grants.revoke(grant.id, now);
    throw invalidGrant('code-used-twice', facts);
  }
  if (grant.codeExpiresAt === null || grant.codeExpiresAt <= now) throw invalidGrant('code-expired', facts);
  const redirectUri = parameters.get('redirect_uri');
  if (
    grant.request.redirectUriSent
      ? redirectUri !== grant.request.redirectUri
      : redirectUri !== undefined && redirectUri !== grant.request.redirectUri
  )
    throw invalidGrant('redirect-uri-mismatch', facts);
  if (!pkceHolds(grant.request, parameters.get('code_verifier'), deps.values)) throw invalidGrant('pkce-mismatch', facts);
  demandAccess(deps, facts, now);
  demandResource(parameters, facts);
  const { response, tokens } = await issueForPerson(deps, facts, {
    scopes: grant.scopes,
    refreshToken: deps.values.refreshToken(now),
    now,
  });
  if (!(await deps.grants.redeemCode(code, grant.id, tokens, now))) {
    await deps.grants.revoke(grant.id, now);
    throw invalidGrant('code-used-twice', facts);
  }
  return response;
}
