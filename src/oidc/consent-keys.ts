import { isStandardScope } from './checks/scope.ts';
import { scopeOfClaim } from './claims.ts';
import type { RequestedClaims } from './ports.ts';

/** What is asked for, or was granted. */
export interface Asked {
  scopes: readonly string[];
  /** The API whose permissions the other scopes are. */
  resource?: string | null;
  claims?: RequestedClaims;
}

/** Scopes that single claims belong to and that were not asked for themselves. */
function scopesOfClaims({ scopes, claims }: Asked): string[] {
  if (!claims) return [];
  const belonging = [...claims.userinfo, ...claims.idToken].map(scopeOfClaim).filter((scope) => scope !== undefined && scope !== 'custom');
  return [...new Set(belonging as string[])].filter((scope) => !scopes.includes(scope));
}

/** Standard scopes a person is asked about: those of the request, and those that its single claims belong to. */
export const personalScopes = (asked: Asked): string[] => [...asked.scopes.filter(isStandardScope), ...scopesOfClaims(asked)];

/** Permissions of an API among the scopes. */
export const permissionScopes = ({ scopes }: Asked): string[] => scopes.filter((scope) => !isStandardScope(scope));

/**
 * What a person consents to, as keys that consents are stored by: standard scopes as they are, an API as `<resource>\x1f` and each of its permissions as
 * `<resource>\x1f<permission>`, as Pocket ID stores them. A single claim needs the consent of the scope it belongs to.
 */
export function consentKeys(asked: Asked): readonly string[] {
  const { resource, scopes, claims } = asked;
  if (!resource && !claims) return scopes;
  const api = resource ? [`${resource}\x1f`, ...permissionScopes(asked).map((permission) => `${resource}\x1f${permission}`)] : [];
  return [...personalScopes(asked), ...api];
}
