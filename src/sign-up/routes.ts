import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '#platform/errors.ts';
import { type Env, originOf } from '#platform/http/context.ts';
import type { Cookies } from '../sessions/cookies.ts';
import type { User } from '../users/contract.ts';
import * as contract from './contract.ts';
import type { SetUp } from './set-up.ts';

interface Deps {
  setUp: SetUp;
  cookies: Cookies;
  /** The user as the REST API shows them. */
  showUser: (id: string) => Promise<User>;
}

export function signUpRoutes(app: OpenAPIHono<Env>, { setUp, cookies, showUser }: Deps) {
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
}
