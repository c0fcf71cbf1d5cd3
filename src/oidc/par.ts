import { authorizationRequest, returnAddress } from './authorize.ts';
import type { UriPolicy } from './checks/uri-pattern.ts';
import { authenticateClient, type ClientAuthDeps } from './client-auth/authenticate.ts';
import { requiredClient } from './client-auth/credentials.ts';
import { OAuthError } from './errors.ts';
import type { Parameters } from './parameters.ts';
import type { ClientDocuments, Keys, Ledger, PushedRequests, Seconds } from './ports.ts';

const PREFIX = 'urn:ietf:params:oauth:request_uri:';
/** From the push to the browser's arrival. */
export const PUSHED_SECONDS = 90;

/** RFC 9126 section 2.2. */
export interface PushedAuthorizationResponse {
  request_uri: string;
  expires_in: number;
}

/** What proves the client is no part of the request it makes, and is stored nowhere. */
const PROOFS = ['client_secret', 'client_assertion', 'client_assertion_type'];

/**
 * RFC 9126 section 2: a client sends its authorization request ahead, proving who it is as at the token endpoint. It passes every check that it will pass
 * again when the browser brings the reference, for the client may have been changed by then. Throws OAuthError.
 */
export async function pushedAuthorization(
  deps: ClientAuthDeps & {
    ledger: Ledger;
    keys: Pick<Keys, 'verify'>;
    policy: UriPolicy;
    pushed: Pick<PushedRequests, 'push'>;
    documents: Pick<ClientDocuments, 'prepare'>;
  },
  parameters: Parameters,
  authorization: string | undefined,
  now: Seconds,
): Promise<PushedAuthorizationResponse> {
  const presented = requiredClient(parameters, authorization);
  const facts = (await deps.documents.prepare(presented.id, 'authorization_code'))
    ? await deps.ledger.read({ clientId: presented.id })
    : {};
  const client = await authenticateClient(deps, facts, presented, now);
  if (parameters.has('request_uri'))
    throw new OAuthError('invalid_request', 'request_uri cannot be pushed', {
      reason: 'request-uri-pushed',
      about: { client: { id: client.id, name: client.name } },
    });
  const address = returnAddress(parameters, client, deps.policy);
  await authorizationRequest(address, { parameters, client, issuer: deps.issuer, keys: deps.keys, pushed: true });
  const kept = { ...Object.fromEntries([...parameters].filter(([name]) => !PROOFS.includes(name))), client_id: client.id };
  const value = await deps.pushed.push({ clientId: client.id, parameters: kept, expiresAt: now + PUSHED_SECONDS }, now);
  return { request_uri: PREFIX + value, expires_in: PUSHED_SECONDS };
}

/**
 * The value behind the `request_uri` of an authorization request when it is one of ours. Any other is never fetched: `checks/request-object.ts` refuses it, and
 * this does so where there is no address to send the refusal to.
 */
export function pushedValue(parameters: Parameters): string | undefined {
  const uri = parameters.get('request_uri');
  if (uri === undefined) return undefined;
  if (uri.startsWith(PREFIX)) return uri.slice(PREFIX.length);
  if (parameters.has('redirect_uri')) return undefined;
  throw new OAuthError('request_uri_not_supported', 'request_uri is not one that was pushed here', { reason: 'request-uri' });
}
