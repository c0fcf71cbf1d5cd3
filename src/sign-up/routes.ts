import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf, readsInvitations } from '#access/actor.ts';
import { AppError } from '#platform/errors.ts';
import { type Env, originOf } from '#platform/http/context.ts';
import { listOptions } from '#platform/http/contract.ts';
import type { Cookies } from '../sessions/cookies.ts';
import type { User } from '../users/contract.ts';
import * as contract from './contract.ts';
import type { SignUps } from './service.ts';
import type { SetUp } from './set-up.ts';

interface Deps {
  setUp: SetUp;
  signUps: SignUps;
  cookies: Cookies;
  /** The user as the REST API shows them. */
  showUser: (id: string) => Promise<User>;
}

export function signUpRoutes(app: OpenAPIHono<Env>, { setUp, signUps, cookies, showUser }: Deps) {
  app.openapi(contract.setUpState, async (c) => {
    if (!(await setUp.isOpen())) throw new AppError('setup_not_available');
    return c.body(null, 204);
  });
  app.openapi(contract.setUp, async (c) => {
    const { secret: inBody, ...input } = c.req.valid('json');
    const secret = inBody ?? c.req.valid('header')['x-setup-secret'] ?? c.req.valid('query').secret;
    const { userId, value, maxAge } = await setUp.complete({ input, secret, origin: originOf(c), replaces: cookies.session.read(c) });
    cookies.session.set(c, value, maxAge);
    return c.json(await showUser(userId), 200);
  });

  app.openapi(contract.signUp, async (c) => {
    const { token, ...input } = c.req.valid('json');
    const asked = { input, token: token ?? undefined, origin: originOf(c), replaces: cookies.session.read(c) };
    const { userId, value, maxAge } = await signUps.signUp(asked);
    cookies.session.set(c, value, maxAge);
    return c.json(await showUser(userId), 201);
  });
  app.openapi(contract.createToken, async (c) => {
    const { ttl = 0, usageLimit, userGroupIds } = c.req.valid('json');
    return c.json(await signUps.createToken(actorOf(c), { ttl, usageLimit, userGroupIds: userGroupIds ?? [] }), 201);
  });
  app.openapi(contract.listTokens, async (c) => c.json(await signUps.listTokens(listOptions(c.req.url), readsInvitations(c)), 200));
  app.openapi(contract.removeToken, async (c) => {
    await signUps.removeToken(actorOf(c), c.req.valid('param').id);
    return c.body(null, 204);
  });
}
