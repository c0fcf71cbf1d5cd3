import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import type { Caller } from '#access/caller.ts';
import { type Ctx, type Env, originOf } from '#platform/http/context.ts';
import { date } from '#platform/http/contract.ts';
import * as contract from './contract.ts';
import type { Cookies } from './cookies.ts';
import type { SessionEntry, Sessions } from './service.ts';

const toJson = (entry: SessionEntry, currentId: string | undefined) => ({
  id: entry.id,
  current: entry.id === currentId,
  createdAt: date(entry.createdAt),
  lastSeenAt: date(entry.lastSeenAt),
  expiresAt: date(entry.expiresAt),
  authMethods: [...entry.amr] as ('phr' | 'otp')[],
  ipAddress: entry.ip,
  userAgent: entry.userAgent,
});

/** The caller the guard let in; the rows of these routes never let anybody in without one. */
const callerOf = (c: Ctx): Caller => c.var.caller as Caller;

/** Registers the routes of one's own and of anybody's sessions. */
export function sessionRoutes(app: OpenAPIHono<Env>, { sessions, cookies }: { sessions: Sessions; cookies: Cookies }) {
  app.openapi(contract.listMySessions, async (c) => {
    const { userId, session } = callerOf(c);
    return c.json(
      (await sessions.listOf(userId)).map((entry) => toJson(entry, session?.id)),
      200,
    );
  });
  app.openapi(contract.revokeMySession, async (c) => {
    const { userId, session } = callerOf(c);
    const { sessionId } = c.req.valid('param');
    await sessions.revoke(userId, sessionId, originOf(c));
    if (sessionId === session?.id) cookies.session.clear(c);
    return c.body(null, 204);
  });
  app.openapi(contract.revokeMySessions, async (c) => {
    const { userId, session } = callerOf(c);
    const exceptId = c.req.valid('query').keepCurrent === 'true' ? session?.id : undefined;
    await sessions.revokeAll(userId, originOf(c), { exceptId });
    if (exceptId === undefined) cookies.session.clear(c);
    return c.body(null, 204);
  });

  app.openapi(contract.listSessions, async (c) => {
    const { userId, session } = callerOf(c);
    const { id } = c.req.valid('param');
    return c.json(
      (await sessions.listOf(id)).map((entry) => toJson(entry, id === userId ? session?.id : undefined)),
      200,
    );
  });
  app.openapi(contract.revokeSession, async (c) => {
    const { id, sessionId } = c.req.valid('param');
    await sessions.revokeOf(actorOf(c), id, sessionId);
    return c.body(null, 204);
  });
  app.openapi(contract.revokeSessions, async (c) => {
    await sessions.revokeOf(actorOf(c), c.req.valid('param').id);
    return c.body(null, 204);
  });
}
