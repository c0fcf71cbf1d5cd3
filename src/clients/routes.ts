import type { OpenAPIHono } from '@hono/zod-openapi';
import { type Actor, actorOf } from '#access/actor.ts';
import type { Env } from '#platform/http/context.ts';
import { listOptions, secondsOf } from '#platform/http/contract.ts';
import * as contract from './contract.ts';
import { clientIdOf } from './contract.ts';
import type { Preview } from './preview.ts';
import type { ClientSecrets } from './secrets.ts';
import type { Clients } from './service.ts';

interface Deps {
  clients: Clients;
  secrets: ClientSecrets;
  preview: Preview;
  documents: { refresh(actor: Actor, client: { id: string; clientType: string }): Promise<void> };
}

export function clientRoutes(app: OpenAPIHono<Env>, { clients, secrets, preview, documents }: Deps): void {
  app.openapi(contract.listClients, async (c) => c.json(await clients.list(listOptions(c.req.url)), 200));
  app.openapi(contract.createClient, async (c) => c.json(await clients.create(actorOf(c), c.req.valid('json')), 201));
  app.openapi(contract.getClient, async (c) => c.json(await clients.get(clientIdOf(c.req.valid('param').id)), 200));
  app.openapi(contract.getClientMeta, async (c) => c.json(await clients.meta(clientIdOf(c.req.valid('param').id)), 200));
  app.openapi(contract.updateClient, async (c) =>
    c.json(await clients.update(actorOf(c), clientIdOf(c.req.valid('param').id), c.req.valid('json')), 200),
  );
  app.openapi(contract.deleteClient, async (c) => {
    await clients.remove(actorOf(c), clientIdOf(c.req.valid('param').id));
    return c.body(null, 204);
  });
  app.openapi(contract.setAllowedGroups, async (c) =>
    c.json(await clients.setAllowedGroups(actorOf(c), clientIdOf(c.req.valid('param').id), c.req.valid('json').userGroupIds), 200),
  );

  app.openapi(contract.replaceSecret, async (c) =>
    c.json({ secret: await secrets.replace(actorOf(c), clientIdOf(c.req.valid('param').id), c.req.valid('json').secret) }, 200),
  );
  app.openapi(contract.listSecrets, async (c) => c.json(await secrets.list(clientIdOf(c.req.valid('param').id)), 200));
  app.openapi(contract.createSecret, async (c) => {
    const { secret: given, expiresAt } = c.req.valid('json');
    return c.json(await secrets.create(actorOf(c), clientIdOf(c.req.valid('param').id), { given, expiresAt: secondsOf(expiresAt) }), 201);
  });
  app.openapi(contract.deleteSecret, async (c) => {
    const { id, secretId } = c.req.valid('param');
    await secrets.remove(actorOf(c), clientIdOf(id), secretId);
    return c.body(null, 204);
  });

  app.openapi(contract.refreshClient, async (c) => {
    const id = clientIdOf(c.req.valid('param').id);
    await documents.refresh(actorOf(c), await clients.get(id));
    return c.json(await clients.get(id), 200);
  });

  app.openapi(contract.previewClaims, async (c) => {
    const { id, userId } = c.req.valid('param');
    return c.json(await preview(clientIdOf(id), userId, c.req.valid('query').scopes.split(/\s+/)), 200);
  });
}
