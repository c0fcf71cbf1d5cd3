import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import type { Env } from '#platform/http/context.ts';
import { listOptions } from '#platform/http/contract.ts';
import * as contract from './contract.ts';
import type { Groups } from './service.ts';

/** `users.get` answers `user_not_found` before a stranger's groups are listed as none. */
export function groupRoutes(
  app: OpenAPIHono<Env>,
  { groups, users }: { groups: Groups; users: { get(id: string): Promise<unknown> } },
): void {
  app.openapi(contract.listGroups, async (c) => c.json(await groups.list(listOptions(c.req.url)), 200));
  app.openapi(contract.getGroup, async (c) => c.json(await groups.get(c.req.valid('param').id), 200));
  app.openapi(contract.createGroup, async (c) => c.json(await groups.create(actorOf(c), c.req.valid('json')), 201));
  app.openapi(contract.updateGroup, async (c) =>
    c.json(await groups.update(actorOf(c), c.req.valid('param').id, c.req.valid('json')), 200),
  );
  app.openapi(contract.deleteGroup, async (c) => {
    await groups.remove(actorOf(c), c.req.valid('param').id);
    return c.body(null, 204);
  });
  app.openapi(contract.setMembers, async (c) =>
    c.json(await groups.setMembers(actorOf(c), c.req.valid('param').id, c.req.valid('json').userIds), 200),
  );
  app.openapi(contract.setAllowedClients, async (c) =>
    c.json(await groups.setAllowedClients(actorOf(c), c.req.valid('param').id, c.req.valid('json').oidcClientIds), 200),
  );
  app.openapi(contract.groupsOfUser, async (c) => {
    const { id } = c.req.valid('param');
    await users.get(id);
    return c.json(await groups.ofUser(id), 200);
  });
}
