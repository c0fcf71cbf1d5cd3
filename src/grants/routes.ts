import { ENDPOINTS } from '#oidc/discovery.ts';
import { OAuthError } from '#oidc/errors.ts';
import type { TokenDeps } from '#oidc/grants/shared.ts';
import { introspect } from '#oidc/introspect.ts';
import { parseParameters } from '#oidc/parameters.ts';
import { revoke } from '#oidc/revoke.ts';
import { tokenEndpoint } from '#oidc/token.ts';
import { userinfo } from '#oidc/userinfo.ts';
import type { Clock } from '#platform/clock.ts';
import type { Call, Endpoints } from '#platform/http/endpoints.ts';
import { form, isForm, noStore, oauth, type Refusals } from './oauth-http.ts';

/** RFC 6750 section 2: in the header, the form body or the query; in more than one place is refused. A body that is no form has no token in it. */
function presentedToken(call: Call): string | undefined {
  const header = call.header('authorization');
  const bearer = header === undefined ? undefined : /^bearer +(\S+)$/i.exec(header)?.[1];
  if (header !== undefined && bearer === undefined)
    throw new OAuthError('invalid_token', 'the access token is malformed', { reason: 'access-token-malformed' });
  const inForm = call.method === 'POST' && isForm(call) ? form(call).get('access_token') : undefined;
  const inQuery = call.query === '' ? undefined : parseParameters(call.query).get('access_token');
  const [token, ...others] = [bearer, inForm, inQuery].filter((value) => value !== undefined);
  if (others.length > 0) throw new OAuthError('invalid_request', 'the access token was sent twice', { reason: 'two-access-tokens' });
  return token;
}

/** The back channel: token, userinfo, introspection (RFC 7662), revocation (RFC 7009). */
export function grantRoutes(endpoints: Pick<Endpoints, 'add'>, deps: { engine: TokenDeps; clock: Clock } & Refusals): void {
  const { engine, clock, ...refusals } = deps;
  const authorization = (call: Call) => call.header('authorization');
  const claims = oauth(refusals, async (call) => noStore(await userinfo(engine, presentedToken(call), clock.now())));
  endpoints.add('get', ENDPOINTS.userinfo, claims);
  endpoints.add('post', ENDPOINTS.userinfo, claims);
  endpoints.add(
    'post',
    ENDPOINTS.token,
    oauth(refusals, async (call) => noStore(await tokenEndpoint(engine, form(call), authorization(call), clock.now()))),
  );
  endpoints.add(
    'post',
    ENDPOINTS.introspection,
    oauth(refusals, async (call) => noStore(await introspect(engine, form(call), authorization(call), clock.now()))),
  );
  endpoints.add(
    'post',
    ENDPOINTS.revocation,
    oauth(refusals, async (call) => {
      await revoke(engine, form(call), authorization(call), clock.now());
      return { status: 200, headers: { 'Cache-Control': 'no-store' }, body: '' };
    }),
  );
}
