import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, oneOf, problems } from '#platform/http/contract.ts';
import { User } from '../users/contract.ts';

const tags = ['Sign-in from another device'];
const code = z.string().min(1).max(40);

export const DeviceLoginRequest = z
  .object({
    id: z.uuid(),
    userCode: z.string(),
    verificationUri: z.url(),
    verificationUriComplete: z.url(),
    expiresAt: z.iso.datetime(),
    interval: z.int().openapi({ description: 'Seconds between two questions whether it was approved' }),
  })
  .openapi('DeviceLoginRequest');

export const DeviceLoginVerification = z
  .object({
    userCode: z.string(),
    device: z.string().openapi({ description: 'Browser and system of who asks' }),
    ipAddress: z.string(),
    country: z.string(),
    city: z.string(),
    expiresAt: z.iso.datetime(),
  })
  .openapi('DeviceLoginVerification');

export const createRequest = createRoute({
  tags,
  method: 'post',
  path: '/api/device-login/requests',
  summary: 'Ask to be signed in by another device',
  description: 'Sets a cookie: only this browser can exchange the request.',
  responses: { 201: answer(DeviceLoginRequest, 'Created'), ...problems('rate_limited') },
});
export const exchange = createRoute({
  tags,
  method: 'post',
  path: '/api/device-login/requests/{id}/exchange',
  summary: 'Wait until it is approved, and sign in',
  description:
    'Answers as soon as somebody has decided, and after 25 seconds at the latest. A 202 with `Retry-After` came at once, since too many are waiting or the server stops: wait that long before asking again.',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: answer(User),
    202: answer(z.object({ status: z.literal('pending') }), 'Nobody has decided yet'),
    ...problems('device_login_expired', 'device_login_denied', 'user_disabled', 'rate_limited'),
  },
});
export const verification = createRoute({
  tags,
  method: 'post',
  path: '/api/device-login/verification',
  summary: 'Who asks with this code',
  request: { body: json(z.object({ code }).openapi('DeviceLoginCode')) },
  responses: {
    200: answer(DeviceLoginVerification),
    ...problems('not_signed_in', 'api_key_auth_not_allowed', 'not_found', 'rate_limited'),
  },
});
export const decision = createRoute({
  tags,
  method: 'post',
  path: '/api/device-login/verification/decision',
  summary: 'Sign the asking device in as oneself, or refuse',
  description: 'To approve takes a reauthentication (its cookie) that is not older than a minute.',
  request: { body: json(z.object({ code, decision: oneOf(['approve', 'deny']) }).openapi('DeviceLoginDecision')) },
  responses: {
    204: { description: 'Done' },
    ...problems('not_signed_in', 'reauthentication_required', 'api_key_auth_not_allowed', 'not_found', 'rate_limited'),
  },
});
