import { OpenAPIHono } from '@hono/zod-openapi';
import { type Credentials, createGuard } from '#access/guard.ts';
import { createAudit } from './audit/service.ts';
import type { Clock } from './platform/clock.ts';
import type { Config } from './platform/config.ts';
import type { Database } from './platform/db/open.ts';
import type { Env } from './platform/http/context.ts';
import { restError, validationFailed } from './platform/http/errors.ts';
import { AppError } from './platform/errors.ts';
import type { Log } from './platform/log.ts';
import type { Random } from './platform/random.ts';
import { createSeal } from './platform/seal.ts';
import { ROUTES } from './routes.ts';

export interface Deps {
  config: Config;
  database: Database;
  clock: Clock;
  random: Random;
  log: Log;
}

/** What the server knows of a request that `Request` cannot say. */
export interface Peer {
  address: string;
}

/** Puts config → platform → features → one handler together; the only file that knows everything. */
export async function createApp({ config, database, clock, random, log }: Deps) {
  const { db } = database;
  const seal = createSeal(config.encryptionKey);
  const audit = createAudit({ clock, random, locate: () => ({ country: '', city: '' }) });
  const secure = config.appUrl.startsWith('https:');
  const sessionCookie = secure ? '__Host-access_token' : 'access_token';

  const credentials: Credentials = { session: async () => undefined, apiKey: async () => undefined };
  const services = { audit, seal };

  const app = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw validationFailed(result.error.issues);
    },
  });
  app.use(async (c, next) => {
    const requestId = random.uuid();
    c.set('requestId', requestId);
    c.set('ip', ((c.env as { peer?: Peer } | undefined)?.peer?.address ?? '127.0.0.1').replace(/^::ffff:/, ''));
    c.set('userAgent', c.req.header('user-agent') ?? '');
    c.header('X-Request-ID', requestId);
    await next();
  });
  const guard = createGuard({ credentials, cookieName: sessionCookie });
  for (const row of ROUTES) app.on(row.method, row.path.replace(/\{(\w+)\}/g, ':$1'), guard(row.who));

  app.get('/healthz', (c) => c.body(null, 204));
  // Features register their routes here, each in one line.

  app.notFound((c) => restError(new AppError('not_found', { message: 'API endpoint not found' }), c, log));
  app.onError((cause, c) => restError(cause, c, log));

  return { fetch: app.fetch, request: app.request, app, services, close: () => database.close() };
}
export type App = Awaited<ReturnType<typeof createApp>>;
