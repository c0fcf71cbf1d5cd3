import { OAuthError } from './errors.ts';

/** Name → value of a query or form body: each name once, empty values left out (RFC 6749 section 3.1). */
export type Parameters = ReadonlyMap<string, string>;

const MAX_PARAMETERS = 100;

/** What a request that repeats a parameter is told, whichever way the answer takes. */
export const REPEATED = {
  code: 'invalid_request',
  description: 'a parameter was sent more than once',
  reason: 'duplicate-parameter',
} as const;

const repetition = () => new OAuthError(REPEATED.code, REPEATED.description, { reason: REPEATED.reason });

/** RFC 6749 appendix B: names and values are UTF-8. */
export const notUtf8 = () => new OAuthError('invalid_request', 'a parameter is not UTF-8', { reason: 'not-utf-8' });

const utf8 = new TextDecoder('utf-8', { fatal: true });
const PERCENT_ENCODED = /(?:%[\da-f]{2})+/gi;
/** Whether the bytes that are written as %XX, beside each other, are the text of something. */
function isUtf8(text: string): boolean {
  try {
    for (const [run] of text.matchAll(PERCENT_ENCODED))
      utf8.decode(Uint8Array.from(run.slice(1).split('%'), (hex) => Number.parseInt(hex, 16)));
    return true;
  } catch {
    return false;
  }
}

function read(text: string): { parameters: Parameters; repeated: ReadonlySet<string> } {
  const parameters = new Map<string, string>();
  const repeated = new Set<string>();
  let count = 0;
  let replaced = false;
  for (const [name, value] of new URLSearchParams(text)) {
    if (++count > MAX_PARAMETERS) throw new OAuthError('invalid_request', 'too many parameters', { reason: 'too-many-parameters' });
    // RFC 6749 appendix A has a NUL in no value, and PostgreSQL in no text.
    if (value.includes('\0')) throw new OAuthError('invalid_request', 'a parameter has a NUL in it', { reason: 'nul' });
    // Stands for what could not be read, unless it was sent.
    if (value.includes('\ufffd') || name.includes('\ufffd')) replaced = true;
    if (parameters.has(name)) repeated.add(name);
    parameters.set(name, value);
  }
  if (replaced && !isUtf8(text)) throw notUtf8();
  for (const [name, value] of parameters) if (value === '' || repeated.has(name)) parameters.delete(name);
  return { parameters, repeated };
}

/**
 * Parses `application/x-www-form-urlencoded` text. A parameter sent twice is refused, whatever it is: which of the two counts would depend on the
 * reader (RFC 6749 section 3.1). That holds for `resource` too: a token is for one API.
 */
export function parseParameters(text: string): Parameters {
  const { parameters, repeated } = read(text);
  if (repeated.size > 0) throw repetition();
  return parameters;
}

/** Of these depends where an authorization request's answer goes. */
const DECIDE_THE_ADDRESS = ['client_id', 'redirect_uri', 'interaction'];

/**
 * The same for an authorization request, whose mistakes are told to the client once it and the address are known good (RFC 6749 section 4.1.2.1):
 * what was sent twice is left out, none of the values counting, and `repeated` says that there was such a parameter. Throws for those on which the
 * address depends.
 */
export function parseAuthorizationParameters(text: string): { parameters: Parameters; repeated: boolean } {
  const { parameters, repeated } = read(text);
  if (DECIDE_THE_ADDRESS.some((name) => repeated.has(name))) throw repetition();
  return { parameters, repeated: repeated.size > 0 };
}

/** The parameter, or `invalid_request` naming it. */
export function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name);
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing`, { reason: `${name}-missing` });
  return value;
}

/** Space-separated, duplicates removed, order kept (RFC 6749 section 3.3). */
export const scopeList = (text: string | undefined): string[] => [...new Set((text ?? '').split(' ').filter(Boolean))];
