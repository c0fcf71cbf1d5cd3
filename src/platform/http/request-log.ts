import type { IncomingMessage } from 'node:http';
import type { Log } from '../log.ts';
import { shortId } from './context.ts';
import type { Exchange } from './exchange.ts';

/** Ends of the names of parameters whose values sign somebody in, or are personal: `user_code`, `id_token_hint`, `logout_hint`, `request_uri`. */
const SECRET_PARAMETER = /(?:code|token|secret|password|key|hint|assertion|verifier|nonce|state|request|request_uri|jwt)$/i;

/** The name as the application will read it: `c%6Fde` is `code`. */
function nameOf(pair: string): string {
  try {
    return decodeURIComponent(pair.split('=', 1)[0]!.replaceAll('+', ' '));
  } catch {
    // Nobody knows what it says.
    return 'secret';
  }
}

const masked = (query: string): string =>
  query
    .split('&')
    .map((pair) => (pair.includes('=') && SECRET_PARAMETER.test(nameOf(pair).trim()) ? `${pair.slice(0, pair.indexOf('='))}=…` : pair))
    .join('&');

/** The origin of a referring page: its path may hold a code. */
const originOnly = (referer: string | undefined): string | undefined =>
  referer === undefined ? undefined : /^https?:\/\/[^/?#]{1,300}/.exec(referer)?.[0];

/**
 * Such a beginning in every spelling: `//lc/` of somebody who joined it to an address with a slash, `/LC/`, an absolute address. A code that came to
 * nothing there still works.
 */
function beginningOf(paths: readonly string[]): RegExp | undefined {
  if (paths.length === 0) return undefined;
  const spellings = paths.map((path) => path.replaceAll('/', '/+'));
  return new RegExp(`^(?:https?://[^/]*)?(?:${spellings.join('|')})(?=.)`, 'i');
}

/** `/%6cc/` is `/lc/` (RFC 3986 section 6.2.2.2). */
const spelt = (path: string): string =>
  path.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

interface Options {
  log: Log;
  logQueryArgs: boolean;
  /** What a path begins with when the rest of it is a secret: `/lc/`. */
  secretPaths: readonly string[];
}

/** Writes the one line of each request. A server's failure is an `error`; a refusal has its own line, told by whoever refused. */
export function requestLog({ log, logQueryArgs, secretPaths }: Options) {
  const beginning = beginningOf(secretPaths);
  const shown = (path: string) => {
    const prefix = beginning?.exec(path.includes('%') ? spelt(path) : path)?.[0];
    return prefix === undefined ? path : `${prefix}…`;
  };
  return (
    incoming: IncomingMessage,
    url: string,
    exchange: Exchange,
    status: number,
    milliseconds: number,
    size: string | number | undefined,
  ): void => {
    if (exchange.quiet && status < 500) return;
    const query = url.indexOf('?');
    const fields = {
      request_id: exchange.requestId,
      // Any page that says no may show it, and somebody will look for it.
      ref: status >= 400 && exchange.requestId !== undefined ? shortId(exchange.requestId) : undefined,
      status,
      method: exchange.head ? 'HEAD' : incoming.method,
      path: shown(query === -1 ? url : url.slice(0, query)),
      query: logQueryArgs && query !== -1 ? masked(url.slice(query + 1)) : undefined,
      route: exchange.route,
      ip: exchange.ip,
      latency: `${milliseconds.toFixed(2)}ms`,
      referer: originOnly(incoming.headers.referer),
      user_agent: incoming.headers['user-agent'],
      body_size: size,
      reason: exchange.reason,
    };
    if (status >= 500) log.error('HTTP request completed with an error', fields);
    else if (status === 429) log.warn('HTTP request completed', fields);
    else log.info('HTTP request completed', fields);
  };
}
