import type { PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { TIMEOUT_MS } from './challenge.ts';
import type { Policy, RelyingParty } from './relying-party.ts';

/** COSE algorithms (RFC 9053): ES256, EdDSA (Ed25519), RS256; what is not offered is refused when it comes back. */
export const ALGORITHMS = [-7, -8, -257] as const;

type Transports = NonNullable<PublicKeyCredentialCreationOptionsJSON['excludeCredentials']>[number]['transports'];
export interface Known {
  credentialId: string;
  transports: readonly string[];
}

/** User handle: the bytes of the user id's text, base64url. */
export const userHandleOf = (userId: string): string => btoa(userId).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const descriptor = ({ credentialId, transports }: Known) => ({
  id: credentialId,
  type: 'public-key' as const,
  ...(transports.length > 0 ? { transports: transports as Transports } : {}),
});

/** Creation options, unwrapped (no `publicKey` member): discoverable, no attestation, none of the person's own passkeys twice. */
export function creationOptions(from: {
  rp: RelyingParty;
  rpName: string;
  policy: Policy;
  challenge: string;
  user: { id: string; username: string; displayName: string };
  exclude: readonly Known[];
}): PublicKeyCredentialCreationOptionsJSON {
  const { rp, rpName, policy, challenge, user, exclude } = from;
  return {
    challenge,
    rp: { id: rp.id, name: rpName },
    user: { id: userHandleOf(user.id), name: user.username, displayName: user.displayName || user.username },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ alg, type: 'public-key' as const })),
    timeout: TIMEOUT_MS,
    attestation: 'none',
    excludeCredentials: exclude.map(descriptor),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: policy.userVerification,
      ...(policy.attachment === 'any' ? {} : { authenticatorAttachment: policy.attachment }),
    },
    extensions: { credProps: true },
  };
}

/** Request options, unwrapped. Without `allow` the device offers whatever passkeys it has for us: nobody types a name, and nobody can probe one. */
export const requestOptions = (from: {
  rp: RelyingParty;
  policy: Policy;
  challenge: string;
  allow?: readonly Known[];
}): PublicKeyCredentialRequestOptionsJSON => ({
  challenge: from.challenge,
  rpId: from.rp.id,
  timeout: TIMEOUT_MS,
  userVerification: from.policy.userVerification,
  ...(from.allow ? { allowCredentials: from.allow.map(descriptor) } : {}),
});
