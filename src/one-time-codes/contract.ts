import { createRoute, z } from '@hono/zod-openapi';
import { ttl } from '#platform/duration.ts';
import { answer, emptyIsObject, optionalJson, problems } from '#platform/http/contract.ts';
import { User } from '../users/contract.ts';

const tags = ['One-time codes'];

export const issueCode = createRoute({
  tags,
  method: 'post',
  path: '/api/users/{id}/one-time-access-token',
  summary: 'Make a code somebody signs in with once',
  description: 'Six characters when it lives for at most 15 minutes (the default), else twelve. Ends every older code of the user.',
  middleware: [emptyIsObject] as const,
  request: {
    params: z.object({ id: z.string() }),
    body: optionalJson(z.object({ ttl: ttl().nullish() }).openapi('OneTimeAccessTokenCreate')),
  },
  responses: {
    201: answer(z.object({ token: z.string() }).openapi('OneTimeAccessToken'), 'Created'),
    ...problems('validation_failed', 'not_signed_in', 'forbidden', 'user_not_found'),
  },
});
export const redeemCode = createRoute({
  tags,
  method: 'post',
  path: '/api/one-time-access-token/{token}',
  summary: 'Sign in with a code',
  request: { params: z.object({ token: z.string() }) },
  responses: { 200: answer(User), ...problems('token_invalid_or_expired', 'user_disabled', 'rate_limited') },
});
