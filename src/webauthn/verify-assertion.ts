import { base64url } from 'jose';
import { AppError } from '#platform/errors.ts';
import type { Assertion } from './answer.ts';
import { badAnswer, checkClientData, type readClientData } from './challenge.ts';
import { checkAuthenticatorData, readAuthenticatorData } from './flags.ts';
import { userHandleOf } from './options.ts';
import type { Policy, RelyingParty, Sha256 } from './relying-party.ts';

/** The passkey as it was registered. */
export interface StoredPasskey {
  userId: string;
  credentialId: string;
  /** COSE key, base64url. */
  publicKey: string;
  counter: number;
  backupEligible: boolean;
}

/** Whether `signature` is the COSE key's over `data`; false also for a signature that is no signature. */
export type VerifySignature = (publicKey: string, data: Uint8Array, signature: Uint8Array) => Promise<boolean>;

export interface VerifiedAssertion {
  counter: number;
  backupState: boolean;
  userVerified: boolean;
  /** The counter did not grow: two devices may have the same key. It is told, not refused: two sign-ins that overtake each other look the same, and the person would have no other way in. */
  cloneSuspected: boolean;
}

/** One public answer for an unknown credential and a wrong signature, so that nobody can probe which credentials exist. */
const notVerified = (detail: string) => new AppError('webauthn_authentication_failed', { detail });

/**
 * WebAuthn Level 3, section 7.2, Verifying an Authentication Assertion, in its order. What does not depend on the stored passkey comes first and
 * has precise refusals; from there on there is one. `passkey` undefined: the credential is not known here.
 */
export function createAssertionVerifier({
  rp,
  sha256,
  verifySignature,
}: {
  rp: RelyingParty;
  sha256: Sha256;
  verifySignature: VerifySignature;
}) {
  const rpIdHash = sha256(new TextEncoder().encode(rp.id));

  return async (from: {
    answer: Assertion;
    /** Its `clientDataJSON`, read. */
    clientData: ReturnType<typeof readClientData>;
    challenge: string;
    policy: Policy;
    passkey: StoredPasskey | undefined;
    /** Nobody named the person beforehand (no allowCredentials), so the answer must (section 7.2 step 6). */
    discoverable: boolean;
  }): Promise<VerifiedAssertion> => {
    const { answer, clientData, challenge, policy, passkey, discoverable } = from;
    const { authenticatorData, signature, userHandle } = answer.response;
    checkClientData(clientData.data, { type: 'webauthn.get', challenge, rp });
    const signedData = base64url.decode(authenticatorData);
    const data = readAuthenticatorData(signedData);
    checkAuthenticatorData(data, { rpIdHash, policy });
    if (discoverable && !userHandle) {
      throw badAnswer('no user handle', {
        problem: 'unstored',
        message: 'The authenticator did not say whose passkey this is: it must be stored on the device',
      });
    }

    if (!passkey || passkey.credentialId !== answer.id) throw notVerified('unknown credential');
    if (userHandle && userHandle !== userHandleOf(passkey.userId)) throw notVerified("another person's user handle");
    const clientDataHash = sha256(clientData.bytes);
    const signed = new Uint8Array(signedData.length + clientDataHash.length);
    signed.set(signedData);
    signed.set(clientDataHash, signedData.length);
    if (!(await verifySignature(passkey.publicKey, signed, base64url.decode(signature)))) throw notVerified('wrong signature');

    // Only now: before the signature these flags are anybody's.
    if (data.backupEligible !== passkey.backupEligible) {
      throw badAnswer('BE changed since registration', {
        problem: 'changed',
        message: 'This passkey changed its kind since it was added: remove it and add it again',
      });
    }
    const counts = data.counter > 0 || passkey.counter > 0;
    return {
      counter: data.counter,
      backupState: data.backupState,
      userVerified: data.userVerified,
      cloneSuspected: counts && data.counter <= passkey.counter,
    };
  };
}
