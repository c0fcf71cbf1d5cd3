import type { Ctx } from './context.ts';
import { exchangeOf } from './exchange.ts';

const CHANGES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** Whether a request of this method may change something. */
export const changes = (method: string): boolean => CHANGES.has(method);

/**
 * Whether a request that carries cookies came from a page of ours, or from no page at all. Browsers say it in `Sec-Fetch-Site`; those that do
 * not (plain http, old ones) send `Origin` with every request that is not a GET. Neither: a program, which no other site can misuse.
 */
export function fromOurPages(c: Ctx, origins: readonly string[]): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = c.req.header('origin');
  if (origin === undefined) return true;
  return origins.includes(origin) || origin === ownAddress(c);
}

/** The origin by which this request reached us, when it names an address rather than a name: an address can't be pointed at us by somebody else. */
function ownAddress(c: Ctx): string | undefined {
  const { protocol, host, hostname } = new URL(c.req.url);
  return protocol === 'http:' && isAddress(hostname) ? `http://${host}` : undefined;
}

/** An IP address as URLs write it, or this very machine. */
export const isAddress = (hostname: string): boolean =>
  hostname === 'localhost' || hostname.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(hostname);

/** `application/json` or `application/*+json`, with well-formed parameters and nothing else. */
const JSON_TYPE = /^application\/(?:[\w.!#$&^-]+\+)?json(?: ?; ?[\w-]+="?[\w.-]+"?)*$/i;

/**
 * Whether a body is declared as JSON. A form, text, or a request without a type could come from a page of another site without asking first, and
 * would be read as JSON all the same.
 */
export function declaresJson(c: Ctx): boolean {
  const type = c.req.header('content-type');
  return type === undefined ? !hasBody(c) : JSON_TYPE.test(type);
}

const hasBody = (c: Ctx): boolean => {
  const length = c.req.header('content-length');
  if (length !== undefined) return length !== '0';
  if (c.req.header('transfer-encoding') !== undefined) return true;
  // Over the wire one of the two headers announces every body; only a call within the process has neither.
  return !exchangeOf(c).served && c.req.raw.body !== null;
};
