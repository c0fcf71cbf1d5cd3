import { personClaims } from './claims.ts';
import { OAuthError } from './errors.ts';
import { aboutFacts } from './grants/shared.ts';
import type { Decide, Facts, Ledger, Seconds } from './ports.ts';

/** RFC 6750 section 3.1: every way in which a token is not good is one answer. */
const badToken = (reason: string, facts: Facts = {}) =>
  new OAuthError('invalid_token', 'the access token is invalid, expired or revoked', { reason, about: aboutFacts(facts) });

/** OpenID Connect Core section 5.3: the claims of the granted scopes and those asked for by name, as they are now. The token is found by its hash, so nothing needs verifying. */
export async function userinfo(
  deps: { issuer: string; ledger: Ledger; decide: Decide },
  accessToken: string | undefined,
  now: Seconds,
): Promise<Record<string, unknown>> {
  if (accessToken === undefined) throw new OAuthError('invalid_token', 'an access token is missing', { reason: 'access-token-missing' });
  const facts = await deps.ledger.read({ token: accessToken });
  const { token } = facts;
  if (token?.kind !== 'access') throw badToken('access-token-unknown');
  if (token.expiresAt <= now) throw badToken('access-token-expired', facts);
  if (!token.audience.includes(deps.issuer) || !token.scopes.includes('openid'))
    throw new OAuthError('insufficient_scope', 'the access token is not for this endpoint', {
      reason: 'openid-scope-missing',
      about: aboutFacts(facts),
    });
  const decision = deps.decide(facts, now, { grant: true, session: false, person: true, consent: true });
  if (!decision.allow) throw badToken(decision.reason, facts);
  const { person, client, grant } = facts;
  if (!person || !client) throw badToken('user-unknown', facts);
  const names = grant?.request.claims?.userinfo;
  return { ...personClaims(person, token.scopes, { issuer: deps.issuer, client, names }), sub: person.id };
}
