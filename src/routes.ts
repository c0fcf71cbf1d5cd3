/**
 * Every URL we serve. The `who` of a row is enforced before its handler runs, and a handler whose row is missing stops the start.
 *
 * - `none`     open
 * - `opt`      a session is read when there is one; API keys are ignored
 * - `user`     session or API key of any enabled user
 * - `browser`  session only: an API key gets 403 `api_key_auth_not_allowed`
 * - `admin`    session or API key of an administrator
 * - `protocol` OAuth: client authentication or a bearer token, checked by the engine; other sites may call it
 */
export type Who = 'none' | 'opt' | 'user' | 'browser' | 'admin' | 'protocol';
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
export interface RouteRow {
  method: Method;
  /** OpenAPI form: `/api/users/{id}` */
  path: string;
  who: Who;
  /** The folder under `src/` that answers. */
  home: string;
}

const table = `
get    /healthz                                              none      platform
`;

export const ROUTES: readonly RouteRow[] = table
  .trim()
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  .map((line) => {
    const [method, path, who, home] = line.trim().split(/\s+/);
    return { method, path, who, home } as RouteRow;
  });
