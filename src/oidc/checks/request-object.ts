import { decodeJwt } from 'jose';
import type { Parameters } from '../parameters.ts';
import { type CheckInput, refusal } from './check.ts';

/**
 * OpenID Connect Core sections 6.1, 6.2 and 7.2.1: parameters we do not take by value or reference are named, never ignored, and never fetched.
 */
export function checkRequestObject({ parameters }: Pick<CheckInput, 'parameters'>): void {
  if (parameters.has('request')) throw refusal('request_not_supported', 'request objects are not supported', 'request-object');
  if (parameters.has('request_uri')) throw refusal('request_uri_not_supported', 'request_uri is not supported', 'request-uri');
  if (parameters.has('registration')) throw refusal('registration_not_supported', 'registration is not supported', 'registration');
}

const MAX_OBJECT = 16_384;

/**
 * Where the refusal of a request object goes when only the object says so: its `response_mode` and `state`, read without trust. Nothing else of it
 * counts; client and redirect URI are those of the request itself, and were checked.
 */
export function refusalHints(parameters: Parameters): { responseMode?: string; state?: string } {
  const object = parameters.get('request');
  if (object === undefined || object.length > MAX_OBJECT) return {};
  try {
    const { response_mode: mode, state } = decodeJwt(object);
    return { responseMode: typeof mode === 'string' ? mode : undefined, state: typeof state === 'string' ? state : undefined };
  } catch {
    return {};
  }
}
