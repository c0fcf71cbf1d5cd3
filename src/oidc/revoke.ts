import { authenticateClient } from './client-auth/authenticate.ts';
import { presentedClient } from './client-auth/credentials.ts';
import { OAuthError } from './errors.ts';
import { type Parameters, required } from './parameters.ts';
import type { Grants, Ledger, Seconds, Values } from './ports.ts';

/**
 * RFC 7009: a refresh token takes its whole family with it, an access token only itself. Unknown and other clients' tokens are answered like
 * success and nothing happens (section 2.2). When the database fails this throws: success is never claimed for nothing.
 */
export async function revoke(
  deps: { ledger: Ledger; grants: Grants; values: Values },
  parameters: Parameters,
  authorization: string | undefined,
  now: Seconds,
): Promise<void> {
  const presented = presentedClient(parameters, authorization);
  if (!presented) throw new OAuthError('invalid_client', 'client authentication is missing', { reason: 'client-missing' });
  const value = required(parameters, 'token');
  const { client: found, grant, token } = await deps.ledger.read({ clientId: presented.id, token: value });
  const client = authenticateClient(found, presented, deps.values, now);
  if (!token || !grant || grant.clientId !== client.id) return;
  if (token.kind === 'refresh') await deps.grants.revoke(grant.id, now);
  else await deps.grants.dropToken(value);
}
