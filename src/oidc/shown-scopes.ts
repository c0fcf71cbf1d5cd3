import { apiOf } from './checks/resource.ts';
import { type Asked, permissionScopes, personalScopes } from './consent-keys.ts';
import type { Client } from './ports.ts';

/** English names of scopes, for JSON; pages have their own words. */
export const SCOPE_NAMES: Readonly<Record<string, string>> = {
  openid: 'Sign-in',
  profile: 'Profile',
  email: 'Email',
  groups: 'Groups',
  offline_access: 'Offline access',
};

/** One thing a person is asked to agree to, in English. */
export interface ShownScope {
  /** The scope; the resource itself for an API without permissions. */
  key: string;
  name: string;
  description?: string;
  /** The name of the API it belongs to. */
  api?: string;
}

/** Everything a person is asked to agree to, in the names administrators gave. */
export function shownScopes(asked: Asked, client: Pick<Client, 'apis'>): ShownScope[] {
  const personal = personalScopes(asked).map((key) => ({ key, name: SCOPE_NAMES[key] ?? key }));
  if (!asked.resource) return personal;
  const api = apiOf(client, asked.resource);
  const permissions = permissionScopes(asked).map((key) => ({
    ...(api?.forPeople?.find((permission) => permission.key === key) ?? { key, name: key }),
    api: api?.name,
  }));
  return [...personal, ...(permissions.length > 0 ? permissions : [{ key: asked.resource, name: api?.name ?? asked.resource }])];
}

/** The same as JSON APIs give it. */
export const scopeInfo = (shown: readonly ShownScope[]) =>
  shown.map(({ key, name, description }) => ({ key, name, ...(description ? { description } : {}) }));
