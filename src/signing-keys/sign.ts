import { constants, type KeyObject, type SignKeyObjectInput, sign as signBytes } from 'node:crypto';
import type { SigningAlg } from '#oidc/ports.ts';
import { usesThreadPool } from '#platform/thread-pool.ts';

/** RFC 7518 section 3.1 and RFC 8037 section 3.1 in Node's words. */
const WORDS: Record<SigningAlg, { digest: string | null; options: Omit<SignKeyObjectInput, 'key'> }> = {
  RS256: { digest: 'sha256', options: {} },
  PS256: { digest: 'sha256', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
  ES256: { digest: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: { digest: null, options: {} },
};

/** A JWS signature (RFC 7515 section 5.1), made on the thread pool so that a second core counts, where there is one. */
export function signer(alg: SigningAlg, key: KeyObject): (input: string) => Promise<Buffer> | Buffer {
  const { digest, options } = WORDS[alg];
  const how = { key, ...options };
  if (!usesThreadPool) return (input) => signBytes(digest, Buffer.from(input), how);
  return (input) =>
    new Promise((resolve, reject) => {
      signBytes(digest, Buffer.from(input), how, (cause, signature) => (cause ? reject(cause) : resolve(signature)));
    });
}
