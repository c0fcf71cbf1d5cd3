import type { HintClaims } from './checks/id-token-hint.ts';
import { type UriPolicy, uriMatches } from './checks/uri-pattern.ts';
import type { Parameters } from './parameters.ts';
import type { Client } from './ports.ts';
import { withQuery } from './respond.ts';

export type EndSession =
  /** Nothing ends and nobody is sent anywhere: the person is asked on our page. */
  | { kind: 'confirm'; reason: string }
  /** The session ends, and what the client got in it; `url` is the client's when it may be sent to, else our page is shown. */
  | { kind: 'end'; client: Client; hint: HintClaims; url: string | undefined };

const confirm = (reason: string): EndSession => ({ kind: 'confirm', reason });

/**
 * OpenID Connect RP-Initiated Logout sections 2 and 3: only a good `id_token_hint` proves that the request is the client's; without one, anybody's page could
 * sign people out, so they are asked. `hint` is what `readHint` made of it, `client` the one it names, `signedIn` the person of the browser's session.
 */
export function decideEndSession({
  parameters,
  hint,
  client,
  signedIn,
  policy,
}: {
  parameters: Parameters;
  hint: HintClaims | undefined;
  client: Client | undefined;
  signedIn: string | undefined;
  policy: UriPolicy;
}): EndSession {
  if (!parameters.has('id_token_hint')) return confirm('id-token-hint-missing');
  if (!hint) return confirm('id-token-hint-invalid');
  if (!client || client.id !== hint.clientId) return confirm('client-unknown');
  const named = parameters.get('client_id');
  if (named !== undefined && named !== hint.clientId) return confirm('id-token-hint-of-another-client');
  if (signedIn !== undefined && signedIn !== hint.subject) return confirm('id-token-hint-of-another-person');
  const uri = parameters.get('post_logout_redirect_uri');
  if (uri === undefined) return { kind: 'end', client, hint, url: undefined };
  if (!client.postLogoutRedirectUris.some((pattern) => uriMatches(pattern, uri, policy))) return confirm('logout-uri-not-registered');
  const state = parameters.get('state');
  return { kind: 'end', client, hint, url: state === undefined ? uri : withQuery(uri, { state }) };
}
