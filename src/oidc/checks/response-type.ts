import { type CheckInput, refusal } from './check.ts';

/** RFC 6749 section 3.1.1: we answer with codes. */
export function checkResponseType({ parameters }: Pick<CheckInput, 'parameters'>): void {
  const type = parameters.get('response_type');
  if (type === undefined) throw refusal('invalid_request', 'response_type is missing', 'response-type-missing');
  if (type !== 'code') throw refusal('unsupported_response_type', 'only response_type code is supported', 'response-type');
}
