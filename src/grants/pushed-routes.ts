import type { OpenAPIHono } from '@hono/zod-openapi';
import { ENDPOINTS } from '#oidc/discovery.ts';
import { pushedAuthorization } from '#oidc/par.ts';
import type { Clock } from '#platform/clock.ts';
import type { Env } from '#platform/http/context.ts';
import { form, noStore, oauth, type Refusals } from './oauth-http.ts';

interface Deps extends Refusals {
  engine: Parameters<typeof pushedAuthorization>[0];
  clock: Clock;
}

/** RFC 9126: the pushed authorization request endpoint. */
export function pushedRoutes(app: OpenAPIHono<Env>, { engine, clock, ...refusals }: Deps): void {
  app.post(
    ENDPOINTS.pushedAuthorization,
    oauth(refusals, async (c) => {
      const pushed = await pushedAuthorization(engine, await form(c), c.req.header('authorization'), clock.now());
      return noStore(pushed, 201);
    }),
  );
}
