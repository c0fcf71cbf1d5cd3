import type { Parameters } from '../parameters.ts';
import type { ApiAccess, Client } from '../ports.ts';
import { type CheckInput, refusal } from './check.ts';

/** The resource indicator of a request as APIs have it: without slashes at the end. */
export const namedResource = (parameters: Parameters): string | undefined => parameters.get('resource')?.replace(/\/+$/, '');

/** What a client may ask for at an API; undefined when it may not use it, whether it is there or not. */
export const apiOf = ({ apis }: Pick<Client, 'apis'>, resource: string): ApiAccess | undefined =>
  apis.find((api) => api.resource === resource);

/**
 * RFC 8707 section 2: the one API that is asked for on behalf of a person. One answer for unknown, malformed and not granted, so that nobody can probe
 * for APIs.
 */
export function checkResource({ parameters, client }: Pick<CheckInput, 'parameters' | 'client'>): { resource?: string } {
  const resource = namedResource(parameters);
  if (resource === undefined) return {};
  if (!apiOf(client, resource)?.forPeople) throw refusal('invalid_target', 'the resource is not available to this client', 'resource');
  return { resource };
}
