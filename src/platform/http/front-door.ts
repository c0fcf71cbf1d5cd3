import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { AppError } from '../errors.ts';
import type { Ctx, Env } from './context.ts';
import { type Asked, changes, declaresJson, fromOurPages } from './cross-site.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import { CORS, securityHeaders } from './headers.ts';

/** What the door knows of a route. */
export interface Row {
  method: string;
  /** `/api/users/{id}` */
  path: string;
  /** The guard asks nobody who they are. */
  anybody?: boolean;
  /** Answers are for pages of any origin; preflights are answered. */
  cors?: boolean;
  /** Other sites may post here with a person's cookies: the handler has its own defence. */
  crossSite?: boolean;
  /** The body is a file or a form, not JSON. */
  anyBody?: boolean;
  /** Requests are not logged. */
  quiet?: boolean;
  /** The bucket that requests are counted in. */
  limit?: string;
}

/** `/api/users/{id}` as Hono writes it. */
export const honoPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

interface Deps<R extends Row> {
  rows: readonly R[];
  appUrl: string;
  internalAppUrl: string;
  /** Who may come in: runs last, before the handler. */
  guard: (row: R) => MiddlewareHandler<Env>;
  /** Seconds to wait when the bucket is empty. Absent: no limits. */
  takeFrom?: (bucket: string, ip: string) => Promise<number | undefined>;
  newRequestId: () => string;
}

const askedOf = (c: Ctx, { served }: Exchange): Asked => ({
  method: c.req.method,
  header: (name) => c.req.header(name),
  url: c.req.url,
  // Over the wire a header announces every body.
  unannounced: !served && c.req.raw.body !== null,
});

/**
 * Two middlewares for every request. The first names the request and gives the answer the headers its handler did not choose; the second finds the
 * route's row and refuses what the row does not allow. A route without a row is refused, and stops the start before that (`routesWithoutRow`).
 * What goes around them (`endpoints.ts`) is judged by the same rules.
 */
export function frontDoor<R extends Row>({ rows, appUrl, internalAppUrl, guard, takeFrom, newRequestId }: Deps<R>) {
  const secure = appUrl.startsWith('https:');
  const closed = Object.entries(securityHeaders({ secure }));
  const open = [...Object.entries(securityHeaders({ secure, crossOrigin: true })), ...Object.entries(CORS)];
  const byRoute = new Map(rows.map((row) => [`${row.method.toUpperCase()} ${honoPath(row.path)}`, { row, guard: guard(row) }]));
  const origins = [appUrl, internalAppUrl];

  const rowOf = (c: Ctx) => {
    // The route that Hono will really run, so that no reading of the path but its own decides who may come in.
    const route = matchedRoutes(c).find(({ method }) => method !== 'ALL');
    if (!route) return undefined;
    const found = byRoute.get(`${route.method} ${route.path}`);
    if (!found) throw new Error(`the route ${route.method} ${route.path} has no row`);
    return found;
  };

  const name: MiddlewareHandler<Env> = async (c, next) => {
    const exchange = exchangeOf(c);
    exchange.requestId ??= newRequestId();
    c.set('requestId', exchange.requestId);
    c.set('ip', exchange.ip);
    c.set('userAgent', c.req.header('user-agent') ?? '');
    await next();
    // The server adds them itself, while it writes the head.
    if (exchange.served) return;
    const { headers } = c.res;
    headers.set('X-Request-ID', exchange.requestId);
    for (const [key, value] of exchange.cors ? open : closed) if (!headers.has(key)) headers.set(key, value);
  };

  /** Refuses what the row does not allow, whoever asks. */
  const judge = async (row: Row, asked: Asked, exchange: Exchange): Promise<void> => {
    if (row.limit && takeFrom) {
      const wait = await takeFrom(row.limit, exchange.ip);
      if (wait !== undefined) throw new AppError('rate_limited', { retryAfter: wait });
    }
    // Where other sites may post, the handler has its own defence, and an answer of its own to a garbled body.
    if (row.crossSite || !changes(asked.method)) return;
    // Also without cookies: SameSite keeps ours from such a request, and it could still sign the browser in as somebody else.
    const fromBrowser = asked.header('cookie') !== undefined || asked.header('sec-fetch-site') !== undefined;
    if (fromBrowser && !fromOurPages(asked, origins)) throw new AppError('cross_site_request');
    if (exchange.garbled) throw new AppError('invalid_request_body');
    if (!row.anyBody && row.path.startsWith('/api/') && !declaresJson(asked)) throw new AppError('invalid_request_body');
  };

  const check: MiddlewareHandler<Env> = async (c, next) => {
    const found = rowOf(c);
    if (!found) return next();
    const { row } = found;
    const exchange = exchangeOf(c);
    exchange.route = row.path;
    exchange.cors = row.cors;
    exchange.quiet = row.quiet;
    await judge(row, askedOf(c, exchange), exchange);
    return found.guard(c, next);
  };

  return { name, check, judge };
}
