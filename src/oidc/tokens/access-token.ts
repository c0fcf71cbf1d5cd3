import { isStandardScope } from '../checks/scope.ts';
import type { Client, Keys, NewToken, Seconds, Values } from '../ports.ts';

export interface AccessTokenInput {
  client: Client;
  /** The person's id; null when the client acts for itself. */
  userId: string | null;
  scopes: readonly string[];
  resource: string | null;
  authTime: Seconds | null;
  /** The end of what it hangs on, if that has one of its own. */
  notAfter?: Seconds;
  now: Seconds;
}

/** RFC 9068: a JWT of type `at+jwt`. It says nothing about the person but the subject, and lives only as long as its stored record. */
export async function makeAccessToken(
  { keys, values, issuer }: { keys: Keys; values: Values; issuer: string },
  input: AccessTokenInput,
): Promise<NewToken> {
  const { client, scopes, now } = input;
  const audience = input.resource ? [input.resource] : [client.id];
  // Userinfo is one of our own resources: the issuer is in the audience when the token may be used there.
  if (scopes.some(isStandardScope)) audience.push(issuer);
  const jti = values.tokenId();
  const expiresAt = Math.min(now + client.accessTokenSeconds, input.notAfter ?? Number.POSITIVE_INFINITY);
  const value = await keys.sign(client.accessTokenAlg, 'at+jwt', {
    iss: issuer,
    sub: input.userId ?? `client-${client.id}`,
    aud: audience,
    client_id: client.id,
    jti,
    iat: now,
    exp: expiresAt,
    ...(input.authTime === null ? {} : { auth_time: input.authTime }),
    scope: scopes.join(' '),
    scp: scopes,
  });
  return { kind: 'access', value, jti, scopes, audience, expiresAt };
}
