import { isLoopbackHost, isPrivateHost } from './private-host.ts';

export interface UriPolicy {
  /** ALLOW_INSECURE_CALLBACK_URLS: plain http on public hosts too. */
  allowInsecure: boolean;
}

const MAX_LENGTH = 2048;
/** Schemes that a browser runs, reads from disk, or that name no application. */
const FORBIDDEN_SCHEMES = new Set(['javascript', 'data', 'vbscript', 'file', 'blob', 'about', 'filesystem', 'view-source']);
/** What we add to a redirect URI: a registered URI that has one already would make the answer ambiguous. */
export const RESPONSE_PARAMETERS = [
  'code',
  'state',
  'iss',
  'error',
  'error_description',
  'error_uri',
  'id_token',
  'access_token',
  'response',
];

interface Parts {
  /** Lower case; `*` stands for http and https. */
  scheme: string;
  /** Undefined for `scheme:path` without an authority. */
  authority: { user: string; password: string; host: string; port: string } | undefined;
  path: string;
  query: string | undefined;
}

/** A registered pattern in its components; its fragment is ignored. Undefined when it has not the form of a URI. */
function split(pattern: string): Parts | undefined {
  const outer = /^([a-z][a-z0-9+.-]*\*?|\*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/i.exec(pattern);
  if (!outer) return undefined;
  const [, scheme = '', rawAuthority, path = '', query] = outer;
  const inner =
    rawAuthority === undefined ? undefined : /^(?:([^@:]*)(?::([^@]*))?@)?(\[[^\]]*\]|[^:@[\]]*)(?::([\d*]*))?$/.exec(rawAuthority);
  if (inner === null) return undefined;
  const [, user = '', password = '', host = '', port = ''] = inner ?? [];
  const named = scheme.toLowerCase();
  return {
    scheme: named === 'http*' ? '*' : named,
    authority: inner && { user, password, host: host.toLowerCase(), port },
    path,
    query,
  };
}

const isWeb = (scheme: string) => scheme === '*' || scheme === 'http' || scheme === 'https';
/** Whether a pattern is more than one literal URI. In a query `?` and `[…]` are wildcards too. */
export const isGlob = (pattern: string) => pattern.includes('*') || /\?.*[?[]/.test(pattern);
const isNumericHost = (host: string) => /^\d[\d.*]*$/.test(host);

/** One position of a glob: which characters, and whether any number of them. */
interface Token {
  accepts: (char: string) => boolean;
  repeats: boolean;
}
const exactly = (char: string): Token => ({ accepts: (other) => other === char, repeats: false });
const anyRun = (accepts: Token['accepts']): Token => ({ accepts, repeats: true });

/** Follows all readings of the glob at once, so that no input makes it slow: time is the product of both lengths. */
function globMatches(tokens: readonly Token[], text: string): boolean {
  const skipRuns = (states: Set<number>) => {
    for (const state of states) if (tokens[state]?.repeats) states.add(state + 1);
    return states;
  };
  let states = skipRuns(new Set([0]));
  for (const char of text) {
    const next = new Set<number>();
    for (const state of states) {
      const token = tokens[state];
      if (token?.accepts(char)) next.add(token.repeats ? state : state + 1);
    }
    states = skipRuns(next);
    if (states.size === 0) return false;
  }
  return states.has(tokens.length);
}

const simpleGlob = (pattern: string, accepts: Token['accepts']) =>
  [...pattern].map((char) => (char === '*' ? anyRun(accepts) : exactly(char)));

const notSlash = (char: string) => char !== '/';

/** `**` is anything, `*` one or more characters of one segment. */
function pathTokens(pattern: string): Token[] {
  return pattern
    .split(/(\*+)/)
    .flatMap((part) =>
      part === '*'
        ? [{ accepts: notSlash, repeats: false }, anyRun(notSlash)]
        : part.startsWith('*')
          ? [anyRun(() => true)]
          : [...part].map(exactly),
    );
}

/** What stands between brackets: characters and ranges. One that runs backwards has nothing in it. */
function oneOf(members: string): Token['accepts'] {
  const ranges = [...members.matchAll(/(.)-(.)|./gs)].map(([one, from = one, to = one]) => ({ from, to }));
  return (char) => ranges.some(({ from, to }) => from <= char && char <= to);
}

/** Shell style: `*`, `?` and `[…]`, none of which crosses a slash. */
function queryTokens(pattern: string): Token[] {
  return [...pattern.matchAll(/\[(\^?)([^\]]+)\]|./gs)].map(([whole, negated, members]) => {
    if (members !== undefined) {
      const isMember = oneOf(members);
      return { accepts: (char: string) => char !== '/' && isMember(char) === (negated === ''), repeats: false };
    }
    return whole === '*' ? anyRun(notSlash) : whole === '?' ? { accepts: notSlash, repeats: false } : exactly(whole);
  });
}

