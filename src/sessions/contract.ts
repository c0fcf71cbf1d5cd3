import { createRoute, z } from '@hono/zod-openapi';
import { answer, problems } from '#platform/http/contract.ts';

/** One signed-in browser. */
export const Session = z
  .object({
    id: z.uuid(),
    /** The browser that asks. */
    current: z.boolean(),
    createdAt: z.iso.datetime(),
    lastSeenAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    authMethods: z.array(z.enum(['phr', 'otp'])),
    ipAddress: z.string(),
    userAgent: z.string(),
  })
  .openapi('Session');

const done = { 204: { description: 'Done' } };
const sessionId = z.object({ sessionId: z.string() });
const userId = z.object({ id: z.string() });

export const listMySessions = createRoute({
  method: 'get',
  path: '/api/users/me/sessions',
  tags: ['Sessions'],
  summary: "The caller's sessions",
  responses: { 200: answer(z.array(Session)), ...problems('not_signed_in') },
});
export const revokeMySession = createRoute({
  method: 'delete',
  path: '/api/users/me/sessions/{sessionId}',
  tags: ['Sessions'],
  summary: 'End one of the caller’s sessions',
  request: { params: sessionId },
  responses: { ...done, ...problems('not_signed_in', 'not_found') },
});
/** Sign out everywhere. `?keepCurrent=true` leaves the browser that asks signed in. */
export const revokeMySessions = createRoute({
  method: 'delete',
  path: '/api/users/me/sessions',
  tags: ['Sessions'],
  summary: 'Sign out everywhere',
  request: { query: z.object({ keepCurrent: z.enum(['true', 'false']).optional() }) },
  responses: { ...done, ...problems('not_signed_in') },
});
export const listSessions = createRoute({
  method: 'get',
  path: '/api/users/{id}/sessions',
  tags: ['Sessions'],
  summary: "Somebody's sessions",
  request: { params: userId },
  responses: { 200: answer(z.array(Session)), ...problems('not_signed_in', 'forbidden', 'user_not_found') },
});
export const revokeSession = createRoute({
  method: 'delete',
  path: '/api/users/{id}/sessions/{sessionId}',
  tags: ['Sessions'],
  summary: "End one of somebody's sessions",
  request: { params: userId.extend(sessionId.shape) },
  responses: { ...done, ...problems('not_signed_in', 'forbidden', 'user_not_found', 'not_found') },
});
export const revokeSessions = createRoute({
  method: 'delete',
  path: '/api/users/{id}/sessions',
  tags: ['Sessions'],
  summary: 'Sign somebody out everywhere',
  request: { params: userId },
  responses: { ...done, ...problems('not_signed_in', 'forbidden', 'user_not_found') },
});
