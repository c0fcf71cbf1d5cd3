import { isAddress } from './cross-site.ts';

/** Bytes of a request target. */
const LONGEST = 8192;
const MOST_PARAMETERS = 100;

/** Segments or characters that a proxy in front may read in another way than we do: `..`, an encoded slash, a backslash, two slashes. */
const AMBIGUOUS = /\/\.{1,2}(?:\/|$)|%2e|%2f|%5c|%00|\\|\/\//i;

export type Target = { url: string } | { refuse: 400 | 414 | 421; why: string };

const refuse = (status: 400 | 414 | 421, why: string): Target => ({ refuse: status, why });

/** How many `&` may stand in a query or form before it is refused. */
export function tooManyParameters(text: string | Buffer): boolean {
  let found = 0;
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) if (++found >= MOST_PARAMETERS) return true;
  return false;
}

/**
 * Judges the request line and Host. Served are the host names of our own addresses, by any port, and IP addresses and localhost, by which health
 * checks and people on the same network reach the machine itself: nobody can make a name of theirs look like one of these.
 */
export function targetJudge(appUrls: readonly string[]): (target: string, host: string | undefined) => Target {
  const names = new Set(appUrls.map((url) => new URL(url).hostname));
  const isOurs = (host: string) => {
    const name = /^(\[[0-9a-f:.]+\]|[^:]+)(?::\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase();
    return name !== undefined && (names.has(name) || isAddress(name));
  };
  // A browser sends the same Host again and again.
  let lastGood = '';

  return (target, host) => {
    if (target.length > LONGEST) return refuse(414, 'the URL is too long');
    let url = target;
    if (target.charCodeAt(0) !== 47) {
      // RFC 9112 section 3.2.2: the host of an absolute target stands over the Host header; both must be ours.
      const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
      if (!absolute) return refuse(400, 'the request target is not a path');
      if (!isOurs(absolute[1] as string)) return refuse(421, 'this host is not served here');
      url = absolute[2]?.startsWith('/') ? absolute[2] : `/${absolute[2]}`;
    }
    const query = url.indexOf('?');
    if (AMBIGUOUS.test(query === -1 ? url : url.slice(0, query))) return refuse(400, 'the path is ambiguous');
    if (query !== -1 && tooManyParameters(url)) return refuse(400, 'there are too many parameters');
    if (host === undefined || host === '') return refuse(400, 'the Host header is missing');
    if (host !== lastGood) {
      // RFC 9112 section 3.2: two Host headers, which arrive here as one, are a bad request whatever they name.
      if (host.includes(',')) return refuse(400, 'there is more than one Host');
      if (url === '/healthz' || url === '/readyz') return { url };
      if (!isOurs(host))
        return refuse(421, 'this host is not served here: the proxy must pass on the Host header, or INTERNAL_APP_URL must name it');
      lastGood = host;
    }
    return { url };
  };
}