const pairs = (query: string) =>
  query.split('&').map((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? { key: pair, value: '' } : { key: pair.slice(0, at), value: pair.slice(at + 1) };
  });

/** The same keys, each as often, in any order of keys. */
function queryMatches(pattern: string | undefined, query: string): boolean {
  if (pattern === undefined) return query === '';
  if (query === '') return false;
  const wanted = pairs(pattern);
  const given = pairs(query.slice(1));
  if (wanted.length !== given.length) return false;
  return wanted.every(({ key, value }, i) => {
    const nth = wanted.slice(0, i).filter((pair) => pair.key === key).length;
    const counterpart = given.filter((pair) => pair.key === key)[nth];
    return counterpart !== undefined && globMatches(queryTokens(value), counterpart.value);
  });
}

/** `*` stays within one label, so `*.app.test` is one level of sub-domains and never another domain. */
function hostMatches(pattern: string, host: string): boolean {
  // The scheme alone names an application on the person's machine (RFC 8252 section 7.1).
  if (host === '') return pattern === '';
  if (host.split('.').includes('')) return false;
  const accepts = isNumericHost(pattern) ? (char: string) => char >= '0' && char <= '9' : (char: string) => char !== '.' && char !== ':';
  return globMatches(simpleGlob(pattern, accepts), host);
}

const DEFAULT_PORTS: Record<string, string> = { 'http:': '80', 'https:': '443' };

/**
 * The URI as its parsed components, only if it is written in the one normal form: then no other reader can see another host, path or query in it.
 * Encoded separators, dots and control characters, empty segments and a fragment are refused for the same reason.
 */
