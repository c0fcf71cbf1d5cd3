import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { cbor } from '#src/testing/authenticator.ts';

/** A P-256 passkey of the bench: everything a database row and an assertion need. */
export interface Passkey {
  /** base64url */
  credentialId: string;
  userId: string;
  /** COSE key, base64url */
  publicKey: string;
  /** PKCS #8, base64 */
  privateKey: string;
}

/** A new passkey for a user. */
export function makePasskey(userId: string): Passkey {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' });
  const cose = cbor(
    new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]),
  );
  return {
    credentialId: randomBytes(32).toString('base64url'),
    userId,
    publicKey: cose.toString('base64url'),
    privateKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  };
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest();

/** Answers login challenges at `origin` as synced passkeys do: user present and verified, backed up, counter 0. */
export function createPasskeys({ origin, passkeys }: { origin: string; passkeys: readonly Passkey[] }) {
  const keys = new Map<string, KeyObject>();
  const keyOf = ({ credentialId, privateKey }: Passkey) => {
    const key = keys.get(credentialId) ?? createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
    keys.set(credentialId, key);
    return key;
  };
  // WebAuthn Level 3 section 6.1: hash of the RP id, the flags UP, UV, BE and BS, a counter of 0.
  const authenticatorData = Buffer.concat([sha256(new URL(origin).hostname), Buffer.from([0x1d, 0, 0, 0, 0])]);
  return {
    /** The JSON a browser would post, from the passkey with this number (they take turns). */
    assert(number: number, challenge: string): string {
      const passkey = passkeys[number % passkeys.length]!;
      const client = Buffer.from(JSON.stringify({ type: 'webauthn.get', challenge, origin, crossOrigin: false }));
      const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(client)]), keyOf(passkey));
      return JSON.stringify({
        id: passkey.credentialId,
        rawId: passkey.credentialId,
        type: 'public-key',
        authenticatorAttachment: 'platform',
        clientExtensionResults: {},
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: authenticatorData.toString('base64url'),
          signature: signature.toString('base64url'),
          userHandle: Buffer.from(passkey.userId).toString('base64url'),
        },
      });
    },
  };
}
