import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf, readsSecrets } from '#access/actor.ts';
import type { Env } from '#platform/http/context.ts';
import { clientIdOf } from '../../clients/contract.ts';
import * as contract from './contract.ts';
import type { ScimProviders } from './service.ts';

export function scimRoutes(app: OpenAPIHono<Env>, { scimProviders }: { scimProviders: ScimProviders }): void {
  app.openapi(contract.providerOfClient, async (c) =>
    c.json(await scimProviders.ofClient(clientIdOf(c.req.valid('param').id), readsSecrets(c)), 200),
  );
  app.openapi(contract.createProvider, async (c) =>
    c.json(await scimProviders.create(actorOf(c), c.req.valid('json'), readsSecrets(c)), 201),
  );
  app.openapi(contract.updateProvider, async (c) =>
    c.json(await scimProviders.update(actorOf(c), c.req.valid('param').id, c.req.valid('json'), readsSecrets(c)), 200),
  );
  app.openapi(contract.deleteProvider, async (c) => {
    await scimProviders.remove(actorOf(c), c.req.valid('param').id);
    return c.body(null, 204);
  });
  app.openapi(contract.syncProvider, async (c) => scimProviders.sync(c.req.valid('param').id));
}
