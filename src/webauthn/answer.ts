import { z } from 'zod';
import { badAnswer } from './challenge.ts';

/** base64url without padding, at most `bytes` bytes: counted before anything is decoded. */
const encoded = (bytes: number) =>
  z
    .string()
    .min(1)
    .max(Math.ceil((bytes * 4) / 3))
    .regex(/^[\w-]+$/);

/** WebAuthn Level 3, section 4: a credential id has at most 1023 bytes. */
const credentialId = encoded(1023);
const envelope = { id: credentialId, rawId: credentialId, type: z.literal('public-key'), authenticatorAttachment: z.unknown().optional() };

const Assertion = z.object({
  ...envelope,
  response: z.object({
    clientDataJSON: encoded(8192),
    authenticatorData: encoded(4096),
    signature: encoded(1024),
    userHandle: encoded(64).nullish(),
  }),
});
const Attestation = z.object({
  ...envelope,
  response: z.object({
    clientDataJSON: encoded(8192),
    attestationObject: encoded(16_384),
    transports: z.unknown().optional(),
  }),
  clientExtensionResults: z.unknown().optional(),
});
/** AuthenticationResponseJSON with its sizes checked; members we do not know are dropped. */
export type Assertion = z.infer<typeof Assertion>;
/** RegistrationResponseJSON, likewise. */
export type Attestation = z.infer<typeof Attestation>;

function read<T extends { id: string; rawId: string }>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw badAnswer(parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
  if (parsed.data.id !== parsed.data.rawId) throw badAnswer('id and rawId differ');
  return parsed.data;
}

/** Shape and sizes of a login answer; throws `invalid_webauthn_response`. */
export const readAssertion = (input: unknown): Assertion => read(Assertion, input);
/** Shape and sizes of a registration answer; throws `invalid_webauthn_response`. */
export const readAttestation = (input: unknown): Attestation => read(Attestation, input);
