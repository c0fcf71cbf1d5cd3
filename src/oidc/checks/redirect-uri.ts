import { OAuthError } from '../errors.ts';
import type { Parameters } from '../parameters.ts';
import { scopeList } from '../parameters.ts';
import type { Client } from '../ports.ts';
import { isGlob, type UriPolicy, uriMatches } from './uri-pattern.ts';

export interface RedirectUri {
  uri: string;
  /** False when it was left out and the client's only one is taken. */
  sent: boolean;
}

/**
 * RFC 6749 section 3.1.2.3, OpenID Connect Core section 3.1.2.1: the URI of the request, exactly as it was sent, if the client registered it.
 * Never redirectable: until this has answered, nothing may be sent anywhere. Without `openid` it may be left out when only one literal URI is registered.
 */
export function checkRedirectUri(parameters: Parameters, client: Client, policy: UriPolicy): RedirectUri {
  const uri = parameters.get('redirect_uri');
  if (uri === undefined) {
    const [only, ...others] = client.redirectUris;
    const openid = scopeList(parameters.get('scope')).includes('openid');
    if (openid || only === undefined || others.length > 0 || isGlob(only) || !uriMatches(only, only, policy))
      throw new OAuthError('invalid_request', 'redirect_uri is missing', { reason: 'redirect-uri-missing', about: { client } });
    return { uri: only, sent: false };
  }
  if (!client.redirectUris.some((pattern) => uriMatches(pattern, uri, policy)))
    throw new OAuthError('invalid_request', 'redirect_uri is not registered for this client', {
      reason: 'redirect-uri-not-registered',
      about: { client },
    });
  return { uri, sent: true };
}
