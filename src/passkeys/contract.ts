import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, problems } from '#platform/http/contract.ts';
import { line } from '#platform/text.ts';
import { User } from '../users/contract.ts';

export const Credential = z
  .object({
    id: z.uuid(),
    name: z.string(),
    credentialID: z.string().openapi({ description: 'base64url' }),
    attestationType: z.string(),
    transport: z.array(z.string()),
    backupEligible: z.boolean(),
    backupState: z.boolean(),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable().openapi({ description: 'To the hour' }),
  })
  .openapi('WebauthnCredential');

export const CredentialUpdate = z.object({ name: line({ min: 1, max: 50 }) }).openapi('WebauthnCredentialUpdate');

/** Passed on to the browser as they are; `webauthn/` makes them. */
export const CreationOptions = z.looseObject({ challenge: z.string() }).openapi('PublicKeyCredentialCreationOptionsJSON');
export const RequestOptions = z.looseObject({ challenge: z.string() }).openapi('PublicKeyCredentialRequestOptionsJSON');
/** Judged by `webauthn/`, whose refusals are more precise than a schema's. */
export const RegistrationAnswer = z.looseObject({}).openapi('RegistrationResponseJSON');
export const LoginAnswer = z.looseObject({}).openapi('AuthenticationResponseJSON');

const tags = ['Passkeys'];
const done = { 204: { description: 'Done' } };
const own = z.object({ id: z.string() });
const ofUser = z.object({ id: z.string(), credentialId: z.string() });
const ceremony = [
  'missing_session_id',
  'invalid_webauthn_session',
  'invalid_webauthn_response',
  'passkey_user_verification_required',
] as const;
const signedIn = ['not_signed_in', 'api_key_auth_not_allowed', 'user_disabled'] as const;

export const startRegistration = createRoute({
  tags,
  method: 'get',
  path: '/api/webauthn/register/start',
  summary: 'Options for navigator.credentials.create',
  responses: { 200: answer(CreationOptions), ...problems(...signedIn, 'reauthentication_required') },
});
export const finishRegistration = createRoute({
  tags,
  method: 'post',
  path: '/api/webauthn/register/finish',
  summary: 'Add a passkey',
  request: { body: json(RegistrationAnswer) },
  responses: {
    200: answer(Credential),
    ...problems(...ceremony, 'synced_passkey_not_allowed', 'passkey_already_registered', ...signedIn, 'reauthentication_required'),
  },
});
export const startLogin = createRoute({
  tags,
  method: 'get',
  path: '/api/webauthn/login/start',
  summary: 'Options for navigator.credentials.get',
  responses: { 200: answer(RequestOptions) },
});
export const finishLogin = createRoute({
  tags,
  method: 'post',
  path: '/api/webauthn/login/finish',
  summary: 'Sign in with a passkey',
  request: { body: json(LoginAnswer) },
  responses: { 200: answer(User), ...problems(...ceremony, 'webauthn_authentication_failed', 'user_disabled', 'rate_limited') },
});
export const logout = createRoute({
  tags,
  method: 'post',
  path: '/api/webauthn/logout',
  summary: 'Sign out of this browser',
  responses: { ...done, ...problems('not_signed_in') },
});
export const startReauthentication = createRoute({
  tags,
  method: 'get',
  path: '/api/webauthn/reauthenticate/start',
  summary: 'Options to prove oneself again',
  responses: { 200: answer(RequestOptions), ...problems(...signedIn) },
});
export const reauthenticate = createRoute({
  tags,
  method: 'post',
  path: '/api/webauthn/reauthenticate',
  summary: 'Prove oneself again',
  description:
    'The body is the answer to /api/webauthn/reauthenticate/start. Without one, a passkey sign-in less than a minute ago counts. Sets a cookie that proves it once, within three minutes, in this session.',
  responses: {
    ...done,
    ...problems(...ceremony, 'webauthn_authentication_failed', 'reauthentication_required', ...signedIn, 'rate_limited'),
  },
});
export const listCredentials = createRoute({
  tags,
  method: 'get',
  path: '/api/webauthn/credentials',
  summary: "One's own passkeys",
  responses: { 200: answer(z.array(Credential)), ...problems('not_signed_in') },
});
export const renameCredential = createRoute({
  tags,
  method: 'patch',
  path: '/api/webauthn/credentials/{id}',
  summary: 'Rename a passkey',
  request: { params: own, body: json(CredentialUpdate) },
  responses: { 200: answer(Credential), ...problems('validation_failed', ...signedIn, 'not_found') },
});
export const removeCredential = createRoute({
  tags,
  method: 'delete',
  path: '/api/webauthn/credentials/{id}',
  summary: 'Remove a passkey; not the last one',
  request: { params: own },
  responses: { ...done, ...problems(...signedIn, 'not_found', 'last_passkey') },
});
export const listCredentialsOfUser = createRoute({
  tags,
  method: 'get',
  path: '/api/users/{id}/webauthn-credentials',
  summary: "A user's passkeys",
  request: { params: own },
  responses: { 200: answer(z.array(Credential)), ...problems('not_signed_in', 'forbidden', 'user_not_found') },
});
export const removeCredentialOfUser = createRoute({
  tags,
  method: 'delete',
  path: '/api/users/{id}/webauthn-credentials/{credentialId}',
  summary: "Remove a user's passkey",
  request: { params: ofUser },
  responses: { ...done, ...problems('not_signed_in', 'forbidden', 'user_not_found', 'not_found') },
});
