import type { OpenAPIHono } from '@hono/zod-openapi';
import { OAuthError } from '#oidc/errors.ts';
import type { TokenDeps } from '#oidc/grants/shared.ts';
import { introspect } from '#oidc/introspect.ts';
import { revoke } from '#oidc/revoke.ts';
import { tokenEndpoint } from '#oidc/token.ts';
import { userinfo } from '#oidc/userinfo.ts';
import type { Clock } from '#platform/clock.ts';
import type { Ctx, Env } from '#platform/http/context.ts';
import { form, noStore, oauth, type Refusals } from './oauth-http.ts';

/** RFC 6750 section 2: in the header, the form body or the query; in more than one place is refused. */
async function presentedToken(c: Ctx): Promise<string | undefined> {
  const header = c.req.header('authorization');
  const bearer = header === undefined ? undefined : /^bearer +(\S+)$/i.exec(header)?.[1];
  if (header !== undefined && bearer === undefined)
    throw new OAuthError('invalid_token', 'the access token is malformed', { reason: 'access-token-malformed' });
  const isForm = c.req.method === 'POST' && c.req.header('content-type') !== undefined;
  const other = isForm ? (await form(c)).get('access_token') : c.req.query('access_token');
  if (bearer !== undefined && other !== undefined)
    throw new OAuthError('invalid_request', 'the access token was sent twice', { reason: 'two-access-tokens' });
  return bearer ?? other;
}

/** The back channel: token, userinfo, introspection (RFC 7662), revocation (RFC 7009). */
export function grantRoutes(app: OpenAPIHono<Env>, { engine, clock, ...refusals }: { engine: TokenDeps; clock: Clock } & Refusals): void {
  const authorization = (c: Ctx) => c.req.header('authorization');
  const token = async (c: Ctx) => noStore(await tokenEndpoint(engine, await form(c), authorization(c), clock.now()));
  const claims = async (c: Ctx) => noStore(await userinfo(engine, await presentedToken(c), clock.now()));
  app.post('/api/oidc/token', oauth(refusals, token));
  app.get('/api/oidc/userinfo', oauth(refusals, claims));
  app.post('/api/oidc/userinfo', oauth(refusals, claims));
  app.post(
    '/api/oidc/introspect',
    oauth(refusals, async (c) => noStore(await introspect(engine, await form(c), authorization(c), clock.now()))),
  );
  app.post(
    '/api/oidc/revoke',
    oauth(refusals, async (c) => {
      await revoke(engine, await form(c), authorization(c), clock.now());
      c.header('Cache-Control', 'no-store');
      return c.body(null, 200);
    }),
  );
}
