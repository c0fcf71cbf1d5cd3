import { OAuthError } from '../errors.ts';
import type { Client, ClientAssertions, Facts, Seconds, Values } from '../ports.ts';
import { verifyAssertion } from './assertion.ts';
import type { PresentedClient } from './credentials.ts';

export interface ClientAuthDeps {
  issuer: string;
  values: Values;
  assertions: ClientAssertions;
}

/**
 * RFC 6749 section 2.3: a confidential client proves itself with any of its living secrets or with an assertion, a public one only names itself.
 * One answer for an unknown client and a wrong secret. Secrets are compared as hashes of random values, so the time taken tells nothing.
 */
export async function authenticateClient(
  deps: ClientAuthDeps,
  { client }: Facts,
  presented: PresentedClient,
  now: Seconds,
): Promise<Client> {
  const about = { client: client ? { id: client.id, name: client.name } : { id: presented.id.slice(0, 128), name: '' } };
  const refuse = (reason: string) => new OAuthError('invalid_client', 'client authentication failed', { reason, about });
  if (!client) throw refuse('client-unknown');
  if (presented.assertion !== undefined) {
    await verifyAssertion({ ...deps, now }, client, presented.assertion);
    return client;
  }
  if (client.isPublic) return client;
  if (presented.secret === undefined) throw refuse('client-secret-missing');
  // A value may be there twice, with two ends.
  const matching = (secret: string) => {
    const hash = deps.values.sha256(secret);
    return client.secrets.filter((one) => one.hash === hash);
  };
  const found = [presented.secret, presented.unencodedSecret].flatMap((secret) => (secret === undefined ? [] : matching(secret)));
  if (found.length === 0) throw refuse('client-secret-wrong');
  if (found.every(({ expiresAt }) => expiresAt !== null && expiresAt <= now)) throw refuse('client-secret-expired');
  return client;
}
