import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import type { Env } from '#platform/http/context.ts';
import { listOptions } from '#platform/http/contract.ts';
import * as contract from './contract.ts';
import type { AuditLists } from './lists.ts';

export function auditRoutes(app: OpenAPIHono<Env>, { auditLists }: { auditLists: AuditLists }): void {
  app.openapi(contract.ownAuditLog, async (c) => c.json(await auditLists.own(actorOf(c).id, listOptions(c.req.url)), 200));
  app.openapi(contract.wholeAuditLog, async (c) => c.json(await auditLists.all(listOptions(c.req.url)), 200));
  app.openapi(contract.auditClientNames, async (c) => c.json(await auditLists.clientNames(), 200));
  app.openapi(contract.auditUsers, async (c) => c.json(await auditLists.users(), 200));
}
