import type { MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { AppError } from '#platform/errors.ts';
import type { Ctx, Env } from '#platform/http/context.ts';
import type { Caller } from './caller.ts';

/** How a credential becomes a caller. Each answers undefined when the value is unknown, and throws `user_disabled` when its owner may not act. */
export interface Credentials {
  session(value: string): Promise<Caller | undefined>;
  apiKey(value: string): Promise<Caller | undefined>;
}

export type Who = 'none' | 'opt' | 'user' | 'browser' | 'admin' | 'protocol';

/** Contract section 1.1: the cookie first, then `Authorization: <any scheme> <session>`, then `X-API-Key`. */
export function createGuard({ credentials, cookieName }: { credentials: Credentials; cookieName: string }) {
  const bySession = async (c: Ctx): Promise<Caller | undefined> => {
    const cookie = getCookie(c, cookieName);
    if (cookie) return credentials.session(cookie);
    const value = /^\S+ +(\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    return value ? credentials.session(value) : undefined;
  };

  const identify = async (c: Ctx, who: Who): Promise<Caller | undefined> => {
    if (who === 'none' || who === 'protocol') return undefined;
    if (who === 'opt') {
      const cookie = getCookie(c, cookieName);
      return cookie ? credentials.session(cookie).catch(() => undefined) : undefined;
    }
    const session = await bySession(c);
    if (session) return session;
    const key = c.req.header('x-api-key');
    if (key !== undefined && who === 'browser') throw new AppError('api_key_auth_not_allowed');
    if (key === undefined) throw new AppError('not_signed_in');
    const caller = await credentials.apiKey(key);
    if (!caller) throw new AppError('invalid_api_key');
    return caller;
  };

  return (who: Who): MiddlewareHandler<Env> =>
    async (c, next) => {
      const caller = await identify(c, who);
      if (who === 'admin' && caller?.role !== 'admin') throw new AppError('forbidden');
      c.set('caller', caller);
      await next();
    };
}
