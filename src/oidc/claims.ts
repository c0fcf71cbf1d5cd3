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

/** A claim's text as the value it stands for: JSON where it is JSON, else the text itself. A number that would lose digits stays text: it is an id. */
function jsonOrText(text: string): unknown {
  if (!/^[\t\n\r ]*[[{"\d\-tfn]/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER ? text : value;
  } catch {
    return text;
  }
}

/**
 * Whether a name matches a pattern in which `*` stands for anything. Part by part, each where it is found first: a regular expression of five stars
 * tries a long name for minutes, and nobody else is answered meanwhile.
 */
function fits(name: string, pattern: string): boolean {
  const [first = '', ...parts] = pattern.split('*');
  const last = parts.pop();
  if (last === undefined) return name === pattern;
  const end = name.length - last.length;
  let at = first.length;
  if (end < at || !name.startsWith(first) || !name.endsWith(last)) return false;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** A group may be called `constructor`, which every object has. */
const renamed = (rename: Readonly<Record<string, string>> | undefined, name: string): string =>
  rename && Object.hasOwn(rename, name) ? rename[name]! : name;

function groupNames(person: Person, mapping: ClaimsMapping['groups']): string[] {
  const names = person.groups.map((group) => group.name);
  if (!mapping) return names;
  const { keep } = mapping;
  const kept = names.filter((name) => !keep || keep.some((pattern) => fits(name, pattern)));
  return [...new Set(kept.map((name) => renamed(mapping.rename, name)))];
}

const SCOPE_OF: Readonly<Record<string, string>> = {
  __proto__: null as never,
  name: 'profile',
  given_name: 'profile',
  family_name: 'profile',
  display_name: 'profile',
  preferred_username: 'profile',
  picture: 'profile',
  locale: 'profile',
  updated_at: 'profile',
  email: 'email',
  email_verified: 'email',
  groups: 'groups',
};

/** Every claim that a scope gives. */
export const SCOPE_CLAIMS = Object.keys(SCOPE_OF);

/** The scope a claim belongs to; `custom` for a name that may be of a custom claim; undefined for claims of the protocol, which nobody grants. */
export const scopeOfClaim = (name: string): string | undefined => (PROTOCOL_CLAIMS.has(name) ? undefined : (SCOPE_OF[name] ?? 'custom'));

export interface ClaimsWanted {
  issuer: string;
  client: Client;
  /** Claims that were asked for by name, with or without their scope (OpenID Connect Core section 5.5). Custom ones need the scope `profile` all the same. */
  names?: readonly string[];
  /** The scopes themselves give nothing: an ID token of the minimal form. */
  namesOnly?: boolean;
}

/**
 * The claims of a person for a set of scopes, as userinfo gives them and an ID token of the full form too (OpenID Connect Core section 5.4):
 * `profile` has custom claims as well, `email` nothing when there is no address, `groups` always a list. The client's mapping is applied last.
 */
export function personClaims(person: Person, scopes: readonly string[], wanted: ClaimsWanted): Record<string, unknown> {
  const { issuer, client, names = [], namesOnly = false } = wanted;
  const claims: Record<string, unknown> = {};
  const whole = (scope: string) => !namesOnly && scopes.includes(scope);
  const profile = whole('profile');
  if (scopes.includes('profile'))
    for (const [key, value] of Object.entries(person.customClaims))
      if (!PROTOCOL_CLAIMS.has(key) && (profile || names.includes(key))) claims[key] = jsonOrText(value);
  if (profile) Object.assign(claims, profileClaims(person, issuer));
  if (person.email !== null && whole('email')) Object.assign(claims, emailClaims(person));
  if (whole('groups')) claims.groups = groupNames(person, client.claimsMapping.groups);
  if (names.length > 0) addNamed(claims, person, wanted);
  return mapped(claims, client.claimsMapping, namesOnly ? names : undefined);
}

function addNamed(claims: Record<string, unknown>, person: Person, { issuer, client, names = [] }: ClaimsWanted): void {
  const all: Record<string, unknown> = { ...profileClaims(person, issuer), ...(person.email === null ? {} : emailClaims(person)) };
  for (const name of names)
    if (name === 'groups') claims.groups ??= groupNames(person, client.claimsMapping.groups);
    else if (Object.hasOwn(all, name)) claims[name] = all[name];
}

function profileClaims(person: Person, issuer: string): Record<string, unknown> {
  const name = `${person.firstName} ${person.lastName}`.trim() || person.displayName || person.username;
  return {
    name,
    ...(person.firstName ? { given_name: person.firstName } : {}),
    ...(person.lastName ? { family_name: person.lastName } : {}),
    display_name: person.displayName || name,
    preferred_username: person.username,
    picture: `${issuer}/api/users/${person.id}/profile-picture.png`,
    ...(person.locale ? { locale: person.locale } : {}),
    updated_at: person.updatedAt,
  };
}

const emailClaims = (person: Person) => ({ email: person.email, email_verified: person.emailVerified });

/** Renames and adds fixed claims; with `only`, none but the fixed claims of these names, or that replace one that is there. */
function mapped(claims: Record<string, unknown>, { rename, fixed }: ClaimsMapping, only?: readonly string[]): Record<string, unknown> {
  if (!rename && !fixed) return claims;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(claims)) {
    const name = renamed(rename, key);
    if (!PROTOCOL_CLAIMS.has(name)) result[name] = value;
  }
  for (const [key, value] of Object.entries(fixed ?? {}))
    if (!PROTOCOL_CLAIMS.has(key) && (!only || only.includes(key) || Object.hasOwn(result, key))) result[key] = value;
  return result;
}
