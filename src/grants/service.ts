import { createHmac, hash } from 'node:crypto';
import type { Grants, NewGrant, NewGrantInSession, NewToken, Values } from '#oidc/ports.ts';
import type { Db } from '#platform/db/open.ts';
import { type Random, sha256 } from '#platform/random.ts';
import type { Seal } from '#platform/seal.ts';
import { keyOf, stamped } from '#platform/stamped.ts';
import { grantStore } from './store.ts';
import { newTokenKey, tokenKey } from './token-key.ts';

/** Seconds: no token lives shorter (`refreshTokenDurationMinutes` is one at least). */
const SHORTEST_LIFE = 60;

const tokenRow = (grantId: string, token: NewToken, now: number) => ({
  token_hash: newTokenKey(token, now),
  kind: token.kind,
  grant_id: grantId,
  jti: token.jti,
  scope: token.scopes.join(' '),
  audience: JSON.stringify(token.audience),
  issued_at: now,
  expires_at: token.expiresAt,
  used_at: null,
});

/** Gives the engine its grants: each verb is one transaction, and a one-time value is taken by one statement in it. */
export function createGrants({ db, random }: { db: Db; random: Random }) {
  const rows = (grantId: string, tokens: readonly NewToken[], now: number) => tokens.map((token) => tokenRow(grantId, token, now));
  const engine: Grants = {
    redeemCode: (code, grantId, tokens, now) => grantStore(db).redeemCode(keyOf(code), grantId, rows(grantId, tokens, now), now),
    rotate: (refreshToken, { id, createdAt }, tokens, now) =>
      grantStore(db).rotate(tokenKey(refreshToken), id, rows(id, tokens, now), now, { mayHaveExpired: now - createdAt >= SHORTEST_LIFE }),
    addToken: async (grantId, token, now) => {
      await grantStore(db).insertTokens([tokenRow(grantId, token, now)]);
    },
    open: async (grant, tokens, now) => {
      const id = random.rowId();
      await grantStore(db).insertWithTokens(grantRow(id, grant, now), rows(id, tokens, now));
    },
    revoke: async (grantId, now) => {
      await grantStore(db).revoke(grantId, now);
    },
    dropToken: async (value) => {
      await grantStore(db).deleteToken(tokenKey(value));
    },
  };
  return {
    ...engine,
    /** Stores a grant that waits for its code to be redeemed, in the transaction of the authorization; false when its session is over. */
    openCode: (tx: Db, grant: NewGrantInSession, code: { value: string; expiresAt: number }, now: number): Promise<boolean> =>
      grantStore(tx).insertInSession({
        ...grantRow(random.rowId(), grant, now),
        user_id: grant.userId,
        session_id: grant.sessionId,
        code_hash: keyOf(code.value),
        code_expires_at: code.expiresAt,
      }),
    /** Ends what was granted in a session. `keepOffline`: grants with `offline_access` outlive an ordinary sign-out (OpenID Connect Core section 11). */
    revokeOfSession: async (tx: Db, sessionId: string, now: number, options: { keepOffline: boolean }) => {
      await grantStore(tx).revokeOfSession(sessionId, now, options);
    },
    /** Ends what one application got in one session. */
    revokeOfSessionAndClient: async (tx: Db, sessionId: string, clientId: string, now: number) => {
      await grantStore(tx).revokeOfSessionAndClient(sessionId, clientId, now);
    },
    /** Ends everything a person granted one application. */
    revokeOfUserAndClient: async (tx: Db, userId: string, clientId: string, now: number) => {
      await grantStore(tx).revokeOfUserAndClient(userId, clientId, now);
    },
    /** Deletes grants past their end with all their tokens, `limit` at a time; answers how many. Nothing depends on it but space. */
    sweep: async (now: number, limit = 1000): Promise<number> => Number((await grantStore(db).sweep(now, limit)).numDeletedRows),
  };
}

const grantRow = (id: string, grant: NewGrant, now: number) => ({
  id,
  client_id: grant.clientId,
  user_id: grant.userId,
  session_id: grant.sessionId,
  kind: grant.kind,
  scope: grant.scopes.join(' '),
  resource: grant.resource,
  auth_time: grant.authTime,
  amr: JSON.stringify(grant.amr),
  request: JSON.stringify(grant.request),
  code_hash: null,
  code_expires_at: null,
  code_used_at: null,
  created_at: now,
  expires_at: grant.expiresAt,
  revoked_at: null,
});

/** Random and derived values for the engine. The successor of a refresh token is an HMAC of it under a key of its own. */
export function createValues({ random, seal }: { random: Random; seal: Seal }): Values {
  const key = seal.key('refresh-token-successor');
  return {
    tokenId: random.rowId,
    refreshToken: (now) => stamped(random.secret(), now),
    successor: (refreshToken, usedAt) => stamped(createHmac('sha256', key).update(refreshToken).digest('base64url'), usedAt),
    sha256,
    leftHalf: (alg, text) => {
      const digest = hash(alg === 'EdDSA' ? 'sha512' : 'sha256', text, 'buffer');
      return digest.subarray(0, digest.length / 2).toString('base64url');
    },
  };
}
