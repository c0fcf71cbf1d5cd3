import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import type { Env } from '#platform/http/context.ts';
import { listOptions } from '#platform/http/contract.ts';
import { clientIdOf } from '../clients/contract.ts';
import * as contract from './contract.ts';
import type { ApiGrants } from './grants.ts';
import type { Apis } from './service.ts';

export function apiRoutes(app: OpenAPIHono<Env>, { apis, apiGrants }: { apis: Apis; apiGrants: ApiGrants }): void {
  app.openapi(contract.listApis, async (c) => c.json(await apis.list(listOptions(c.req.url)), 200));
  app.openapi(contract.createApi, async (c) => c.json(await apis.create(actorOf(c), c.req.valid('json')), 201));
  app.openapi(contract.getApi, async (c) => c.json(await apis.get(c.req.valid('param').id), 200));
  app.openapi(contract.updateApi, async (c) =>
    c.json(await apis.rename(actorOf(c), c.req.valid('param').id, c.req.valid('json').name), 200),
  );
  app.openapi(contract.deleteApi, async (c) => {
    await apis.remove(actorOf(c), c.req.valid('param').id);
    return c.body(null, 204);
  });
  app.openapi(contract.setPermissions, async (c) =>
    c.json(await apis.setPermissions(actorOf(c), c.req.valid('param').id, c.req.valid('json').permissions), 200),
  );
  app.openapi(contract.setCimdAccess, async (c) => {
    const { enabled, permissionIds } = c.req.valid('json');
    return c.json(await apis.setCimdAccess(actorOf(c), c.req.valid('param').id, enabled, permissionIds ?? []), 200);
  });

  app.openapi(contract.clientsOfApi, async (c) => c.json(await apiGrants.clientsOf(c.req.valid('param').id, listOptions(c.req.url)), 200));
  app.openapi(contract.assignableClients, async (c) =>
    c.json(await apiGrants.clientsWithout(c.req.valid('param').id, listOptions(c.req.url)), 200),
  );
  app.openapi(contract.setGrant, async (c) => {
    const { id, clientId } = c.req.valid('param');
    return c.json(await apiGrants.set(actorOf(c), id, clientIdOf(clientId), c.req.valid('json')), 200);
  });
  app.openapi(contract.removeGrant, async (c) => {
    const { id, clientId } = c.req.valid('param');
    await apiGrants.remove(actorOf(c), id, clientIdOf(clientId));
    return c.body(null, 204);
  });
  app.openapi(contract.apisOfClient, async (c) => c.json(await apiGrants.apisOf(clientIdOf(c.req.valid('param').clientId)), 200));
  app.openapi(contract.assignableApis, async (c) =>
    c.json(await apiGrants.apisWithout(clientIdOf(c.req.valid('param').clientId), listOptions(c.req.url)), 200),
  );
}
