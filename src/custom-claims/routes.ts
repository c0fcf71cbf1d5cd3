import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import type { Env } from '#platform/http/context.ts';
import * as contract from './contract.ts';
import type { CustomClaims } from './service.ts';

export function customClaimRoutes(app: OpenAPIHono<Env>, { customClaims }: { customClaims: CustomClaims }): void {
  app.openapi(contract.claimSuggestions, async (c) => c.json(await customClaims.suggestions(), 200));
  app.openapi(contract.setUserClaims, async (c) =>
    c.json([...(await customClaims.setForUser(actorOf(c), c.req.valid('param').userId, c.req.valid('json')))], 200),
  );
  app.openapi(contract.setGroupClaims, async (c) =>
    c.json([...(await customClaims.setForGroup(actorOf(c), c.req.valid('param').userGroupId, c.req.valid('json')))], 200),
  );
}
