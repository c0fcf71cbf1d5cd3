import { type CheckInput, refusal } from './check.ts';

/** RFC 8707: no API is known here yet. One answer for unknown, malformed and not granted, so that nobody can probe for APIs. */
export function checkResource({ parameters }: Pick<CheckInput, 'parameters'>): void {
  if (parameters.has('resource')) throw refusal('invalid_target', 'the resource is not available to this client', 'resource');
}
