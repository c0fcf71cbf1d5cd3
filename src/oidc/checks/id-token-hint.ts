import type { Keys } from '../ports.ts';
import type { CheckInput } from './check.ts';

/** What an ID token we issued says, whatever its age. */
export interface HintClaims {
  subject: string;
  clientId: string;
  sessionId?: string;
}

/**
 * Reads an `id_token_hint`: signed by us, for one client, and an ID token by its header's type, so that no access token (`at+jwt`) passes for one.
 * Undefined otherwise. Its expiry is ignored (OpenID Connect RP-Initiated Logout section 2).
 */
export async function readHint(
  hint: string,
  { keys, issuer }: { keys: Pick<Keys, 'verify'>; issuer: string },
): Promise<HintClaims | undefined> {
  const proven = await keys.verify(hint);
  if (proven?.header.typ !== 'JWT') return undefined;
  const { iss, sub, aud, sid } = proven.claims;
  if (iss !== issuer || typeof sub !== 'string') return undefined;
  const clientId = Array.isArray(aud) ? (aud.length === 1 ? aud[0] : undefined) : aud;
  if (typeof clientId !== 'string') return undefined;
  return { subject: sub, clientId, sessionId: typeof sid === 'string' ? sid : undefined };
}

/**
 * OpenID Connect Core section 3.1.2.1: the person the client expects. A hint we cannot read, or of another client, names nobody (`null`): it is
 * no reason to refuse, but under `prompt=none` nobody fits it.
 */
export async function checkIdTokenHint({ parameters, client, keys, issuer }: CheckInput): Promise<{ expectedSubject?: string | null }> {
  const hint = parameters.get('id_token_hint');
  if (hint === undefined) return {};
  const claims = await readHint(hint, { keys, issuer });
  return { expectedSubject: claims?.clientId === client.id ? claims.subject : null };
}
