import type { Hono } from 'hono';
import type { Log } from '../log.ts';
import { type Ctx, type Env, type Origin, originOf } from './context.ts';
import { restFailure } from './errors.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import type { Row } from './front-door.ts';

/** A request to a protocol endpoint as its handler sees it, whichever way it came. */
export interface Call {
  method: string;
  /** Without the query. */
  path: string;
  /** What stands behind the `?`; '' without one. */
  query: string;
  /** By its name in lower case; a header that was sent twice is joined by a comma. */
  header(name: string): string | undefined;
  /** '' without one. */
  body: string;
  /** The body is not UTF-8. */
  garbled?: boolean;
  origin: Origin;
}

export interface Reply {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

type Endpoint = (call: Call) => Promise<Reply>;

interface Deps {
  app: Hono<Env>;
  /** Rows of `routes.ts` whose handlers do what the front door does for others. */
  rows: readonly Row[];
  /** Runs before every handler, as it does before Hono's. */
  before: (ip: string) => Promise<void>;
  log: Log;
}

/**
 * The endpoints that applications call again and again: token, userinfo, introspection and the like. The server hands their requests straight to
 * the handler, since a `Request`, a `Response` and the way through the router cost more than finding a token does. The same handlers are
 * routes of the application, for calls within the process; whatever is not exactly one of these paths goes there too.
 */
export function protocolEndpoints({ app, rows, before, log }: Deps) {
  const known = new Map<string, { row: Row; endpoint: Endpoint }>();

  const answer = async (call: Call, endpoint: Endpoint): Promise<Reply> => {
    try {
      await before(call.origin.ip);
      return await endpoint(call);
    } catch (cause) {
      return restFailure(cause, { method: call.method, path: call.path, ...call.origin }, log);
    }
  };

  return {
    add(method: 'get' | 'post', path: string, endpoint: Endpoint): void {
      const row = rows.find((one) => one.method === method && one.path === path);
      if (!row?.crossSite || !row.anyBody || row.limit) throw new Error(`${method} ${path} is no row that the front door leaves alone`);
      known.set(`${method.toUpperCase()} ${path}`, { row, endpoint });
      app.on(method.toUpperCase(), path, async (c) => {
        const { status, headers, body } = await endpoint(await callOf(c));
        return new Response(body, { status, headers });
      });
    },

    /** The row of a path that is one of these. */
    rowAt: (method: string, path: string): Row | undefined => known.get(`${method} ${path}`)?.row,

    /** Answers a request that the server has read whole; undefined when its path is not one of these. */
    find(method: string, path: string): ((call: Call, exchange: Exchange) => Promise<Reply>) | undefined {
      const found = known.get(`${method} ${path}`);
      if (!found) return undefined;
      const { row, endpoint } = found;
      return (call, exchange) => {
        exchange.route = row.path;
        exchange.cors = row.cors;
        exchange.quiet = row.quiet;
        return answer(call, endpoint);
      };
    },
  };
}
export type Endpoints = ReturnType<typeof protocolEndpoints>;

const callOf = async (c: Ctx): Promise<Call> => {
  const { search } = new URL(c.req.url);
  return {
    method: c.req.method,
    path: c.req.path,
    query: search.slice(1),
    header: (name) => c.req.header(name),
    body: c.req.method === 'GET' ? '' : await c.req.text(),
    garbled: exchangeOf(c).garbled,
    origin: originOf(c),
  };
};
