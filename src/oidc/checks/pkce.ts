import { type CheckInput, refusal } from './check.ts';

/** 32 bytes in base64url. */
const S256_CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/** RFC 7636 section 4.3, RFC 9700 section 2.1.1: S256 only; a challenge without a method would mean `plain` and is refused. */
export function checkPkce({ parameters, client }: Pick<CheckInput, 'parameters' | 'client'>): { codeChallenge?: string } {
  const challenge = parameters.get('code_challenge');
  const method = parameters.get('code_challenge_method');
  if (challenge === undefined) {
    if (client.requirePkce) throw refusal('invalid_request', 'code_challenge is missing', 'code-challenge-missing');
    if (method !== undefined) throw refusal('invalid_request', 'code_challenge_method without code_challenge', 'code-challenge-missing');
    return {};
  }
  if (method !== 'S256') throw refusal('invalid_request', 'code_challenge_method must be S256', 'code-challenge-method');
  if (!S256_CHALLENGE.test(challenge)) throw refusal('invalid_request', 'code_challenge is not a SHA-256 in base64url', 'code-challenge');
  return { codeChallenge: challenge };
}