function normalForm(uri: string): URL | undefined {
  if (uri.length > MAX_LENGTH || /[#\\\s]/.test(uri) || !URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  if (url.href !== uri && !(url.href === `${uri}/` && url.pathname === '/')) return undefined;
  if (/%(?:[01]|2[ef]|5c|7f)/i.test(url.pathname)) return undefined;
  if (isWeb(url.protocol.slice(0, -1)) && url.pathname.includes('//')) return undefined;
  return url;
}

function componentsMatch(parts: Parts, url: URL, port: string): boolean {
  const scheme = url.protocol.slice(0, -1);
  if (parts.scheme === '*' ? !isWeb(scheme) : parts.scheme !== scheme) return false;
  const { user, password, host, port: wantedPort } = parts.authority ?? { user: '', password: '', host: '', port: '' };
  const any = () => true;
  return (
    (parts.authority !== undefined) === url.href.startsWith(`${url.protocol}//`) &&
    globMatches(simpleGlob(user, any), url.username) &&
    globMatches(simpleGlob(password, any), url.password) &&
    hostMatches(host, url.hostname) &&
    globMatches(simpleGlob(wantedPort === DEFAULT_PORTS[url.protocol] ? '' : wantedPort, any), port) &&
    globMatches(pathTokens(parts.path === '' && url.pathname === '/' ? '/' : parts.path), url.pathname) &&
    queryMatches(parts.query, url.search)
  );
}

const LOOPBACK = /^http:\/\/(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost)(?::(\d{1,5}))?(?=[/?]|$)/;

/** RFC 8252 section 7.3: an application on the person's machine listens on a port it did not choose. Everything else is compared as text. */
function loopbackMatches(pattern: string, uri: string): boolean {
  const wanted = LOOPBACK.exec(pattern);
  const given = LOOPBACK.exec(uri);
  if (!wanted || !given || wanted[1] !== given[1]) return false;
  // A port on a registered name is meant; on the two literal addresses the RFC has it ignored.
  if (wanted[2] !== undefined && wanted[1] !== '127.0.0.1' && wanted[1] !== '[::1]') return false;
  // A port that no socket has is no port.
  return pattern.slice(wanted[0].length) === uri.slice(given[0].length) && URL.canParse(uri);
}

/** Plain http may only lead to this machine or network, unless the operator said otherwise. */
const secureEnough = (uri: string, { allowInsecure }: UriPolicy) =>
  allowInsecure || !/^http:/i.test(uri) || (URL.canParse(uri) && isPrivateHost(new URL(uri).hostname));

/** Whether a URI is one of those a registered pattern stands for. A pattern without wildcards stands for exactly its own text. */
export function uriMatches(pattern: string, uri: string, policy: UriPolicy): boolean {
  if (uri.includes('#') || !secureEnough(uri, policy)) return false;
  const literal = pattern.split('#', 1)[0] as string;
  if (uri === literal && !literal.includes('*')) return true;
  if (!isGlob(literal)) return loopbackMatches(literal, uri);
  const parts = split(pattern);
  const url = normalForm(uri);
  if (!parts || !url || uriPatternProblem(pattern, policy)) return false;
  if (componentsMatch(parts, url, url.port)) return true;
  return url.protocol === 'http:' && isLoopbackHost(url.hostname) && url.port !== '' && componentsMatch(parts, url, '');
}

/** The last two labels of a public host must be literal: a wildcard there would cover domains that anybody can register. */
function hostProblem({ scheme, authority }: Parts): string | undefined {
  const host = authority?.host ?? '';
  if (!isWeb(scheme)) return host === '*' || host === '**' ? 'a host cannot be only a wildcard' : undefined;
  if (host === '') return 'a host is missing';
  if (!host.includes('*')) return undefined;
  const labels = host.split('.');
  if (labels.every((label) => /^\*+$/.test(label))) return 'a host cannot be only a wildcard';
  const fixed = isNumericHost(host) ? labels.slice(0, 2) : labels.slice(-2);
  if (labels.length < 3 || fixed.some((label) => label.includes('*')))
    return 'a wildcard must stand left of the last two parts of the host';
  return undefined;
}

/** The pattern with something in place of every wildcard, to be parsed. */
function sample({ scheme, authority, path, query }: Parts): string {
  const host = authority?.host.replace(/\*+/g, isNumericHost(authority.host) ? '1' : 'a');
  const port = authority?.port.replace(/\*+/g, '1');
  const user = authority && (authority.user || authority.password) ? 'u:p@' : '';
  const start = authority === undefined ? '' : `//${user}${host}${port ? `:${port}` : ''}`;
  return `${scheme === '*' ? 'https' : scheme}:${start}${path.replace(/\*+/g, 'a')}${query === undefined ? '' : `?${query}`}`;
}

/** Why a pattern cannot be registered as a callback or logout URL, as the end of a sentence; undefined when it can. */
export function uriPatternProblem(pattern: string, policy: UriPolicy): string | undefined {
  if (pattern.length > MAX_LENGTH) return 'it is too long';
  if (pattern === '') return 'it is empty';
  if (/[^\x21-\x5b\x5d-\x7e]/.test(pattern))
    return /[\s\\]/.test(pattern)
      ? 'it has a space or a backslash in it'
      : 'only printable ASCII is allowed; write an international host in its xn-- form';
  const parts = split(pattern);
  if (!parts) return 'it is not a URL';
  if (parts.scheme !== '*' && parts.scheme.includes('*')) return 'the scheme cannot hold a wildcard';
  if (FORBIDDEN_SCHEMES.has(parts.scheme)) return 'this scheme is not allowed';
  const host = hostProblem(parts);
  if (host) return host;
  const example = sample(parts);
  if (!URL.canParse(example)) return 'it is not a URL';
  if (parts.scheme === 'http' && !secureEnough(example, policy)) return 'http is only allowed on loopback and private hosts; use https';
  const clash =
    parts.query === undefined
      ? undefined
      : pairs(parts.query).find(({ key }) => RESPONSE_PARAMETERS.includes(decodeURIComponentSafely(key)));
  return clash && `the query parameter ${clash.key} is one that sign-in adds itself`;
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
