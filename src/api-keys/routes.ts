import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import type { Env } from '#platform/http/context.ts';
import { listOptions, secondsOf } from '#platform/http/contract.ts';
import * as contract from './contract.ts';
import type { ApiKeys } from './service.ts';

export function apiKeyRoutes(app: OpenAPIHono<Env>, { apiKeys }: { apiKeys: ApiKeys }): void {
  app.openapi(contract.listApiKeys, async (c) => c.json(await apiKeys.list(actorOf(c).id, listOptions(c.req.url)), 200));
  app.openapi(contract.createApiKey, async (c) => {
    const { expiresAt, ...input } = c.req.valid('json');
    return c.json(await apiKeys.create(actorOf(c), { ...input, expiresAt: secondsOf(expiresAt) }), 201);
  });
  app.openapi(contract.renewApiKey, async (c) =>
    c.json(await apiKeys.renew(actorOf(c), c.req.valid('param').id, secondsOf(c.req.valid('json').expiresAt)), 200),
  );
  app.openapi(contract.deleteApiKey, async (c) => {
    await apiKeys.remove(actorOf(c), c.req.valid('param').id);
    return c.body(null, 204);
  });
}
