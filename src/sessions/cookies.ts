import { generateCookie } from 'hono/cookie';
import type { Config } from '#platform/config.ts';
import type { Ctx } from '#platform/http/context.ts';

/** One of our cookies: what a handler needs of it. */
export interface Cookie {
  /** As it goes over the wire, prefix included. */
  readonly name: string;
  /** The value the browser sent; undefined when there is none, or more than one of the name (somebody tossed a second one in). */
  read(c: Ctx): string | undefined;
  /** The same of the `Cookie` header's text. */
  of(header: string | undefined): string | undefined;
  /** `maxAge` in seconds. */
  set(c: Ctx, value: string, maxAge: number): void;
  /** The `Set-Cookie` header's text. */
  line(value: string, maxAge: number): string;
  /** Tells the browser to forget it; harmless when it has none. */
  clear(c: Ctx): void;
}

/** All values of one name, in the order sent; no unquoting and no decoding, since every value we set is base64url. */
const valuesOf = (header: string, name: string): string[] =>
  header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));

/** A secret, alone or behind its time. */
const VALUE = /^[\w-]{43}(?:[\w-]{8})?$/;

/** Exactly one value of the shape we hand out; anything else is as good as no cookie. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined || !header.includes(name)) return undefined;
  const values = valuesOf(header, name);
  return values.length === 1 && VALUE.test(values[0] as string) ? values[0] : undefined;
}

/**
 * Our cookies: HttpOnly, SameSite=Lax, no Domain, Path=/ where nothing else is said, Secure exactly when APP_URL is https (a browser drops a Secure cookie from plain
 * http://localhost's neighbours). The `__Host-` prefix keeps sub-domains and plain http from planting one (RFC 6265bis section 4.1.3.2).
 */
export function cookies({ appUrl }: Pick<Config, 'appUrl'>) {
  const secure = appUrl.startsWith('https:');
  const cookie = (overHttp: string, prefix = '__Host-', path = '/'): Cookie => {
    const name = secure ? prefix + overHttp : overHttp;
    const attributes = { path, httpOnly: true, sameSite: 'Lax', secure } as const;
    const of = (header: string | undefined) => readCookie(header, name);
    const line = (value: string, maxAge: number) => generateCookie(name, value, { ...attributes, maxAge });
    const set = (c: Ctx, value: string, maxAge: number) => c.header('Set-Cookie', line(value, maxAge), { append: true });
    return { name, of, line, read: (c) => of(c.req.header('cookie')), set, clear: (c) => set(c, '', 0) };
  };
  return {
    /** Holds the session's value. */
    session: cookie('access_token'),
    /** Binds WebAuthn challenges to the browser that asked for them. */
    ceremony: cookie('session'),
    /** A random value that binds interactions to the browser that started them. */
    browser: cookie('browser'),
    /** Proof of a passkey ceremony minutes ago; one use. Its name is the one existing clients know. */
    reauthentication: cookie('reauthentication_token', '__Secure-'),
    /** Binds a request to be signed in by another device to the browser that made it; sent to its exchange and nowhere else. */
    deviceLogin: (id: string) => cookie('device_login_token', '__Secure-', `/api/device-login/requests/${id}/exchange`),
  };
}
export type Cookies = ReturnType<typeof cookies>;
