/** What a person may administer. `admin` is the contract's `isAdmin`. */
export type Role = 'admin' | 'user_manager' | 'auditor' | 'user';

/** Of a row of `user`. */
export const roleOf = (user: { is_admin: 0 | 1; role: string }): Role =>
  user.is_admin ? 'admin' : user.role === 'user_manager' || user.role === 'auditor' ? user.role : 'user';

/** An API key's reach; never more than its owner's. */
export type KeyScope = 'full' | 'read' | `${string}:read` | `${string}:write`;

/** Who calls the REST API or looks at a page, after `access.decide` let them in. */
export interface Caller {
  via: 'session' | 'api-key';
  userId: string;
  username: string;
  role: Role;
  /** Sessions only. */
  session?: { id: string; authTime: number; amr: readonly string[] };
  /** API keys only. */
  key?: { id: string; scopes: readonly KeyScope[] };
}

declare module 'hono' {
  interface ContextVariableMap {
    /** Set by the guard of the route's row in `routes.ts`; undefined on open routes without a session. */
    caller: Caller | undefined;
  }
}
