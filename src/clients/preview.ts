import { isStandardScope } from '#oidc/checks/scope.ts';
import { personClaims } from '#oidc/claims.ts';
import type { Client, Grant, Person, Values } from '#oidc/ports.ts';
import { makeAccessToken } from '#oidc/tokens/access-token.ts';
import { idTokenClaims } from '#oidc/tokens/id-token.ts';
import { type Clock, rfc3339 } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import { clientNotFound } from './service.ts';

interface Deps {
  issuer: string;
  clock: Clock;
  values: Values;
  /** As the engine reads it; undefined when there is none. */
  client(id: string): Promise<Client | undefined>;
  person(id: string): Promise<Person | undefined>;
}

const DATES = ['exp', 'iat', 'nbf', 'auth_time', 'updated_at'];
/** Numeric dates as people read them. */
const readable = (claims: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(claims).map(([key, value]) => [key, DATES.includes(key) && typeof value === 'number' ? rfc3339(value) : value]),
  );

/**
 * What a client would get of somebody who signs in now and grants the scopes: the very claims the engine puts into tokens, but nothing is signed
 * or stored. Whether they may sign in there is not asked. Throws `not_found` or `user_not_found`.
 */
export function createPreview({ issuer, clock, values, client: clientOf, person: personOf }: Deps) {
  return async (clientId: string, userId: string, asked: readonly string[]) => {
    const [client, person] = await Promise.all([clientOf(clientId), personOf(userId)]);
    if (!client) throw clientNotFound();
    if (!person) throw new AppError('user_not_found');
    const now = clock.now();
    const scopes = asked.filter(isStandardScope);
    const ends = { codeExpiresAt: null, codeUsedAt: null, createdAt: now, expiresAt: now + client.refreshTokenSeconds, revokedAt: null };
    const about = { clientId: client.id, userId: person.id, sessionId: null, kind: 'authorization_code', scopes, resource: null } as const;
    const grant: Grant = { id: 'preview', ...about, authTime: now, amr: ['phr'], request: {}, ...ends };
    const unsigned = { sign: async (_alg: string, _typ: string, claims: Record<string, unknown>) => JSON.stringify(claims) };
    const keys = unsigned as Parameters<typeof makeAccessToken>[0]['keys'];
    const access = await makeAccessToken(
      { keys, values, issuer },
      { client, userId: person.id, scopes, resource: null, authTime: now, now },
    );
    return {
      idToken: readable(idTokenClaims({ issuer, values }, { client, person, grant, scopes, now })),
      accessToken: readable(JSON.parse(access.value) as Record<string, unknown>),
      userInfo: readable({ ...personClaims(person, scopes, { issuer, client }), sub: person.id }),
    };
  };
}
export type Preview = ReturnType<typeof createPreview>;
