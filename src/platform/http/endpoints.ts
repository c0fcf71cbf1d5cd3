import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ZodType, z } from 'zod';
import type { Log } from '../log.ts';
import { type Ctx, type Env, type Origin, originOf } from './context.ts';
import type { Asked } from './cross-site.ts';
import { restFailure } from './errors.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import type { Row } from './front-door.ts';
import { readJson } from './json-body.ts';

/** A request to one of these endpoints as its handler sees it, whichever way it came. */
export interface Call extends Asked {
  /** Without the query. */
  path: string;
  /** What stands behind the `?`; '' without one. */
  query: string;
  /** '' without one. */
  body: string;
  /** The body is not UTF-8. */
  garbled?: boolean;
  origin: Origin;
  /** Adds a `Set-Cookie` header to the answer, also when that becomes a failure. */
  setCookie(line: string): void;
}

export interface Reply {
  status: number;
  /** The same object again and again where they are the same: the server keeps what it made of it. */
  headers: Readonly<Record<string, string>>;
  body: string;
}

type Endpoint = (call: Call) => Promise<Reply>;

type Json<T extends ZodType> = { content: { 'application/json': { schema: T } } };
/** The contract of an operation that takes JSON, reads nothing else of the request by its contract, and answers 200. */
type Operation<Body extends ZodType, Answer extends ZodType> = RouteConfig & {
  method: 'post';
  middleware?: undefined;
  request: { body: Json<Body>; params?: undefined; query?: undefined; headers?: undefined; cookies?: undefined };
  responses: { 200: Json<Answer> };
};

interface Deps {
  app: OpenAPIHono<Env>;
  rows: readonly Row[];
  /** Runs before every handler, as it does before Hono's. */
  before: (ip: string) => Promise<void>;
  /** Refuses what the row does not allow, as the front door does for Hono's. */
  judge: (row: Row, asked: Asked, exchange: Exchange) => Promise<void>;
  log: Log;
}

const JSON_HEADERS = { 'Content-Type': 'application/json' };

/**
 * The endpoints that are called again and again: token, userinfo, introspection and the like, and the end of a sign-in. The server hands their
 * requests straight to the handler, since a `Request`, a `Response` and the way through the router cost more than finding a token does. The same
 * handlers are routes of the application, for calls within the process; whatever is not exactly one of these paths goes there too.
 */
export function directEndpoints({ app, rows, before, judge, log }: Deps) {
  const known = new Map<string, { row: Row; endpoint: Endpoint }>();

  const answer = async (row: Row, call: Call, exchange: Exchange, endpoint: Endpoint): Promise<Reply> => {
    try {
      await before(call.origin.ip);
      await judge(row, call, exchange);
      return await endpoint(call);
    } catch (cause) {
      return restFailure(cause, { method: call.method, path: call.path, ...call.origin }, log);
    }
  };

  /** An endpoint that answers as it likes. Throws when its row has the guard ask who calls: nobody would ask a request that goes around it. */
  const add = (method: 'get' | 'post', path: string, endpoint: Endpoint): void => {
    const row = rows.find((one) => one.method === method && one.path === path);
    if (!row?.anybody) throw new Error(`${method} ${path} is no row that lets anybody in`);
    known.set(`${method.toUpperCase()} ${path}`, { row, endpoint });
    app.on(method.toUpperCase(), path, async (c) => {
      const { status, headers, body } = await endpoint(await callOf(c));
      // Through the context, which has the cookies.
      return c.body(body, status as ContentfulStatusCode, headers);
    });
  };

  return {
    add,

    /** An operation of the API, read, answered and documented by its contract. */
    addOperation<B extends ZodType, A extends ZodType>(
      contract: Operation<B, A>,
      handler: (call: Call, body: z.output<B>) => Promise<z.input<A>>,
    ): void {
      const { schema } = contract.request.body.content['application/json'];
      app.openAPIRegistry.registerPath(contract);
      add(contract.method, contract.path, async (call) => {
        const body = JSON.stringify(await handler(call, readJson(call, schema)));
        return { status: 200, headers: JSON_HEADERS, body };
      });
    },

    /** The row of a path that is an endpoint of the protocol, whose refusals have a form of their own. */
    protocolRow(method: string, path: string): Row | undefined {
      const row = known.get(`${method} ${path}`)?.row;
      return row?.crossSite ? row : undefined;
    },

    /** Answers a request that the server has read whole; undefined when its path is not one of these. */
    find(method: string, path: string): ((call: Call, exchange: Exchange) => Promise<Reply>) | undefined {
      const found = known.get(`${method} ${path}`);
      if (!found) return undefined;
      const { row, endpoint } = found;
      return (call, exchange) => {
        exchange.route = row.path;
        exchange.cors = row.cors;
        exchange.quiet = row.quiet;
        return answer(row, call, exchange, endpoint);
      };
    },
  };
}
export type Endpoints = ReturnType<typeof directEndpoints>;

const callOf = async (c: Ctx): Promise<Call> => {
  const { search } = new URL(c.req.url);
  return {
    method: c.req.method,
    url: c.req.url,
    path: c.req.path,
    query: search.slice(1),
    header: (name) => c.req.header(name),
    body: c.req.method === 'GET' ? '' : await c.req.text(),
    garbled: exchangeOf(c).garbled,
    origin: originOf(c),
    setCookie: (line) => c.header('Set-Cookie', line, { append: true }),
  };
};
