import { isIP, isIPv4 } from 'node:net';

/** Why a value cannot be used. The sentence follows the variable's name and never repeats the value, which may be a secret in the wrong place. */
export class ValueError extends Error {}

const refuse = (sentence: string): never => {
  throw new ValueError(sentence);
};

/** `1`, `t`, `true`, `0`, `f`, `false`, in any case. */
export function flag(text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true;
  return /^(0|f|false)$/i.test(text) ? false : refuse('must be true or false');
}

/** A whole number between two bounds, both included. */
export const whole = (least: number, most: number) => (text: string) => {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most ? number : refuse(`must be a whole number from ${least} to ${most}`);
};

/** One of a few words, in any case. */
export const oneOf =
  <const T extends string>(...words: T[]) =>
  (text: string): T =>
    words.find((word) => word === text.toLowerCase()) ?? refuse(`must be one of ${words.join(', ')}`);

/** An origin: lower case, no trailing slash; a path, query, fragment or user name is refused. */
export function origin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : refuse('must be a URL such as https://auth.example.com');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') refuse('must begin with https:// or http://');
  if (url.username || url.password) refuse('must not contain a user name or password');
  if (url.pathname !== '/') refuse('must not have a path: PocketID answers at the root of its host');
  if (url.search || url.hash || /[?#]/.test(text)) refuse('must not have a query or fragment');
  // No browser makes a passkey for such a host, and what is built from it (links, cookies, `iss`) would fit nowhere.
  if (!/^(\[[\da-f:.]+\]|[\w-]+(\.[\w-]+)*)$/.test(url.hostname)) refuse('must name one host, without a wildcard or a dot at the end');
  return url.origin.toLowerCase();
}

/** A PostgreSQL URL as it is, or the path of an SQLite file (`file:` and its query are taken off). */
export function database(text: string): string {
  if (/^postgres(ql)?:\/\//i.test(text))
    return URL.canParse(text) ? text : refuse('is not a valid PostgreSQL URL: encode special characters of the password');
  // Also `postgres:user@host/name`, whose slashes were forgotten, would be the name of a new and empty file.
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) && !/^file:/i.test(text))
    refuse('must be a postgres:// URL or the path of an SQLite file (./ before a name with a colon)');
  const path = text.replace(/^file:(\/\/)?/i, '').replace(/\?.*$/s, '');
  return path === '' || path.endsWith('/') ? refuse('must name a file') : path;
}

/** A secret of at least so many bytes, without line breaks or other control characters. */
export const secret = (leastBytes: number) => (text: string) => {
  // What a file holds that is no text: keys that differ would become the same.
  if (text.includes('\ufffd')) refuse('must be text in UTF-8: random bytes have to be written in base64 or hex');
  if (/\p{Cc}/u.test(text)) refuse('must not contain a line break or another control character');
  return Buffer.byteLength(text) >= leastBytes ? text : refuse(`must have at least ${leastBytes} bytes`);
};

/** `true`, `false`, or addresses and ranges separated by commas. Names are refused: they would need a look-up that can be forged. */
export function proxies(text: string): boolean | string[] {
  if (/^(1|t|true|0|f|false)$/i.test(text)) return flag(text);
  const list = text.split(',').map((part) => part.trim());
  for (const part of list) {
    const [address = '', bits, ...rest] = part.split('/');
    const version = isIP(address);
    const widest = version === 4 ? 32 : 128;
    if (version === 0 || rest.length > 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= widest)))
      refuse('must be true, false, or IP addresses and ranges (10.0.0.0/8) separated by commas; names are not accepted');
    // As a range of IPv6 it would be a range of every address, IPv4 or not.
    if (version === 6 && /^(?:0{0,4}:)+ffff:/i.test(address)) refuse('must name IPv4 addresses and ranges in their own form: 10.0.0.0/8');
    if (Number(bits) === 0) refuse('must not contain a range of every address: say true if every peer is a proxy of yours');
  }
  return list;
}

/** Where to listen: an address or a name without port. */
export const host = (text: string): string =>
  isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)
    ? text
    : refuse('must be an IP address or a host name, without scheme and port');

/** Whether browsers offer passkeys on this origin: they need https (or localhost) and a name rather than an address. */
export function passkeyTrouble(appUrl: string): string | undefined {
  const { protocol, hostname } = new URL(appUrl);
  const local = hostname === 'localhost' || hostname.endsWith('.localhost');
  if (isIPv4(hostname) || hostname.startsWith('[')) return 'is an IP address: browsers offer passkeys only for names';
  return protocol === 'http:' && !local ? 'is not https: browsers offer passkeys only over https (or on localhost)' : undefined;
}

/** The path of a file. */
export const path = (text: string): string => (text.endsWith('/') ? refuse('must name a file') : text);

/** An http(s) URL to fetch from, as it is. */
export const download = (text: string): string =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : refuse('must be a URL that begins with https:// or http://');

/** IPv6 networks separated by commas. */
export function ipv6Ranges(text: string): string[] {
  const list = text.split(',').map((part) => part.trim());
  for (const range of list) {
    const [address = '', bits, ...rest] = range.split('/');
    if (isIP(address) !== 6 || rest.length > 0 || !/^\d{1,3}$/.test(bits ?? '') || Number(bits) > 128)
      refuse('must be IPv6 networks such as 2001:db8:1::/48, separated by commas');
  }
  return list;
}
