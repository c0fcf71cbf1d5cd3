import { WHO, type Who } from '#access/guard.ts';

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
 *
 * Behind the folder a row may say more: `cors`, `any-body`, `upload`, `long`, `quiet`, `limit=<name>`; see RouteRow.
 */
export interface RouteRow {
  method: (typeof METHODS)[number];
  /** OpenAPI form: `/api/users/{id}` */
  path: string;
  who: Who;
  /** The folder under `src/` that answers. */
  home: string;
  /** `cors`: pages of any origin may read the answer, preflights are answered. */
  cors: boolean;
  /** `none`, and every `protocol` row: nobody is asked who they are. */
  anybody: boolean;
  /** Every `protocol` row: other sites may post here with a person's cookies, the handler has its own defence. */
  crossSite: boolean;
  /** `any-body`, and every `protocol` row: the body is a form or a file, not JSON. */
  anyBody: boolean;
  /** `upload`: the body may be as large as a picture. */
  upload: boolean;
  /** `long`: so may the JSON, which names thousands of people or groups. */
  long: boolean;
  /** `quiet`: requests are not logged. */
  quiet: boolean;
  /** `limit=<name>`: requests are counted in this bucket of RATE_LIMITS. */
  limit: RateLimit | undefined;
}

const table = `
get    /healthz                                             none      platform       quiet
get    /readyz                                               none      platform       quiet

get    /api/users                                           manager   users
post   /api/users                                           manager   users
get    /api/users/me                                        user      users
put    /api/users/me                                        user      users
get    /api/users/{id}                                      manager   users
put    /api/users/{id}                                      manager   users
delete /api/users/{id}                                      manager   users
put    /api/users/{id}/user-groups                          manager   users          long
get    /api/users/{id}/groups                               manager   groups
get    /api/users/{id}/profile-picture.png                  none      images         quiet
put    /api/users/me/profile-picture                        user      images         upload
put    /api/users/{id}/profile-picture                      manager   images         upload
delete /api/users/me/profile-picture                        user      images
delete /api/users/{id}/profile-picture                      manager   images
get    /api/user-groups                                     manager   groups
post   /api/user-groups                                     manager   groups
get    /api/user-groups/{id}                                manager   groups
put    /api/user-groups/{id}                                manager   groups
delete /api/user-groups/{id}                                manager   groups
put    /api/user-groups/{id}/users                          manager   groups         long
put    /api/user-groups/{id}/allowed-oidc-clients           admin     groups         long
get    /api/custom-claims/suggestions                       manager   custom-claims
put    /api/custom-claims/user/{userId}                     manager   custom-claims  long
put    /api/custom-claims/user-group/{userGroupId}          manager   custom-claims  long
get    /api/oidc/clients                                    auditor   clients
post   /api/oidc/clients                                    admin     clients
get    /api/oidc/clients/{id}                               auditor   clients
get    /api/oidc/clients/{id}/meta                          none      clients
get    /api/oidc/clients/{id}/logo                          none      images         quiet
post   /api/oidc/clients/{id}/logo                          admin     images         upload
delete /api/oidc/clients/{id}/logo                          admin     images
put    /api/oidc/clients/{id}                               admin     clients
delete /api/oidc/clients/{id}                               admin     clients
put    /api/oidc/clients/{id}/allowed-user-groups           admin     clients        long
post   /api/oidc/clients/{id}/refresh                       admin     clients
post   /api/oidc/clients/{id}/secret                        admin     clients
get    /api/oidc/clients/{id}/secrets                       auditor   clients
post   /api/oidc/clients/{id}/secrets                       admin     clients
delete /api/oidc/clients/{id}/secrets/{secretId}            admin     clients
get    /api/oidc/clients/{id}/preview/{userId}              auditor   clients
get    /api/oidc/clients/{id}/scim-service-provider         auditor   integrations/scim
post   /api/scim/service-provider                           admin     integrations/scim
put    /api/scim/service-provider/{id}                      admin     integrations/scim
delete /api/scim/service-provider/{id}                      admin     integrations/scim
get    /api/apis                                            auditor   apis
post   /api/apis                                            admin     apis
get    /api/apis/{id}                                       auditor   apis
put    /api/apis/{id}                                       admin     apis
delete /api/apis/{id}                                       admin     apis
put    /api/apis/{id}/permissions                           admin     apis
put    /api/apis/{id}/cimd-access                           admin     apis
get    /api/apis/{id}/clients                               auditor   apis
get    /api/apis/{id}/assignable-clients                    auditor   apis
put    /api/apis/{id}/clients/{clientId}                    admin     apis
delete /api/apis/{id}/clients/{clientId}                    admin     apis
get    /api/api-access/{clientId}/apis                      auditor   apis
get    /api/api-access/{clientId}/assignable-apis           auditor   apis
post   /api/scim/service-provider/{id}/sync                 admin     integrations/scim
get    /api/version/current                                 user      version
get    /api/version/latest                                  none      version
get    /api/openapi.json                                    none      openapi        quiet
get    /api/docs                                            none      openapi        quiet
get    /api/application-configuration                       none      settings
get    /api/application-configuration/all                   auditor   settings
put    /api/application-configuration                       admin     settings
post   /api/application-configuration/test-email            admin     integrations/mail
post   /api/application-configuration/sync-ldap             admin     settings
get    /api/application-images/logo                         none      images         quiet
put    /api/application-images/logo                         admin     images         upload
delete /api/application-images/logo                         admin     images
get    /api/application-images/email                        none      images         quiet
put    /api/application-images/email                        admin     images         upload
get    /api/application-images/background                   none      images         quiet
put    /api/application-images/background                   admin     images         upload
delete /api/application-images/background                   admin     images
get    /api/application-images/favicon                      none      images         quiet
put    /api/application-images/favicon                      admin     images         upload
get    /favicon.ico                                         none      images         quiet
get    /api/application-images/default-profile-picture      auditor   images
put    /api/application-images/default-profile-picture      admin     images         upload
delete /api/application-images/default-profile-picture      admin     images
get    /api/audit-logs                                      user      audit
get    /api/audit-logs/all                                  auditor   audit
get    /api/audit-logs/filters/client-names                 auditor   audit
get    /api/audit-logs/filters/users                        auditor   audit
get    /api/api-keys                                        user      api-keys
post   /api/api-keys                                        browser   api-keys
post   /api/api-keys/{id}/renew                             browser   api-keys
delete /api/api-keys/{id}                                   user      api-keys

get    /.well-known/jwks.json                               protocol  signing-keys   cors
get    /.well-known/openid-configuration                    protocol  sign-in        cors
get    /.well-known/oauth-authorization-server              protocol  sign-in        cors
get    /.well-known/change-password                         none      sign-in        quiet
get    /.well-known/passkey-endpoints                       none      sign-in        quiet
get    /authorize                                           protocol  sign-in
post   /authorize                                           protocol  sign-in
get    /api/oidc/end-session                                protocol  sign-in        cors
post   /api/oidc/end-session                                protocol  sign-in        cors
get    /api/oidc/interactions/{id}                          none      sign-in
post   /api/oidc/interactions/{id}/complete                 browser   sign-in

get    /                                                    opt       sign-in
get    /assets/{file}                                       none      sign-in        quiet
post   /api/csp-reports                                     none      sign-in        any-body
get    /login                                               opt       sign-in
get    /login/alternative                                   opt       sign-in
get    /login/alternative/code                              opt       sign-in
post   /login/alternative/code                              none      sign-in        limit=one-time-access-token
get    /login/alternative/device                            opt       sign-in        limit=device-login-create
get    /lc                                                  opt       sign-in
get    /lc/{code}                                           opt       sign-in
get    /logout                                              opt       sign-in
post   /logout                                              none      sign-in
get    /interaction                                         opt       sign-in
get    /interaction/error                                   none      sign-in
post   /interaction/passkey                                 none      sign-in        limit=webauthn-login
post   /interaction/reauthenticate                          browser   sign-in        limit=webauthn-reauthenticate
post   /interaction/complete                                none      sign-in
post   /interaction/cancel                                  none      sign-in
get    /setup                                               none      sign-in
get    /signup/setup                                        none      sign-in
post   /signup/setup                                        none      sign-in        limit=signup
get    /signup                                              opt       sign-in
post   /signup                                              none      sign-in        limit=signup
get    /st/{token}                                          none      sign-in
get    /signup/add-passkey                                  opt       sign-in
post   /signup/add-passkey                                  browser   sign-in
get    /account                                             opt       sign-in
post   /account/passkeys/{id}/rename                        opt       sign-in
post   /account/passkeys/{id}/remove                        opt       sign-in
post   /account/applications/remove                         opt       sign-in
post   /account/sessions/{id}/end                           opt       sign-in
get    /device                                              opt       sign-in
post   /device                                              opt       sign-in        limit=device-login-verification
post   /device/approve                                      browser   sign-in        limit=webauthn-reauthenticate
get    /admin                                               none      sign-in
get    /settings                                            none      sign-in
get    /settings/{area}                                     none      sign-in
get    /settings/{area}/{page}                              none      sign-in
get    /settings/{area}/{page}/{id}                         none      sign-in
post   /account/sessions/end-others                         opt       sign-in
get    /api/oidc/users/me/authorized-clients                user      consents
delete /api/oidc/users/me/authorized-clients/{clientId}     user      consents
get    /api/oidc/users/me/clients                           user      consents
get    /api/oidc/users/{id}/authorized-clients              auditor   consents

post   /api/users/{id}/one-time-access-token                manager   one-time-codes
post   /api/users/{id}/one-time-access-email                manager   integrations/mail
post   /api/one-time-access-token/{token}                   none      one-time-codes limit=one-time-access-token
post   /api/one-time-access-email                           none      integrations/mail limit=one-time-access-email
post   /api/users/me/send-email-verification                user      integrations/mail limit=send-email-verification
post   /api/users/me/verify-email                           user      integrations/mail limit=verify-email
get    /api/signup/setup                                    none      sign-up
post   /api/signup/setup                                    none      sign-up
post   /api/signup                                          none      sign-up        limit=signup
post   /api/device-login/requests                           none      device-login   limit=device-login-create
post   /api/device-login/requests/{id}/exchange             none      device-login   limit=device-login-exchange
post   /api/device-login/verification                       browser   device-login   limit=device-login-verification
post   /api/device-login/verification/decision              browser   device-login   limit=device-login-verification
get    /api/signup-tokens                                   admin     sign-up
post   /api/signup-tokens                                   admin     sign-up
delete /api/signup-tokens/{id}                              admin     sign-up

get    /api/webauthn/login/start                            none      passkeys
post   /api/webauthn/login/finish                           none      passkeys       limit=webauthn-login
post   /api/webauthn/logout                                 user      passkeys
get    /api/webauthn/register/start                         browser   passkeys
post   /api/webauthn/register/finish                        browser   passkeys
get    /api/webauthn/reauthenticate/start                   browser   passkeys
post   /api/webauthn/reauthenticate                         browser   passkeys       limit=webauthn-reauthenticate
get    /api/webauthn/credentials                            user      passkeys
patch  /api/webauthn/credentials/{id}                       browser   passkeys
delete /api/webauthn/credentials/{id}                       browser   passkeys
get    /api/users/{id}/webauthn-credentials                 auditor   passkeys
delete /api/users/{id}/webauthn-credentials/{credentialId}  admin     passkeys

get    /api/users/me/sessions                               user      sessions
delete /api/users/me/sessions                               user      sessions
delete /api/users/me/sessions/{sessionId}                   user      sessions
get    /api/users/{id}/sessions                             auditor   sessions
delete /api/users/{id}/sessions                             admin     sessions
delete /api/users/{id}/sessions/{sessionId}                 admin     sessions

post   /api/oidc/token                                      protocol  grants         cors
get    /api/oidc/userinfo                                   protocol  grants         cors
post   /api/oidc/userinfo                                   protocol  grants         cors
post   /api/oidc/introspect                                 protocol  grants         cors
post   /api/oidc/revoke                                     protocol  grants         cors
post   /api/oidc/par                                        protocol  grants
post   /api/oidc/device/authorize                           protocol  grants
get    /api/oidc/device/info                                browser   grants
post   /api/oidc/device/verify                              browser   grants
post   /api/oidc/device/deny                                browser   grants
`;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const WORDS = ['cors', 'any-body', 'upload', 'long', 'quiet'];

