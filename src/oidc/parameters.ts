import { OAuthError } from './errors.ts';

/** Name → value of a query or form body: each name once, empty values left out (RFC 6749 section 3.1). */
export type Parameters = ReadonlyMap<string, string>;

const MAX_PARAMETERS = 100;

/**
 * Parses `application/x-www-form-urlencoded` text. A parameter sent twice is refused, whatever it is: which of the two counts would depend on the
 * reader (RFC 6749 section 3.1). That holds for `resource` too: a token is for one API.
 */
export function parseParameters(text: string): Parameters {
  const values = new Map<string, string>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    if (++count > MAX_PARAMETERS) throw new OAuthError('invalid_request', 'too many parameters', { reason: 'too-many-parameters' });
    if (values.has(name)) throw new OAuthError('invalid_request', 'a parameter was sent more than once', { reason: 'duplicate-parameter' });
    values.set(name, value);
  }
  for (const [name, value] of values) if (value === '') values.delete(name);
  return values;
}

/** The parameter, or `invalid_request` naming it. */
export function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name);
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing`, { reason: `${name}-missing` });
  return value;
}

/** Space-separated, duplicates removed, order kept (RFC 6749 section 3.3). */
export const scopeList = (text: string | undefined): string[] => [...new Set((text ?? '').split(' ').filter(Boolean))];
