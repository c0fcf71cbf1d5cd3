import type { World } from './world.ts';

interface Stored {
  value: string;
  path: string;
  expiresAt: number;
}

/** `json` sends an object as application/json, `form` as a form; both make the method POST unless another is given. */
export interface BrowserInit extends Omit<RequestInit, 'body' | 'headers'> {
  headers?: Record<string, string>;
  body?: string;
  json?: unknown;
  form?: Record<string, string>;
  /** The visitor's address; 127.0.0.1 by default. */
  ip?: string;
}

/** A browser on our own pages: keeps cookies, and says with Sec-Fetch-* and Origin where its requests come from. Redirects are not followed. */
export function browser(world: World, { userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' } = {}) {
  const jar = new Map<string, Stored>();

  const keep = (line: string) => {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const attribute = (key: string) => attributes.find((a) => a.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
    const maxAge = attribute('max-age');
    if (maxAge !== undefined && Number(maxAge) <= 0) return void jar.delete(name);
    const expiresAt = maxAge === undefined ? Number.POSITIVE_INFINITY : world.clock.now() + Number(maxAge);
    jar.set(name, { value, path: attribute('path') ?? '/', expiresAt });
  };

  const cookieHeader = (path: string) =>
    [...jar]
      .filter(([, c]) => path.startsWith(c.path) && c.expiresAt > world.clock.now())
      .map(([name, c]) => `${name}=${c.value}`)
      .join('; ');

  const send = async (path: string, { json, form, ip, ...init }: BrowserInit, fetchHeaders: Record<string, string>): Promise<Response> => {
    const url = new URL(path, world.config.appUrl);
    const cookie = cookieHeader(url.pathname);
    const method = init.method ?? (json !== undefined || form !== undefined ? 'POST' : 'GET');
    const headers: Record<string, string> = {
      'user-agent': userAgent,
      ...fetchHeaders,
      ...(method === 'GET' ? {} : { origin: world.config.appUrl }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(cookie ? { cookie } : {}),
      ...init.headers,
    };
    const body = json === undefined ? (form ? new URLSearchParams(form).toString() : init.body) : JSON.stringify(json);
    const response = await world.app.request(url.href, { ...init, method, headers, body }, ip ? { exchange: { ip } } : undefined);
    for (const line of response.headers.getSetCookie()) keep(line);
    return response;
  };

  return {
    /** Cookies by name; tests may plant, read and delete them. */
    jar,
    cookie: (name: string) => jar.get(name)?.value,
    plant: (name: string, value: string) => void jar.set(name, { value, path: '/', expiresAt: Number.POSITIVE_INFINITY }),
    /** What a script on our page sends: fetch, same origin. */
    request: (path: string, init: BrowserInit = {}) =>
      send(path, init, { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }),
    /** A click on a link, or with `form` a form's submission, on one of our pages; `site` says where it was (`cross-site`: an application's page). */
    visit: (path: string, init: BrowserInit & { site?: 'none' | 'same-origin' | 'same-site' | 'cross-site' } = {}) => {
      const { site = init.form ? 'same-origin' : 'none', ...rest } = init;
      return send(path, rest, {
        'sec-fetch-site': site,
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-user': '?1',
      });
    },
  };
}
export type Browser = ReturnType<typeof browser>;
