/**
 * Every URL we serve. The `who` of a row is enforced before its handler runs, and a handler whose row is missing stops the start.
 *
 * - `none`     open
 * - `opt`      a session is read when there is one; API keys are ignored
 * - `user`     session or API key of any enabled user
 * - `browser`  session only: an API key gets 403 `api_key_auth_not_allowed`
 * - `admin`    session or API key of an administrator
 * - `manager`  an administrator or user manager (who may not touch administrators: the service says no); an auditor where the method only reads
 * - `auditor`  an administrator or auditor; only on rows that read
 * - `protocol` OAuth: client authentication or a bearer token, checked by the engine; other sites may call it
 */
export type Who = 'none' | 'opt' | 'user' | 'browser' | 'admin' | 'manager' | 'auditor' | 'protocol';
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

get    /api/users                                            manager   users
post   /api/users                                            manager   users
get    /api/users/me                                         user      users
put    /api/users/me                                         user      users
get    /api/users/{id}                                       manager   users
put    /api/users/{id}                                       manager   users
delete /api/users/{id}                                       manager   users
put    /api/users/{id}/user-groups                           manager   users
get    /api/users/{id}/groups                                manager   groups
get    /api/user-groups                                      manager   groups
post   /api/user-groups                                      manager   groups
get    /api/user-groups/{id}                                 manager   groups
put    /api/user-groups/{id}                                 manager   groups
delete /api/user-groups/{id}                                 manager   groups
put    /api/user-groups/{id}/users                           manager   groups
put    /api/user-groups/{id}/allowed-oidc-clients            admin     groups
get    /api/custom-claims/suggestions                        manager   custom-claims
put    /api/custom-claims/user/{userId}                      manager   custom-claims
put    /api/custom-claims/user-group/{userGroupId}           manager   custom-claims
get    /api/oidc/clients                                     auditor   clients
post   /api/oidc/clients                                     admin     clients
get    /api/oidc/clients/{id}                                auditor   clients
get    /api/oidc/clients/{id}/meta                           none      clients
put    /api/oidc/clients/{id}                                admin     clients
delete /api/oidc/clients/{id}                                admin     clients
put    /api/oidc/clients/{id}/allowed-user-groups            admin     clients
post   /api/oidc/clients/{id}/secret                         admin     clients
get    /api/oidc/clients/{id}/secrets                        auditor   clients
post   /api/oidc/clients/{id}/secrets                        admin     clients
delete /api/oidc/clients/{id}/secrets/{secretId}             admin     clients
get    /api/api-keys                                         user      api-keys
post   /api/api-keys                                         browser   api-keys
post   /api/api-keys/{id}/renew                              browser   api-keys
delete /api/api-keys/{id}                                    user      api-keys

get    /.well-known/jwks.json                                protocol  signing-keys

get    /api/webauthn/login/start                             none      passkeys
post   /api/webauthn/login/finish                            none      passkeys
post   /api/webauthn/logout                                  user      passkeys
get    /api/webauthn/register/start                          browser   passkeys
post   /api/webauthn/register/finish                         browser   passkeys
get    /api/webauthn/reauthenticate/start                    browser   passkeys
post   /api/webauthn/reauthenticate                          browser   passkeys
get    /api/webauthn/credentials                             user      passkeys
patch  /api/webauthn/credentials/{id}                        browser   passkeys
delete /api/webauthn/credentials/{id}                        browser   passkeys
get    /api/users/{id}/webauthn-credentials                  admin     passkeys
delete /api/users/{id}/webauthn-credentials/{credentialId}   admin     passkeys

get    /api/users/me/sessions                                user      sessions
delete /api/users/me/sessions                                user      sessions
delete /api/users/me/sessions/{sessionId}                    user      sessions
get    /api/users/{id}/sessions                              admin     sessions
delete /api/users/{id}/sessions                              admin     sessions
delete /api/users/{id}/sessions/{sessionId}                  admin     sessions

post   /api/oidc/token                                       protocol  grants
get    /api/oidc/userinfo                                    protocol  grants
post   /api/oidc/userinfo                                    protocol  grants
post   /api/oidc/introspect                                  protocol  grants
post   /api/oidc/revoke                                      protocol  grants
`;

export const ROUTES: readonly RouteRow[] = table
  .trim()
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  .map((line) => {
    const [method, path, who, home] = line.trim().split(/\s+/);
    return { method, path, who, home } as RouteRow;
  });

const literal = new Map<string, RouteRow>();
const patterns = new Map<string, { row: RouteRow; segments: string[] }[]>();
for (const row of ROUTES) {
  if (!row.path.includes('{')) literal.set(`${row.method} ${row.path}`, row);
  else {
    const segments = row.path.split('/');
    const key = `${row.method} ${segments.length}`;
    patterns.set(key, [...(patterns.get(key) ?? []), { row, segments }]);
  }
}

/** The row that answers: a literal segment wins over a parameter, so `/api/users/me` is never read as `/api/users/{id}`. HEAD is a GET. */
export function routeOf(method: string, path: string): RouteRow | undefined {
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
  const exact = literal.get(`${verb} ${path}`);
  if (exact) return exact;
  const segments = path.split('/');
  const literals = (pattern: string[]) => pattern.filter((s) => !s.startsWith('{')).length;
  let best: { row: RouteRow; segments: string[] } | undefined;
  for (const candidate of patterns.get(`${verb} ${segments.length}`) ?? []) {
    const fits = candidate.segments.every((s, i) => (s.startsWith('{') ? segments[i] !== '' : s === segments[i]));
    if (fits && (!best || literals(candidate.segments) > literals(best.segments))) best = candidate;
  }
  return best?.row;
}
