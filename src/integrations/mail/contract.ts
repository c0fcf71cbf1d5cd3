import { createRoute, z } from '@hono/zod-openapi';
import { ttl } from '#platform/duration.ts';
import { emptyIsObject, json, optionalJson, problems } from '#platform/http/contract.ts';
import { email } from '#platform/text.ts';

const tags = ['Mail'];
const unsent = ['mail_disabled', 'mail_unavailable'] as const;

export const mailCode = createRoute({
  tags,
  method: 'post',
  path: '/api/users/{id}/one-time-access-email',
  summary: 'Send somebody a code to sign in with once',
  description: 'Where `emailOneTimeAccessAsAdminEnabled` is on.',
  middleware: [emptyIsObject] as const,
  request: {
    params: z.object({ id: z.string() }),
    body: optionalJson(z.object({ ttl: ttl().nullish() }).openapi('OneTimeAccessEmailCreate')),
  },
  responses: {
    204: { description: 'Sent' },
    ...problems(
      'validation_failed',
      'not_signed_in',
      'forbidden',
      'one_time_access_disabled',
      'user_not_found',
      'user_email_not_set',
      ...unsent,
    ),
  },
});
export const askForCode = createRoute({
  tags,
  method: 'post',
  path: '/api/one-time-access-email',
  summary: 'Ask for a code to sign in with once, by mail',
  description: 'Where `emailOneTimeAccessAsUnauthenticatedEnabled` is on. The answer does not tell whether somebody has the address.',
  request: { body: json(z.object({ email: email(), redirectPath: z.string().max(2048).nullish() }).openapi('OneTimeAccessEmailRequest')) },
  responses: {
    204: { description: 'Sent, if somebody has the address' },
    ...problems('validation_failed', 'one_time_access_disabled', ...unsent, 'rate_limited'),
  },
});
export const sendVerification = createRoute({
  tags,
  method: 'post',
  path: '/api/users/me/send-email-verification',
  summary: 'Send the caller a link that proves their address',
  responses: { 204: { description: 'Sent' }, ...problems('not_signed_in', 'user_email_not_set', ...unsent, 'rate_limited') },
});
export const verifyEmail = createRoute({
  tags,
  method: 'post',
  path: '/api/users/me/verify-email',
  summary: 'Prove the address of the caller',
  request: { body: json(z.object({ token: z.string().min(1).max(200) }).openapi('EmailVerification')) },
  responses: {
    204: { description: 'Proved' },
    ...problems('validation_failed', 'invalid_email_verification_token', 'not_signed_in', 'rate_limited'),
  },
});
