import { OAuthError } from '../errors.ts';
import type { Client, Seconds, Values } from '../ports.ts';
import type { PresentedClient } from './credentials.ts';

/**
 * RFC 6749 section 2.3: a confidential client proves itself with any of its living secrets, a public one only names itself. One answer for an
 * unknown client and a wrong secret. Secrets are compared as hashes of random values, so the time taken tells nothing.
 */
export function authenticateClient(client: Client | undefined, presented: PresentedClient, values: Values, now: Seconds): Client {
  const refuse = (reason: string) =>
    new OAuthError('invalid_client', 'client authentication failed', {
      reason,
      about: client ? { client: { id: client.id, name: client.name } } : { client: { id: presented.id.slice(0, 128), name: '' } },
    });
  if (!client) throw refuse('client-unknown');
  if (client.isPublic) return client;
  if (presented.secret === undefined) throw refuse('client-secret-missing');
  const hash = values.sha256(presented.secret);
  const found = client.secrets.find((secret) => secret.hash === hash);
  if (!found) throw refuse('client-secret-wrong');
  if (found.expiresAt !== null && found.expiresAt <= now) throw refuse('client-secret-expired');
  return client;
}
