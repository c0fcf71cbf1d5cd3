import { scopeList } from '../parameters.ts';
import type { CheckInput } from './check.ts';

/** The scopes we know, in the order in which they are shown. */
export const SCOPES = ['openid', 'profile', 'email', 'groups', 'offline_access'] as const;

/** Whether a scope is one of ours and no permission of an API. */
export const isStandardScope = (scope: string): boolean => (SCOPES as readonly string[]).includes(scope);

/** RFC 6749 section 3.3, OpenID Connect Core section 5.4: scopes nobody here knows are left out, and the token response says what is granted. */
export function checkScope({ parameters }: Pick<CheckInput, 'parameters'>): { scopes: string[] } {
  const asked = scopeList(parameters.get('scope'));
  return { scopes: SCOPES.filter((scope) => asked.includes(scope)) };
}
