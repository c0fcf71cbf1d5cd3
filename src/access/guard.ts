import type { MiddlewareHandler } from 'hono';
import { AppError } from '#platform/errors.ts';
import type { Ctx, Env } from '#platform/http/context.ts';
import type { Caller, Role } from './caller.ts';
import { keyReaches } from './key-scopes.ts';

/** How a credential becomes a caller. Each answers undefined when the value is unknown, and throws `user_disabled` when its owner may not act. */
export interface Credentials {
  session(value: string): Promise<Caller | undefined>;
  apiKey(value: string): Promise<Caller | undefined>;
}

export type Who = 'none' | 'opt' | 'user' | 'browser' | 'admin' | 'manager' | 'auditor' | 'protocol';

/** Whether a role satisfies a row of `routes.ts`; `reads` says that the method changes nothing. */
export function roleSatisfies(who: Who, role: Role, reads: boolean): boolean {
  if (who === 'admin') return role === 'admin';
  if (who === 'manager') return role === 'admin' || role === 'user_manager' || (reads && role === 'auditor');
  if (who === 'auditor') return role === 'admin' || (reads && role === 'auditor');
  return true;
}

/**
 * The cookie first, then `Authorization: <any scheme> <session>`, then `X-API-Key`. `sessionCookie` answers the browser's one session cookie.
 */
export function createGuard({ credentials, sessionCookie }: { credentials: Credentials; sessionCookie: (c: Ctx) => string | undefined }) {
  const bySession = async (c: Ctx): Promise<Caller | undefined> => {
    const cookie = sessionCookie(c);
    if (cookie) return credentials.session(cookie);
    const value = /^\S+ +(\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    return value ? credentials.session(value) : undefined;
  };

  const identify = async (c: Ctx, who: Who): Promise<Caller | undefined> => {
    if (who === 'none' || who === 'protocol') return undefined;
    if (who === 'opt') {
      const cookie = sessionCookie(c);
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

  return (row: { who: Who; path: string }): MiddlewareHandler<Env> =>
    async (c, next) => {
      const caller = await identify(c, row.who);
      const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
      if (caller && !roleSatisfies(row.who, caller.role, reads)) throw new AppError('forbidden');
      if (caller?.key && !keyReaches(caller.key.scopes, row.path, reads)) throw new AppError('api_key_scope');
      c.set('caller', caller);
      await next();
    };
}
