import { apiOf } from './checks/resource.ts';
import { isStandardScope } from './checks/scope.ts';
import { authenticateClient, type ClientAuthDeps } from './client-auth/authenticate.ts';
import { bearerAssertion, requiredClient } from './client-auth/credentials.ts';
import { OAuthError } from './errors.ts';
import { type Parameters, required } from './parameters.ts';
import type { Decide, Facts, Ledger, Seconds } from './ports.ts';

interface Deps extends ClientAuthDeps {
  ledger: Ledger;
  decide: Decide;
}

const INACTIVE = { active: false };

/** The client whose living access token is presented as Bearer: a client may ask about its own tokens that way too. */
async function bearerClient(deps: Deps, bearer: string, now: Seconds): Promise<string> {
  const facts = await deps.ledger.read({ token: bearer });
  if (facts.token?.kind !== 'access' || !answer(deps, facts, now).active || !facts.client)
    throw new OAuthError('invalid_token', 'the access token is invalid, expired or revoked', { reason: 'access-token-unknown' });
  return facts.client.id;
}

/** The token's scopes without permissions the client has lost since; undefined when it has lost the API. */
function standing({ client, grant, token }: Facts, own: boolean): readonly string[] | undefined {
  if (!client || !grant || !token || grant.resource === null) return token?.scopes;
  const api = apiOf(client, grant.resource);
  const permissions = own ? api?.forItself : api?.forPeople;
  return permissions && token.scopes.filter((scope) => isStandardScope(scope) || permissions.some(({ key }) => key === scope));
}

function answer(deps: Deps, facts: Facts, now: Seconds): Record<string, unknown> {
  const { token, grant } = facts;
  if (!token || !grant || token.expiresAt <= now || grant.expiresAt <= now || token.usedAt !== null) return INACTIVE;
  const own = grant.userId === null;
  if (!deps.decide(facts, now, { grant: true, session: false, person: !own, consent: !own }).allow) return INACTIVE;
  const scopes = standing(facts, own);
  if (!scopes) return INACTIVE;
  const sub = grant.userId ?? `client-${grant.clientId}`;
  return {
    active: true,
    scope: scopes.join(' '),
    client_id: grant.clientId,
    username: sub,
    sub,
    aud: token.audience,
    iss: deps.issuer,
    exp: token.expiresAt,
    iat: token.issuedAt,
    jti: token.jti,
    token_type: token.kind === 'access' ? 'bearer' : 'refresh_token',
  };
}

/**
 * RFC 7662. Another client's, an unknown and a dead token all answer `{"active":false}` (section 2.2). Who asks proves it as at the token endpoint, or with
 * a Bearer token: one of its own access tokens, or an assertion beside its `client_id`.
 */
export async function introspect(
  deps: Deps,
  parameters: Parameters,
  authorization: string | undefined,
  now: Seconds,
): Promise<Record<string, unknown>> {
  const bearer = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  const presented = bearer === undefined ? requiredClient(parameters, authorization) : bearerAssertion(parameters, bearer, deps.issuer);
  const token = required(parameters, 'token');
  if (!presented) return answer(deps, await deps.ledger.read({ clientId: await bearerClient(deps, bearer as string, now), token }), now);
  const facts = await deps.ledger.read({ clientId: presented.id, token });
  const client = await authenticateClient(deps, facts, presented, now);
  if (client.isPublic) throw new OAuthError('invalid_client', 'a public client cannot ask about tokens', { reason: 'public-client' });
  return answer(deps, facts, now);
}
