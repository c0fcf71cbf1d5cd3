/** What is asked of a request before it may come in, whichever way it came. */
export interface Asked {
  method: string;
  /** By its name in lower case; a header that was sent twice is joined by a comma. */
  header(name: string): string | undefined;
  /** Begins with the scheme and the host by which it reached us. */
  url: string;
  /** It has a body that no header announces, as only a call within the process may have one. */
  unannounced?: boolean;
}

const CHANGES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** Whether a request of this method may change something. */
export const changes = (method: string): boolean => CHANGES.has(method);

/**
 * Whether a request that carries cookies came from a page of ours, or from no page at all. Browsers say it in `Sec-Fetch-Site`; those that do
 * not (plain http, old ones) send `Origin` with every request that is not a GET. Neither: a program, which no other site can misuse.
 */
export function fromOurPages(asked: Asked, origins: readonly string[]): boolean {
  const site = asked.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = asked.header('origin');
  if (origin === undefined) return true;
  return origins.includes(origin) || origin === ownAddress(asked);
}

/** The origin by which this request reached us, when it names an address rather than a name: an address can't be pointed at us by somebody else. */
function ownAddress({ url }: Asked): string | undefined {
  // Null where the Host only looked like an address (`999.1.1.1`): no page is at one.
  const reached = URL.parse(url);
  return reached?.protocol === 'http:' && isAddress(reached.hostname) ? `http://${reached.host}` : undefined;
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
export function declaresJson(asked: Asked): boolean {
  const type = asked.header('content-type');
  return type === undefined ? !hasBody(asked) : JSON_TYPE.test(type);
}

const hasBody = (asked: Asked): boolean => {
  const length = asked.header('content-length');
  if (length !== undefined) return length !== '0';
  return asked.header('transfer-encoding') !== undefined || asked.unannounced === true;
};
