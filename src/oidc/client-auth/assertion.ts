import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import { OAuthError } from '../errors.ts';
import type { Client, ClientAssertions, Seconds } from '../ports.ts';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Asymmetric only: with a shared-secret algorithm a published key would be a password. */
const ALGS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const SKEW_SECONDS = 30;
/** A client that signs for itself has no reason for more (OpenID Connect Core section 9). */
const OWN_MAX_SECONDS = 300;
const MAX_LENGTH = 16_384;

const refuse = (reason: string, client?: Client) =>
  new OAuthError('invalid_client', 'client authentication failed', {
    reason,
    about: client ? { client: { id: client.id, name: client.name } } : {},
  });

/** What an assertion says that nobody has verified yet: its `sub` names the client when `client_id` does not. */
export function unproven(assertion: string): { iss?: string; sub?: string } {
  if (assertion.length > MAX_LENGTH) return {};
  try {
    return decodeJwt(assertion);
  } catch {
    return {};
  }
}

async function verified(assertion: string, keys: (refresh: boolean) => Promise<JSONWebKeySet>, now: Seconds) {
  const options = {
    algorithms: ALGS,
    currentDate: new Date(now * 1000),
    clockTolerance: SKEW_SECONDS,
    requiredClaims: ['iss', 'sub', 'aud', 'exp'],
  };
  try {
    return await jwtVerify(assertion, createLocalJWKSet(await keys(false)), options);
  } catch (cause) {
    // The issuer may have a new key since its keys were read.
    if (!(cause instanceof errors.JWKSNoMatchingKey)) throw cause;
    return jwtVerify(assertion, createLocalJWKSet(await keys(true)), options);
  }
}

/**
 * RFC 7523 section 3: the client proves itself with a JWT of an issuer that was registered for it (its own key set, a CI system, a cluster).
 * Audience is the one string that was registered (the issuer's name by default), never one of several (CVE-2025-27370). Throws OAuthError.
 */
export async function verifyAssertion(
  { assertions, issuer, now }: { assertions: ClientAssertions; issuer: string; now: Seconds },
  client: Client,
  assertion: string,
): Promise<void> {
  if (assertion.length > MAX_LENGTH) throw refuse('assertion-too-long', client);
  let claimedIssuer: string | undefined;
  try {
    claimedIssuer = decodeJwt(assertion).iss;
  } catch {
    throw refuse('assertion-malformed', client);
  }
  const identity = client.federatedIdentities.find((one) => one.issuer === claimedIssuer);
  if (!identity) throw refuse('assertion-issuer-unknown', client);
  const jwksUrl = identity.jwks || `${identity.issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
  const { payload } = await verified(assertion, (refresh) => assertions.keys(jwksUrl, refresh), now).catch((cause) => {
    throw refuse(cause instanceof errors.JWTExpired ? 'assertion-expired' : 'assertion-invalid', client);
  });
  const audience = Array.isArray(payload.aud) ? (payload.aud.length === 1 ? payload.aud[0] : undefined) : payload.aud;
  if (audience !== (identity.audience || issuer)) throw refuse('assertion-audience', client);
  if (payload.sub !== (identity.subject || client.id)) throw refuse('assertion-subject', client);
  const own = identity.issuer === client.id;
  if (own && (payload.exp ?? 0) > now + OWN_MAX_SECONDS + SKEW_SECONDS) throw refuse('assertion-lives-too-long', client);
  if (!own && !identity.replayProtection) return;
  if (typeof payload.jti !== 'string' || payload.jti === '') throw refuse('assertion-without-jti', client);
  if (!(await assertions.takeJti(identity.issuer, payload.jti, (payload.exp ?? now) + SKEW_SECONDS)))
    throw refuse('assertion-replayed', client);
}