/** A line of the table. Throws for a word that it does not know: passed over, a slip of the pen would open a route, or leave it without its limit. */
export function rowOf(line: string): RouteRow {
  const [method = '', path, who = '', home, ...words] = line.trim().split(/\s+/);
  const limit = words.find((word) => word.startsWith('limit='))?.slice('limit='.length);
  const unknown = words.find((word) => !WORDS.includes(word) && word !== `limit=${limit}`);
  const begins = (METHODS as readonly string[]).includes(method) && (WHO as readonly string[]).includes(who);
  if (!begins || unknown !== undefined || (limit !== undefined && !Object.hasOwn(RATE_LIMITS, limit)))
    throw new Error(`the row of ${method} ${path} has a word that nobody knows`);
  const has = (word: string) => words.includes(word);
  return {
    method,
    path,
    who,
    home,
    cors: has('cors'),
    anybody: who === 'none' || who === 'protocol',
    crossSite: who === 'protocol',
    anyBody: has('any-body') || has('upload') || who === 'protocol',
    upload: has('upload'),
    long: has('long'),
    quiet: has('quiet'),
    limit,
  } as RouteRow;
}

/** Token buckets for each client address, as Pocket ID has them: `count` requests in `seconds`, `burst` at once. `api` counts everything but pages. */
export const RATE_LIMITS = {
  api: { count: 100, seconds: 1, burst: 300 },
  signup: { count: 2, seconds: 60, burst: 10 },
  'webauthn-login': { count: 1, seconds: 5, burst: 10 },
  'webauthn-reauthenticate': { count: 1, seconds: 10, burst: 5 },
  'device-login-create': { count: 1, seconds: 10, burst: 5 },
  'device-login-exchange': { count: 1, seconds: 2, burst: 10 },
  'device-login-verification': { count: 1, seconds: 10, burst: 5 },
  'one-time-access-token': { count: 1, seconds: 10, burst: 5 },
  'one-time-access-email': { count: 2, seconds: 600, burst: 5 },
  'send-email-verification': { count: 2, seconds: 600, burst: 1 },
  'verify-email': { count: 1, seconds: 10, burst: 5 },
} as const;
export type RateLimit = keyof typeof RATE_LIMITS;

export const ROUTES: readonly RouteRow[] = table
  .trim()
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map(rowOf);

const MUCH = ROUTES.filter((row) => row.upload || row.long).map((row) => ({
  method: row.method.toUpperCase(),
  pattern: new RegExp(`^${row.path.replace(/\{\w+\}/g, '[^/]+')}$`),
}));
/** Whether a request may have a body as large as a picture. */
export const takesMuch = (method: string, path: string): boolean => MUCH.some((row) => row.method === method && row.pattern.test(path));

/** `/lc/{code}` → `/lc/`: what follows signs somebody in, so the request log leaves it out. */
export const SECRET_PATHS = [...new Set(ROUTES.flatMap(({ path }) => /^(.*\/)\{(?:code|token|secret)\}/.exec(path)?.[1] ?? []))];
