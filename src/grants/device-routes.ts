import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { deviceAuthorization } from '#oidc/device.ts';
import { ENDPOINTS } from '#oidc/discovery.ts';
import type { TokenDeps } from '#oidc/grants/shared.ts';
import { scopeInfo } from '#oidc/shown-scopes.ts';
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Env, originOf } from '#platform/http/context.ts';
import { answer, problems } from '#platform/http/contract.ts';
import type { Endpoints } from '#platform/http/endpoints.ts';
import { ClientMeta } from '../clients/contract.ts';
import type { Cookies } from '../sessions/cookies.ts';
import type { DevicesService } from './device-service.ts';
import { form, noStore, oauth, type Refusals } from './oauth-http.ts';

const DeviceInfo = z
  .object({
    scope: z.array(z.string()),
    scopeInfo: z.array(z.object({ key: z.string(), name: z.string(), description: z.string().optional() })),
    authorizationRequired: z.boolean(),
    reauthenticationRequired: z.boolean(),
    client: ClientMeta,
  })
  .openapi('DeviceInfo');

const code = { query: z.object({ code: z.string().min(1) }) };
const refusals = ['not_signed_in', 'oidc_access_denied', 'oidc_invalid_device_code', 'rate_limited'] as const;
const getInfo = createRoute({
  method: 'get',
  path: '/api/oidc/device/info',
  tags: ['Device authorization'],
  summary: 'Which device asks, and for what',
  request: code,
  responses: { 200: answer(DeviceInfo), ...problems(...refusals) },
});
const verify = createRoute({
  method: 'post',
  path: '/api/oidc/device/verify',
  tags: ['Device authorization'],
  summary: 'Let a device in',
  request: code,
  responses: { 204: { description: 'The device is let in' }, ...problems('reauthentication_required', ...refusals) },
});
const deny = createRoute({
  method: 'post',
  path: '/api/oidc/device/deny',
  tags: ['Device authorization'],
  summary: 'Refuse a device',
  request: code,
  responses: { 204: { description: 'The device was told no' }, ...problems(...refusals) },
});

interface Deps extends Refusals {
  endpoints: Pick<Endpoints, 'add'>;
  engine: TokenDeps & Parameters<typeof deviceAuthorization>[0];
  devices: DevicesService;
  clock: Clock;
  cookies: Pick<Cookies, 'session' | 'reauthentication'>;
  metaOf(clientId: string): Promise<ClientMeta>;
}

/** RFC 8628: the device's endpoint, and what the person's browser asks and answers. */
export function deviceRoutes(app: OpenAPIHono<Env>, { endpoints, engine, devices, clock, cookies, metaOf, ...refused }: Deps): void {
  endpoints.add(
    'post',
    ENDPOINTS.deviceAuthorization,
    oauth(refused, async (call) => {
      const { origin } = call;
      return noStore(await deviceAuthorization(engine, form(call), call.header('authorization'), { now: clock.now(), origin }));
    }),
  );

  const answerer = (c: Ctx, userCode: string) => {
    const session = cookies.session.read(c);
    if (session === undefined) throw new AppError('not_signed_in');
    return { session, userCode };
  };

  app.openapi(getInfo, async (c) => {
    const view = await devices.view(answerer(c, c.req.valid('query').code), originOf(c));
    return c.json(
      {
        scope: view.scopes,
        scopeInfo: scopeInfo(view.shown),
        authorizationRequired: view.authorizationRequired,
        reauthenticationRequired: view.reauthenticationRequired,
        client: await metaOf(view.client.id),
      },
      200,
    );
  });
  app.openapi(verify, async (c) => {
    await devices.approve(answerer(c, c.req.valid('query').code), cookies.reauthentication.read(c), originOf(c));
    return c.body(null, 204);
  });
  app.openapi(deny, async (c) => {
    await devices.deny(answerer(c, c.req.valid('query').code), originOf(c));
    return c.body(null, 204);
  });
}
