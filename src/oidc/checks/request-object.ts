import { type CheckInput, refusal } from './check.ts';

/**
 * OpenID Connect Core sections 6.1, 6.2 and 7.2.1: parameters we do not take by value or reference are named, never ignored, and never fetched.
 */
export function checkRequestObject({ parameters }: Pick<CheckInput, 'parameters'>): void {
  if (parameters.has('request')) throw refusal('request_not_supported', 'request objects are not supported', 'request-object');
  if (parameters.has('request_uri')) throw refusal('request_uri_not_supported', 'request_uri is not supported', 'request-uri');
  if (parameters.has('registration')) throw refusal('registration_not_supported', 'registration is not supported', 'registration');
}
