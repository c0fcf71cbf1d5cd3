import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import type { Env } from '#platform/http/context.ts';
import { listOptions } from '#platform/http/contract.ts';
import * as contract from './contract.ts';
import type { Users } from './service.ts';

export function userRoutes(app: OpenAPIHono<Env>, { users }: { users: Users }): void {
  app.openapi(contract.listUsers, async (c) => c.json(await users.list(listOptions(c.req.url)), 200));
  app.openapi(contract.getMe, async (c) => c.json(await users.me(actorOf(c).id), 200));
  app.openapi(contract.updateMe, async (c) => c.json(await users.updateMe(actorOf(c), c.req.valid('json')), 200));
  app.openapi(contract.createUser, async (c) => c.json(await users.create(actorOf(c), c.req.valid('json')), 201));
  app.openapi(contract.getUser, async (c) => c.json(await users.get(c.req.valid('param').id), 200));
  app.openapi(contract.updateUser, async (c) => c.json(await users.update(actorOf(c), c.req.valid('param').id, c.req.valid('json')), 200));
  app.openapi(contract.deleteUser, async (c) => {
    await users.remove(actorOf(c), c.req.valid('param').id);
    return c.body(null, 204);
  });
  app.openapi(contract.setUserGroups, async (c) =>
    c.json(await users.setGroups(actorOf(c), c.req.valid('param').id, c.req.valid('json').userGroupIds), 200),
  );
}
