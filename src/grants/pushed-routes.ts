import { ENDPOINTS } from '#oidc/discovery.ts';
import { pushedAuthorization } from '#oidc/par.ts';
import type { Clock } from '#platform/clock.ts';
import type { Endpoints } from '#platform/http/endpoints.ts';
import { form, noStore, oauth, type Refusals } from './oauth-http.ts';

interface Deps extends Refusals {
  engine: Parameters<typeof pushedAuthorization>[0];
  clock: Clock;
}

/** RFC 9126: the pushed authorization request endpoint. */
export function pushedRoutes(endpoints: Pick<Endpoints, 'add'>, { engine, clock, ...refusals }: Deps): void {
  endpoints.add(
    'post',
    ENDPOINTS.pushedAuthorization,
    oauth(refusals, async (call) => {
      const pushed = await pushedAuthorization(engine, form(call), call.header('authorization'), clock.now());
      return noStore(pushed, 201);
    }),
  );
}
