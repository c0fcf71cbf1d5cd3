import type { MiddlewareHandler } from 'hono';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Env, type Origin, originOf } from '#platform/http/context.ts';
import type { Caller, Role } from './caller.ts';
import { keyReaches } from './key-scopes.ts';

/** How a credential becomes a caller; undefined when the value is unknown, over or revoked. */
export interface Credentials {
  /** Throws `user_disabled` when its person may not act. */
  session(value: string): Promise<Caller | undefined>;
  /** Throws `invalid_api_key` when its owner may not act. */
  apiKey(value: string): Promise<Caller | undefined>;
}

export const WHO = ['none', 'opt', 'user', 'browser', 'admin', 'manager', 'auditor', 'protocol'] as const;
/** Who may call a route; `routes.ts` says what each word means. */
export type Who = (typeof WHO)[number];

/** Whether a role satisfies a row of `routes.ts`; `reads` says that the method changes nothing. */
export function roleSatisfies(who: Who, role: Role, reads: boolean): boolean {
  if (who === 'admin') return role === 'admin';
  if (who === 'manager') return role === 'admin' || role === 'user_manager' || (reads && role === 'auditor');
  if (who === 'auditor') return role === 'admin' || (reads && role === 'auditor');
  return true;
}

/** What the guard tells of a call to administer that its caller may not make. */
export interface Refusal {
  caller: Caller;
  method: string;
  /** `/api/users/{id}` */
  route: string;
  path: string;
  reason: string;
  origin: Origin;
}
interface Deps {
  credentials: Credentials;
  sessionCookie: (c: Ctx) => string | undefined;
  /** Hears of every call to administer that was refused, here or by a rule behind the door. */
  onRefusal: (refusal: Refusal) => Promise<void>;
}

const ADMINISTRATIVE: ReadonlySet<Who> = new Set(['admin', 'manager', 'auditor']);

const refusalOf = (row: { who: Who; path: string }, caller: Caller, reads: boolean): AppError | undefined => {
  if (!roleSatisfies(row.who, caller.role, reads)) return new AppError('forbidden');
  return caller.key && !keyReaches(caller.key.scopes, row.path, reads) ? new AppError('api_key_scope') : undefined;
};

/** The session a request brings, in the browser's one session cookie, or, where there is none, as `Authorization: <any scheme> <session>`. */
export const broughtSession = (c: Ctx, cookie: string | undefined): string | undefined =>
  cookie ?? /^\S+ +(\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];

/**
 * The cookie first, then `Authorization: <any scheme> <session>`, then `X-API-Key`. `sessionCookie` answers the browser's one session cookie.
 */
export function createGuard({ credentials, sessionCookie, onRefusal }: Deps) {
  const bySession = async (c: Ctx): Promise<Caller | undefined> => {
    const value = broughtSession(c, sessionCookie(c));
    return value ? credentials.session(value) : undefined;
  };

  const identify = async (c: Ctx, who: Who): Promise<Caller | undefined> => {
    if (who === 'none' || who === 'protocol') return undefined;
    if (who === 'opt') {
      const cookie = sessionCookie(c);
      if (!cookie) return undefined;
      return credentials.session(cookie).catch((cause: unknown) => {
        // Who may not act is a visitor like any other; a database that fails makes nobody one.
        if (cause instanceof AppError) return undefined;
        throw cause;
      });
    }
    const session = await bySession(c);
    if (session) return session;
    const key = c.req.header('x-api-key');
    if (key !== undefined && who === 'browser') throw new AppError('api_key_auth_not_allowed');
    if (key === undefined) throw new AppError('not_signed_in');
    // A header's bytes come as one character each; what was typed is UTF-8.
    const caller = await credentials.apiKey(Buffer.from(key, 'latin1').toString());
    if (!caller) throw new AppError('invalid_api_key');
    return caller;
  };

  const tell = async (c: Ctx, { who, path: route }: { who: Who; path: string }, caller: Caller, { code: reason }: AppError) => {
    const { method, path } = c.req;
    if (ADMINISTRATIVE.has(who)) await onRefusal({ caller, method, route, path, reason, origin: originOf(c) });
  };

  return (row: { who: Who; path: string }): MiddlewareHandler<Env> =>
    async (c, next) => {
      const caller = await identify(c, row.who);
      const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
      const refusal = caller && refusalOf(row, caller, reads);
      if (refusal) {
        await tell(c, row, caller, refusal);
        throw refusal;
      }
      c.set('caller', caller);
      await next();
      // What a handler throws does not come through here: it has been answered, and is remembered.
      if (caller && c.error instanceof AppError && c.error.status === 403) await tell(c, row, caller, c.error);
    };
}
