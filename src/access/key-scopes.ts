import type { KeyScope } from './caller.ts';

/** The families of the REST API that an API key can be limited to, and the paths of each. A path in none of them needs `full` (or `read`). */
export const KEY_FAMILIES: Readonly<Record<string, readonly string[]>> = {
  users: ['/api/users', '/api/custom-claims/user/', '/api/custom-claims/suggestions', '/api/signup-tokens', '/api/oidc/users/'],
  groups: ['/api/user-groups', '/api/custom-claims/user-group/'],
  clients: ['/api/oidc/clients', '/api/scim/'],
  apis: ['/api/apis', '/api/api-access/'],
  settings: ['/api/application-configuration', '/api/application-images/'],
  audit: ['/api/audit-logs'],
};

/** Whether a key's scopes reach a row of `routes.ts`. What its owner may do is decided apart from this, so a key never adds to it. */
export function keyReaches(scopes: readonly KeyScope[], path: string, reads: boolean): boolean {
  if (scopes.includes('full')) return true;
  if (reads && scopes.includes('read')) return true;
  for (const [family, prefixes] of Object.entries(KEY_FAMILIES)) {
    const granted = scopes.includes(`${family}:write`) || (reads && scopes.includes(`${family}:read`));
    if (granted && prefixes.some((prefix) => path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`))) return true;
  }
  return false;
}
