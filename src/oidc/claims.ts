import type { ClaimsMapping, Client, Person } from './ports.ts';

/** Claims that say what the token is; no custom claim or mapping replaces them. */
export const PROTOCOL_CLAIMS = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'nbf',
  'jti',
  'nonce',
  'auth_time',
  'acr',
  'amr',
  'azp',
  'at_hash',
  'c_hash',
  'sid',
  'type',
  'client_id',
  'scope',
  'scp',
  'events',
]);

/** Scopes that speak of a person; a client acting for itself never has them. */
export const IDENTITY_SCOPES = new Set(['openid', 'profile', 'email', 'groups', 'offline_access']);

/** A claim's text as the value it stands for: JSON where it is JSON, else the text itself. */
function jsonOrText(text: string): unknown {
  if (!/^[[{"\d\-tfn]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const glob = (pattern: string) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );

function groupNames(person: Person, mapping: ClaimsMapping['groups']): string[] {
  const names = person.groups.map((group) => group.name);
  if (!mapping) return names;
  const keep = mapping.keep?.map(glob);
  return names.filter((name) => !keep || keep.some((pattern) => pattern.test(name))).map((name) => mapping.rename?.[name] ?? name);
}

/**
 * The claims of a person for a set of scopes, as userinfo gives them and an ID token of the full form too (OpenID Connect Core section 5.4):
 * `profile` has custom claims as well, `email` nothing when there is no address, `groups` always a list. The client's mapping is applied last.
 */
export function personClaims(
  person: Person,
  scopes: readonly string[],
  { issuer, client }: { issuer: string; client: Client },
): Record<string, unknown> {
  const claims: Record<string, unknown> = {};
  if (scopes.includes('profile')) {
    for (const [key, value] of Object.entries(person.customClaims)) if (!PROTOCOL_CLAIMS.has(key)) claims[key] = jsonOrText(value);
    const name = `${person.firstName} ${person.lastName}`.trim() || person.displayName || person.username;
    claims.name = name;
    if (person.firstName) claims.given_name = person.firstName;
    if (person.lastName) claims.family_name = person.lastName;
    claims.display_name = person.displayName || name;
    claims.preferred_username = person.username;
    claims.picture = `${issuer}/api/users/${person.id}/profile-picture.png`;
    if (person.locale) claims.locale = person.locale;
    claims.updated_at = person.updatedAt;
  }
  if (scopes.includes('email') && person.email !== null) {
    claims.email = person.email;
    claims.email_verified = person.emailVerified;
  }
  if (scopes.includes('groups')) claims.groups = groupNames(person, client.claimsMapping.groups);
  return mapped(claims, client.claimsMapping);
}

function mapped(claims: Record<string, unknown>, { rename, fixed }: ClaimsMapping): Record<string, unknown> {
  if (!rename && !fixed) return claims;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(claims)) {
    const name = rename && Object.hasOwn(rename, key) ? rename[key]! : key;
    if (!PROTOCOL_CLAIMS.has(name)) result[name] = value;
  }
  for (const [key, value] of Object.entries(fixed ?? {})) if (!PROTOCOL_CLAIMS.has(key)) result[key] = value;
  return result;
}
