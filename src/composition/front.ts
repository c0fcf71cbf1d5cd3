import { OpenAPIHono } from '@hono/zod-openapi';
import { type Credentials, createGuard } from '#access/guard.ts';
import { createRefusedCalls } from '../audit/refused-calls.ts';
import { sharedBuckets } from '../platform/db/shared-buckets.ts';
import type { Env } from '../platform/http/context.ts';
import { frontDoor } from '../platform/http/front-door.ts';
import { accepted } from '../platform/http/json-body.ts';
import { createRateLimits } from '../platform/http/rate-limits.ts';
import { RATE_LIMITS, type RateLimit, ROUTES } from '../routes.ts';
import type { Directory } from './directory.ts';
import type { Foundation } from './foundation.ts';

const credentialsOf = ({ sessions, apiKeys }: Directory): Credentials => ({
  session: async (value) => {
    const found = await sessions.find(value);
    if (!found) return undefined;
    const { session, user } = found;
    return {
      via: 'session',
      userId: user.id,
      username: user.username,
      role: user.role,
      session: { id: session.id, authTime: session.authTime, amr: session.amr },
    };
  },
  apiKey: apiKeys.find,
});

function limitsOf({ config, database, db, clock }: Foundation) {
  if (config.disableRateLimiting) return {};
  const { api: _, ...perPerson } = RATE_LIMITS;
  const rates = createRateLimits({
    buckets: RATE_LIMITS,
    clock: () => clock.now() * 1000,
    // The general one protects a process, so each counts for itself; the others protect people.
    shared: database.kind === 'postgres' ? { names: Object.keys(perPerson) as RateLimit[], store: sharedBuckets(db) } : undefined,
  });
  return {
    takeFrom: (bucket: string, ip: string) => rates.take(bucket as RateLimit, ip),
    /** Everything but pages counts in one bucket; the server asks before anything else is done. */
    admit: (path: string, ip: string) => (/^\/(?:api|authorize|\.well-known)(?:\/|$)/.test(path) ? rates.takeHere('api', ip) : undefined),
  };
}

/** The handler without its routes: names every request, knows who calls, holds back who may not. */
export function createFront(foundation: Foundation, directory: Directory) {
  const { config, db, clock, random, log, cookies, audit, places, locate, settings } = foundation;
  const { takeFrom, admit } = limitsOf(foundation);
  const app = new OpenAPIHono<Env>({
    defaultHook: (result) => void accepted(result),
  });
  const guard = createGuard({
    credentials: credentialsOf(directory),
    sessionCookie: cookies.session.read,
    onRefusal: createRefusedCalls({ db, clock, audit, log }),
  });
  const { appUrl, internalAppUrl } = config;
  const door = frontDoor({ rows: ROUTES, appUrl, internalAppUrl, guard, takeFrom, newRequestId: random.uuid });
  /** What every request waits for. */
  const before = async (ip: string) => {
    // The first visitor from outside waits until places are known, here, where nothing is held yet.
    if (!places.isSettled()) {
      locate(ip);
      await places.pending();
    }
    await settings.refresh();
  };
  app.use(door.name);
  app.use(async (c, next) => {
    await before(c.var.ip);
    await next();
  });
  app.use(door.check);
  return { app, admit, before, judge: door.judge };
}
export type Front = ReturnType<typeof createFront>;
