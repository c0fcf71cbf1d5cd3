import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { usesThreadPool } from '#platform/thread-pool.ts';
import type { PublicJwk } from '#webauthn/cose.ts';
import { relyingParty, type Sha256 } from '#webauthn/relying-party.ts';
import { createAssertionVerifier, type VerifySignature } from '#webauthn/verify-assertion.ts';
import { createRegistrationVerifier, decodeCoseKey } from '#webauthn/verify-registration.ts';

const importKey = (jwk: PublicJwk): KeyObject => createPublicKey({ format: 'jwk', key: { ...jwk } });

/** Keys kept ready; one is about two kilobytes. */
const KEPT = 10_000;

/**
 * Checks signatures, on the thread pool where there is one. Public keys stay imported, keyed by their own bytes: decoding and importing
 * one takes as long as checking a signature does.
 */
function createSignatures(): VerifySignature {
  const keys = new Map<string, KeyObject>();
  const keyOf = async (publicKey: string): Promise<KeyObject> => {
    const key = importKey(await decodeCoseKey(publicKey));
    if (keys.size >= KEPT) keys.clear();
    keys.set(publicKey, key);
    return key;
  };
  return async (publicKey, data, signature) => {
    const key = keys.get(publicKey) ?? (await keyOf(publicKey));
    const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
    if (!usesThreadPool) return verify(digest, data, key, signature);
    return new Promise((resolve, reject) => verify(digest, data, key, signature, (error, good) => (error ? reject(error) : resolve(good))));
  };
}

const sha256: Sha256 = (data) => hash('sha256', data, 'buffer');

/** Who we are to authenticators, and the two judges of their answers. */
export function createJudges(appUrl: string) {
  const rp = relyingParty(appUrl);
  return {
    rp,
    verifyAssertion: createAssertionVerifier({ rp, sha256, verifySignature: createSignatures() }),
    verifyRegistration: createRegistrationVerifier({ rp, sha256, checkKey: importKey }),
  };
}
