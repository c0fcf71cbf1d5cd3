import { scopeList } from '../parameters.ts';
import { type CheckInput, refusal } from './check.ts';
import { apiOf } from './resource.ts';

/** The scopes we know, in the order in which they are shown. */
export const SCOPES = ['openid', 'profile', 'email', 'groups', 'offline_access'] as const;

/** Whether a scope is one of ours and no permission of an API. */
export const isStandardScope = (scope: string): boolean => (SCOPES as readonly string[]).includes(scope);

/**
 * RFC 6749 section 3.3, OpenID Connect Core section 5.4: scopes nobody here knows, and permissions the client was not granted, are left out, and the token
 * response says what is granted. A permission of an API the client may use means nothing without that API's resource (RFC 8707): `invalid_scope`.
 */
export function checkScope(
  { parameters, client }: Pick<CheckInput, 'parameters' | 'client'>,
  resource: string | undefined,
): { scopes: string[] } {
  const asked = scopeList(parameters.get('scope'));
  const standard = SCOPES.filter((scope) => asked.includes(scope));
  if (client.apis.length === 0) return { scopes: standard };
  const here = resource === undefined ? [] : (apiOf(client, resource)?.forPeople ?? []);
  const isHere = (scope: string) => here.some(({ key }) => key === scope);
  const others = asked.filter((scope) => !isStandardScope(scope) && !isHere(scope));
  if (client.apis.some((api) => api.forPeople?.some(({ key }) => others.includes(key))))
    throw refusal('invalid_scope', 'a scope belongs to a resource that was not named', 'scope-without-resource');
  return { scopes: [...standard, ...asked.filter(isHere)] };
}
