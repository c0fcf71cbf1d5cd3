import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import { type Env, originOf } from '#platform/http/context.ts';
import { listOptions } from '#platform/http/contract.ts';
import { clientIdOf } from '../clients/contract.ts';
import * as contract from './contract.ts';
import type { Consents } from './service.ts';

export function consentRoutes(app: OpenAPIHono<Env>, { consents }: { consents: Consents }): void {
  app.openapi(contract.listMine, async (c) => c.json(await consents.authorized(actorOf(c).id, listOptions(c.req.url)), 200));
  app.openapi(contract.listOf, async (c) => c.json(await consents.authorized(c.req.valid('param').id, listOptions(c.req.url)), 200));
  app.openapi(contract.revokeMine, async (c) => {
    await consents.revoke(actorOf(c).id, clientIdOf(c.req.valid('param').clientId), originOf(c));
    return c.body(null, 204);
  });
  app.openapi(contract.listAccessible, async (c) => c.json(await consents.accessible(actorOf(c).id, listOptions(c.req.url)), 200));
}
