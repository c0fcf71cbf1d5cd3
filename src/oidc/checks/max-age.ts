import { type CheckInput, refusal } from './check.ts';

/** OpenID Connect Core section 3.1.2.1: seconds since the person last proved themselves; 0 asks for it anew. */
export function checkMaxAge({ parameters }: Pick<CheckInput, 'parameters'>): { maxAge?: number } {
  const text = parameters.get('max_age');
  if (text === undefined) return {};
  if (!/^\d+$/.test(text)) throw refusal('invalid_request', 'max_age must be a number of seconds', 'max-age');
  // More than anybody can wait for is as good as no limit, and still a number when it comes back from the store.
  return { maxAge: Math.min(Number(text), Number.MAX_SAFE_INTEGER) };
}
