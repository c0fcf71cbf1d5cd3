import type { Context } from 'hono';

/** One request, as the server and the application tell each other of it. Beyond the server (in `app.request()`), a fresh one takes its place. */
export interface Exchange {
  /** The client's address after TRUST_PROXY was applied. */
  ip: string;
  requestId?: string;
  /** The request came through our server, not from `app.request()`. */
  served?: boolean;
  /** Asked with HEAD; the application sees a GET. */
  head?: boolean;
  /** The answer is for pages of any origin. */
  cors?: boolean;
  /** The pattern of the route that answers, for the request log. */
  route?: string;
  /** Why the request was refused, a code. */
  reason?: string;
  /** The body is no file and not UTF-8: what it says is not known. Whoever reads it refuses it. */
  garbled?: boolean;
  /** No line in the request log. */
  quiet?: boolean;
  /** For so many seconds the answer is the same for everybody: the server may give it again without asking. */
  shareSeconds?: number;
}

/** The request's exchange; the same object from the first middleware to the last line. */
export function exchangeOf(c: Context): Exchange {
  // `app.request()` brings no `env`.
  c.env ??= {};
  const env = c.env as { exchange?: Exchange };
  env.exchange ??= { ip: '127.0.0.1' };
  return env.exchange;
}

/**
 * Marks the answer of a GET as the same for everybody for `seconds`: the server keeps it and gives it again without running a handler. Only for
 * documents that depend on nothing in the request but its path: no cookie, no header, no query.
 */
export function shareAnswer(c: Context, seconds: number): void {
  exchangeOf(c).shareSeconds = seconds;
}

/** The path as a log may show it: where the route's own pattern has a `{token}` or `{code}`, that pattern instead, since such a path is a secret. */
export function loggedPath(c: Context): string {
  const { route } = exchangeOf(c);
  return route !== undefined && /\{(?:token|code|secret)\}/.test(route) ? route : c.req.path;
}
