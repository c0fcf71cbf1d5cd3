import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import { type Env, originOf } from '#platform/http/context.ts';
import type { Cookies } from '../sessions/cookies.ts';
import type { User } from '../users/contract.ts';
import * as contract from './contract.ts';
import type { OneTimeCodes } from './service.ts';

interface Deps {
  oneTimeCodes: OneTimeCodes;
  cookies: Cookies;
  /** The user as the REST API shows them. */
  showUser: (id: string) => Promise<User>;
}

export function oneTimeCodeRoutes(app: OpenAPIHono<Env>, { oneTimeCodes, cookies, showUser }: Deps) {
  app.openapi(contract.issueCode, async (c) => {
    const { ttl } = c.req.valid('json') ?? {};
    return c.json({ token: await oneTimeCodes.issue(actorOf(c), c.req.valid('param').id, ttl ?? undefined) }, 201);
  });
  app.openapi(contract.redeemCode, async (c) => {
    const typed = c.req.valid('param').token;
    const { userId, value, maxAge } = await oneTimeCodes.redeem({ typed, origin: originOf(c), replaces: cookies.session.read(c) });
    cookies.session.set(c, value, maxAge);
    return c.json(await showUser(userId), 200);
  });
}
