import type { Hono } from 'hono';
import { AppError } from '../errors.ts';
import type { Ctx, Env } from './context.ts';
import { exchangeOf } from './exchange.ts';
import { honoPath, type Row } from './front-door.ts';
import { CORS } from './headers.ts';

const isApi = (path: string) => path.startsWith('/api/') || path === '/api' || path.startsWith('/.well-known/');
const patternOf = (path: string) =>
  new RegExp(
    `^${path
      .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
      .replace(/\{\w+\}/g, '[^/]+')
      .replace(/\\\*$/, '.*')}$`,
  );

/**
 * The answer where no route is: preflights of the routes with CORS, 405 with `Allow` where the path has other methods, Pocket ID's 404 below
 * `/api` and `/.well-known`, a redirect for a page's path with a slash too many, else `page`.
 */
export function unmatched({ rows, page }: { rows: readonly Row[]; page: (c: Ctx) => Response | Promise<Response> }) {
  const patterns = rows.map((row) => ({ row, pattern: patternOf(row.path) }));
  return (c: Ctx): Response | Promise<Response> => {
    const { path, method } = c.req;
    const here = patterns.filter(({ pattern }) => pattern.test(path)).map(({ row }) => row);
    if (method === 'OPTIONS' && here.some((row) => row.cors)) {
      exchangeOf(c).cors = true;
      return c.body(null, 204, CORS);
    }
    if (here.length > 0) {
      const methods = here.flatMap((row) => (row.method === 'get' ? ['GET', 'HEAD'] : [row.method.toUpperCase()]));
      c.header('Allow', [...new Set(methods), ...(here.some((row) => row.cors) ? ['OPTIONS'] : [])].join(', '));
      throw new AppError('method_not_allowed');
    }
    if (isApi(path)) return c.json({ error: 'API endpoint not found' }, 404);
    // One slash at the front: with two, or a backslash, a browser would take what follows for a host.
    if (path.length > 1 && path.endsWith('/')) return c.redirect(`/${path.replace(/^[/\\]+|\/+$/g, '')}${new URL(c.req.url).search}`, 301);
    return page(c);
  };
}

/** Routes that have no row: nobody may have decided who may call them. */
export function routesWithoutRow(app: Pick<Hono<Env>, 'routes'>, rows: readonly Row[]): string[] {
  const known = new Set(rows.map((row) => `${row.method.toUpperCase()} ${honoPath(row.path)}`));
  return [...new Set(app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`))].filter(
    (route) => !known.has(route),
  );
}
