import { AppError } from '#platform/errors.ts';
import { badAnswer } from './challenge.ts';
import type { Policy } from './relying-party.ts';

/** Authenticator data, WebAuthn Level 3, section 6.1: RP id hash (32 bytes), flags (1), counter (4), then what the flags announce. */
export interface AuthenticatorData {
  rpIdHash: Uint8Array;
  userPresent: boolean;
  userVerified: boolean;
  backupEligible: boolean;
  backupState: boolean;
  attested: boolean;
  extensions: boolean;
  counter: number;
}

export function readAuthenticatorData(data: Uint8Array): AuthenticatorData {
  if (data.length < 37) throw badAnswer(`authenticator data has ${data.length} bytes, at least 37 are needed`);
  const flags = data[32] as number;
  if ((flags & (64 | 128)) === 0 && data.length > 37) throw badAnswer('bytes follow the authenticator data');
  return {
    rpIdHash: data.subarray(0, 32),
    userPresent: (flags & 1) !== 0,
    userVerified: (flags & 4) !== 0,
    backupEligible: (flags & 8) !== 0,
    backupState: (flags & 16) !== 0,
    attested: (flags & 64) !== 0,
    extensions: (flags & 128) !== 0,
    counter: new DataView(data.buffer, data.byteOffset).getUint32(33),
  };
}

const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Sections 7.1 and 7.2: RP id hash, UP, UV by policy, and BS only with BE. */
export function checkAuthenticatorData(data: AuthenticatorData, { rpIdHash, policy }: { rpIdHash: Uint8Array; policy: Policy }): void {
  if (!same(data.rpIdHash, rpIdHash)) throw badAnswer('the RP id hash is not ours', { message: 'This passkey belongs to another site' });
  if (!data.userPresent)
    throw badAnswer('UP=0', {
      problem: 'untouched',
      message: 'The authenticator did not confirm that you were there: touch it and try again',
    });
  if (policy.userVerification === 'required' && !data.userVerified)
    throw new AppError('passkey_user_verification_required', { detail: 'UV=0' });
  if (data.backupState && !data.backupEligible) {
    throw badAnswer('BS=1 with BE=0', {
      problem: 'unsound',
      message: 'The authenticator says that this passkey is backed up and cannot be backed up: update it or use another one',
    });
  }
}
