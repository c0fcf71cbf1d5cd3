import { lookup as dnsLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Whatever went wrong outside, callers learn only this: what a private network answers must not be told apart (ASVS 1.3.6). */
export class FetchRefused extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'FetchRefused';
  }
}

/** The answer of a public server had more than `maxBytes`. */
export class FetchTooLarge extends FetchRefused {
  constructor() {
    super('the answer is too large');
    this.name = 'FetchTooLarge';
  }
}

export interface FetchLimits {
  maxBytes: number;
  /** For everything together: name, connection, headers, body, redirects. */
  timeoutMs?: number;
  accept?: string;
  /** How many redirects are followed; three by default. */
  redirects?: number;
}
export interface Fetched {
  /** Media type without parameters, lower case; '' when none was sent. */
  type: string;
  bytes: Buffer;
  headers: IncomingMessage['headers'];
}
export type PublicFetch = (url: string, limits: FetchLimits) => Promise<Fetched>;

const REDIRECTS = 3;
const PRIVATE = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;
const PRIVATE6 = [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
] as const;

// IPv4-mapped IPv6 addresses are looked up among the IPv4 ranges by BlockList itself.
const blocked = new BlockList();
for (const [net, bits] of PRIVATE) blocked.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of PRIVATE6) blocked.addSubnet(net, bits, 'ipv6');

/** Whether an address is on the public internet: not loopback, private, link-local, carrier-grade, documentation, multicast or a tunnel to such. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !blocked.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * GET for addresses that came from outside (logos, key sets, client documents). The name is resolved once, every answer has to be public, and the
 * connection goes to the very address that was checked, so a name that changes its mind gains nothing. Ports 80 and 443, three redirects, each
 * checked anew, no compression. `allowedHosts` may be private: an operator named them. Throws FetchRefused for anything but a 200, FetchTooLarge for
 * too much of one.
 */
export function createPublicFetch({
  allowedHosts = [],
  defaultTimeoutMs = 5000,
  lookup = dnsLookup,
}: {
  allowedHosts?: readonly string[];
  defaultTimeoutMs?: number;
  /** Who says where a name leads; tests have names of their own. */
  lookup?: (
    hostname: string,
    options: LookupAllOptions,
    callback: (cause: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
  ) => void;
} = {}): PublicFetch {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));

  const checkedLookup =
    (mayBePrivate: boolean): LookupFunction =>
    (hostname, options, callback) =>
      lookup(hostname, { ...options, all: true }, (cause, addresses) => {
        if (cause) return callback(cause, '', 0);
        if (!mayBePrivate && !addresses.every(({ address }) => isPublicAddress(address)))
          return callback(new FetchRefused('the name leads to a private address'), '', 0);
        const first = addresses[0];
        if (!first) return callback(new FetchRefused('the name has no address'), '', 0);
        if (options.all) callback(null, [first]);
        else callback(null, first.address, first.family);
      });

  const target = (text: string, base?: URL): { url: URL; mayBePrivate: boolean } => {
    const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
    if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) throw new FetchRefused('the address is no http(s) URL');
    const mayBePrivate = allowed.has(url.hostname) || allowed.has(url.host);
    if (!mayBePrivate && url.port !== '') throw new FetchRefused('the port is not allowed');
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (!mayBePrivate && isIP(literal) && !isPublicAddress(literal)) throw new FetchRefused('the address is private');
    if (!mayBePrivate && /(^|\.)(localhost|localdomain|local|lan|home|internal|intranet|private|home\.arpa)\.?$/.test(url.hostname))
      throw new FetchRefused('the name is private');
    return { url, mayBePrivate };
  };

  const get = ({ url, mayBePrivate }: ReturnType<typeof target>, accept: string, signal: AbortSignal) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const headers = { accept, 'accept-encoding': 'identity', 'user-agent': 'PocketID' };
      request(url, { lookup: checkedLookup(mayBePrivate), headers, signal, agent: false, maxHeaderSize: 16_384 }, resolve)
        .on('error', reject)
        .end();
    });

  const body = async (answer: IncomingMessage, maxBytes: number): Promise<Buffer> => {
    if (Number(answer.headers['content-length'] ?? 0) > maxBytes) throw new FetchTooLarge();
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw new FetchTooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  };

  return async (text, { maxBytes, timeoutMs = defaultTimeoutMs, accept = '*/*', redirects = REDIRECTS }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    let answer: IncomingMessage | undefined;
    try {
      let next = target(text);
      for (let hop = 0; hop <= redirects; hop++) {
        answer = await get(next, accept, signal);
        const location = answer.headers.location;
        if (answer.statusCode !== undefined && answer.statusCode >= 300 && answer.statusCode < 400 && location) {
          answer.destroy();
          next = target(location, next.url);
          continue;
        }
        if (answer.statusCode !== 200) throw new FetchRefused(`the answer was ${answer.statusCode}`);
        if (answer.headers['content-encoding']) throw new FetchRefused('the answer is compressed');
        const type = (answer.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
        return { type, bytes: await body(answer, maxBytes), headers: answer.headers };
      }
      throw new FetchRefused('too many redirects');
    } catch (cause) {
      throw cause instanceof FetchRefused ? cause : new FetchRefused(cause instanceof Error ? cause.message : String(cause));
    } finally {
      answer?.destroy();
    }
  };
}
