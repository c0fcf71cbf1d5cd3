import { authenticateClient, type ClientAuthDeps } from './client-auth/authenticate.ts';
import { requiredClient } from './client-auth/credentials.ts';
import { type Parameters, required } from './parameters.ts';
import type { Grants, Ledger, Seconds } from './ports.ts';

/**
 * RFC 7009: a refresh token takes its whole family with it, an access token only itself. Unknown and other clients' tokens are answered like
 * success and nothing happens (section 2.2). When the database fails this throws: success is never claimed for nothing.
 */
export async function revoke(
  deps: ClientAuthDeps & { ledger: Ledger; grants: Grants },
  parameters: Parameters,
  authorization: string | undefined,
  now: Seconds,
): Promise<void> {
  const presented = requiredClient(parameters, authorization);
  const value = required(parameters, 'token');
  const facts = await deps.ledger.read({ clientId: presented.id, token: value });
  const client = await authenticateClient(deps, facts, presented, now);
  const { grant, token } = facts;
  if (!token || !grant || grant.clientId !== client.id) return;
  if (token.kind === 'refresh') await deps.grants.revoke(grant.id, now);
  else await deps.grants.dropToken(value);
}
