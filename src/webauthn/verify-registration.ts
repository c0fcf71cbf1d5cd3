import { AppError } from '#platform/errors.ts';
import type { Attestation } from './answer.ts';
import { badAnswer, checkClientData, readClientData } from './challenge.ts';
import { jwkOfCose, type PublicJwk } from './cose.ts';
import { checkAuthenticatorData, readAuthenticatorData } from './flags.ts';
import { ALGORITHMS } from './options.ts';
import type { Policy, RelyingParty, Sha256 } from './relying-party.ts';

/** A new passkey, ready to be stored. */
export interface VerifiedRegistration {
  credentialId: string;
  /** COSE key, base64url. */
  publicKey: string;
  counter: number;
  transports: string[];
  backupEligible: boolean;
  backupState: boolean;
  /** UUID form; all zeros when the authenticator does not tell. */
  aaguid: string;
  /** `none`, or `packed` for self attestation. */
  attestationType: string;
}

/** Throws when the key cannot be used: a point that is not on its curve. Without attestation nothing else would notice before the first sign-in. */
export type CheckKey = (key: PublicJwk) => void;

// Loaded when it is first needed: it brings certificate parsing along, which would double the time the server takes to start.
const library = async () => {
  const [server, helpers] = await Promise.all([import('@simplewebauthn/server'), import('@simplewebauthn/server/helpers')]);
  return { ...server, ...helpers };
};
type Library = Awaited<ReturnType<typeof library>>;

/** Decodes a stored COSE key (base64url). */
export async function decodeCoseKey(publicKey: string): Promise<PublicJwk> {
  const { isoBase64URL, decodeCredentialPublicKey } = await library();
  return jwkOfCose(decodeCredentialPublicKey(isoBase64URL.toBuffer(publicKey)) as unknown as Map<number, unknown>);
}

/**
 * The attestation object with what we did not ask for left out. Browsers replace a certificate chain by `none` when none is asked for; one that
 * comes all the same is dropped rather than followed, since checking it would fetch revocation lists from addresses the sender chose.
 */
function readAttestationObject(lib: Library, encoded: string) {
  const { isoBase64URL, isoCBOR, decodeAttestationObject } = lib;
  const bytes = isoBase64URL.toBuffer(encoded);
  const object = decodeAttestationObject(bytes);
  const [fmt, statement, authData] = [object.get('fmt'), object.get('attStmt'), object.get('authData')];
  if (typeof fmt !== 'string' || !(statement instanceof Map) || !(authData instanceof Uint8Array))
    throw new Error('not an attestation object');
  if (isoCBOR.encode(object as Parameters<typeof isoCBOR.encode>[0]).length !== bytes.length)
    throw new Error('bytes follow the attestation object');
  const self = fmt === 'packed' && !statement.has('x5c');
  if (fmt === 'none' || self) return { authData, encoded };
  const bare = new Map<string, unknown>([
    ['fmt', 'none'],
    ['attStmt', new Map()],
    ['authData', authData],
  ]);
  return { authData, encoded: isoBase64URL.fromBuffer(isoCBOR.encode(bare as unknown as Parameters<typeof isoCBOR.encode>[0])) };
}

const transportsOf = (value: unknown): string[] =>
  Array.isArray(value) ? [...new Set(value.filter((t): t is string => typeof t === 'string' && /^[a-z-]{1,32}$/.test(t)))].slice(0, 8) : [];

function checkDevice(answer: Attestation, policy: Policy, backupEligible: boolean) {
  if (!policy.allowSynced && backupEligible) throw new AppError('synced_passkey_not_allowed', { detail: 'BE=1' });
  const { attachment } = policy;
  const told = answer.authenticatorAttachment;
  if (attachment !== 'any' && typeof told === 'string' && told !== attachment) {
    const message = attachment === 'platform' ? 'Use the passkey store of this device itself' : 'Use a security key or another device';
    const problem = attachment === 'platform' ? 'platform' : 'roaming';
    throw badAnswer(`attachment ${told.slice(0, 32)}, asked for ${attachment}`, { problem, message });
  }
  const results = answer.clientExtensionResults as { credProps?: { rk?: unknown } } | null | undefined;
  if (results?.credProps?.rk === false) {
    const message =
      'The authenticator did not store the passkey, so it could not be used to sign in: free some space on it, or use another one';
    throw badAnswer('credProps.rk=false', { problem: 'unstored', message });
  }
}

/**
 * WebAuthn Level 3, section 7.1, Registering a New Credential. The library decodes and verifies; before it, what people can do something about is
 * refused with a sentence of its own. Everything is `invalid_webauthn_response` or one of the codes for policy.
 */
export function createRegistrationVerifier({ rp, sha256, checkKey }: { rp: RelyingParty; sha256: Sha256; checkKey: CheckKey }) {
  const rpIdHash = sha256(new TextEncoder().encode(rp.id));

  return async ({
    answer,
    challenge,
    policy,
  }: {
    answer: Attestation;
    challenge: string;
    policy: Policy;
  }): Promise<VerifiedRegistration> => {
    checkClientData(readClientData(answer.response.clientDataJSON).data, { type: 'webauthn.create', challenge, rp });
    const lib = await library();
    try {
      const { authData, encoded } = readAttestationObject(lib, answer.response.attestationObject);
      const data = readAuthenticatorData(authData);
      checkAuthenticatorData(data, { rpIdHash, policy });
      checkDevice(answer, policy, data.backupEligible);
      const { credentialPublicKey } = lib.parseAuthenticatorData(authData);
      if (!credentialPublicKey) throw badAnswer('no attested credential data');
      checkKey(jwkOfCose(lib.decodeCredentialPublicKey(credentialPublicKey) as unknown as Map<number, unknown>));
      const { verified, registrationInfo } = await lib.verifyRegistrationResponse({
        response: {
          id: answer.id,
          rawId: answer.rawId,
          type: 'public-key',
          clientExtensionResults: {},
          response: { clientDataJSON: answer.response.clientDataJSON, attestationObject: encoded },
        },
        expectedChallenge: challenge,
        expectedOrigin: rp.origin,
        expectedRPID: rp.id,
        requireUserVerification: policy.userVerification === 'required',
        supportedAlgorithmIDs: [...ALGORITHMS],
      });
      if (!verified) throw badAnswer('the attestation does not verify');
      const { credential, aaguid, fmt } = registrationInfo;
      if (credential.id !== answer.id) throw badAnswer('the credential id is not the one in the authenticator data');
      return {
        credentialId: credential.id,
        publicKey: lib.isoBase64URL.fromBuffer(credential.publicKey),
        counter: credential.counter,
        transports: transportsOf(answer.response.transports),
        backupEligible: data.backupEligible,
        backupState: data.backupState,
        aaguid,
        attestationType: fmt,
      };
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw badAnswer(cause instanceof Error ? cause.message.slice(0, 200) : 'not decodable', { cause });
    }
  };
}
