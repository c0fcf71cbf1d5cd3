import type { OpenAPIHono } from '@hono/zod-openapi';
import { discoveryDocument, ENDPOINTS, type Metadata } from '#oidc/discovery.ts';
import { OAuthError } from '#oidc/errors.ts';
import { notUtf8, parseAuthorizationParameters, parseParameters } from '#oidc/parameters.ts';
import type { Answer } from '#oidc/respond.ts';
import { type Ctx, type Env, originOf } from '#platform/http/context.ts';
import { exchangeOf, shareAnswer } from '#platform/http/exchange.ts';
import { vanished } from '#platform/vanished.ts';
import type { Authorized, SignInFlow } from './flow.ts';
import type { Refusals } from './refusals.ts';
import type { SignOutService } from './sign-out.ts';
import { forgetSignOutRefused, tellSignOutRefused } from './sign-out-refused.ts';
import { type ErrorPage, type GoneView, type RefusedView, shortId, type ViewClient } from './view.ts';

/** The pages of `/authorize`. */
export interface Pages {
  error(c: Ctx, page: ErrorPage, source: { uiLocales?: readonly string[] }): Response | Promise<Response>;
  refused(c: Ctx, view: RefusedView): Response | Promise<Response>;
  gone(c: Ctx, view: GoneView): Response | Promise<Response>;
  formPost(
    c: Ctx,
    form: { action: string; fields: Record<string, string>; client?: Pick<ViewClient, 'id' | 'name'> },
  ): Response | Promise<Response>;
}

interface Cookie {
  read(c: Ctx): string | undefined;
  set(c: Ctx, value: string, maxAge: number): void;
  clear(c: Ctx): void;
}

interface Deps {
  flow: SignInFlow;
  signOut: SignOutService;
  refusals: Refusals;
  pages: Pages;
  cookies: { session: Cookie; browser: Cookie };
  metadata: Omit<Metadata, 'algs' | 'clientDocuments'> & { algs(): Metadata['algs']; clientDocuments(): boolean };
}

/**
 * As long as browsers keep a cookie. One that has none gets a new one with every request: of tabs that are opened together, all but the last would then
 * belong to another browser.
 */
const BROWSER_COOKIE_SECONDS = 400 * 24 * 60 * 60;
/** Together with the path this stays below what a URL may have. */
const MAX_PARAMETERS_LENGTH = 7500;

/** A redirect that is followed by GET (RFC 9700 section 4.12): 303 after a POST, since 302 leaves the method to the browser. */
const go = (c: Ctx, url: string): Response => {
  c.header('Cache-Control', 'no-store');
  c.header('Location', url);
  return c.body(null, c.req.method === 'POST' ? 303 : 302);
};

const queryOf = (c: Ctx): string => {
  const at = c.req.url.indexOf('?');
  return at < 0 ? '' : c.req.url.slice(at + 1);
};

/** RFC 6749 section 3.1: the query of a GET, the form of a POST. */
async function textOf(c: Ctx): Promise<string> {
  if (c.req.method !== 'POST') return queryOf(c);
  const type = c.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded')
    throw new OAuthError('invalid_request', 'the body must be application/x-www-form-urlencoded', { reason: 'content-type' });
  if (exchangeOf(c).garbled) throw notUtf8();
  return c.req.text();
}

function demandShort(text: string): void {
  if (text.length > MAX_PARAMETERS_LENGTH)
    throw new OAuthError('invalid_request', 'the request is too long', { reason: 'too-long', status: 413 });
}

/**
 * A form that another site posts comes without our cookies (SameSite=Lax). Sending the browser once around by GET brings them, so that somebody who
 * is signed in is known to be.
 */
const lacksCookies = (c: Ctx, { session, browser }: Deps['cookies']) =>
  c.req.method === 'POST' && session.read(c) === undefined && browser.read(c) === undefined;

/** The way around. Written anew: a body may hold what no header may, or what ends a query. */
function goAround(c: Ctx, path: string, text: string): Response {
  const query = new URLSearchParams(text).toString();
  demandShort(query);
  return go(c, `${path}?${query}`);
}

/** The front channel: `/authorize`, end of session, discovery. */
export function authorizeRoutes(app: OpenAPIHono<Env>, { flow, signOut, refusals, pages, cookies, metadata }: Deps): void {
  const problem = async (c: Ctx, error: OAuthError, text: string): Promise<Response> => {
    const { client } = error.about;
    // Whom to ask about it: the log names the application as the request did, known or not.
    const asked = new URLSearchParams(text);
    const named = asked.get('client_id');
    const told = client ?? (named ? { id: named.slice(0, 128) } : undefined);
    refusals.tell({ code: error.code, reason: error.reason, client: told, origin: originOf(c) });
    c.header('Cache-Control', 'no-store');
    const page = {
      reason: error.reason,
      error: error.code,
      description: error.description,
      status: 400,
      client: client && (await flow.shownClient(client.id)),
      requestId: shortId(c.var.requestId),
    } as const;
    return pages.error(c, page, { uiLocales: asked.get('ui_locales')?.split(' ') });
  };
  /** Mistakes that may not be sent to the application are shown here. */
  const shown = (handler: (c: Ctx, text: string) => Promise<Response>) => async (c: Ctx) => {
    let text = '';
    try {
      text = await textOf(c);
      return await handler(c, text);
    } catch (error) {
      if (error instanceof OAuthError) return problem(c, error, text);
      // Deleted since it was read: the same page as a moment later.
      if (vanished(error) !== undefined)
        return problem(c, new OAuthError('invalid_request', 'the client or the person is not known', { reason: 'vanished' }), text);
      throw error;
    }
  };

  const send = (c: Ctx, answer: Answer, client: { id: string; name: string }): Response | Promise<Response> => {
    if (answer.kind === 'redirect') return go(c, answer.url);
    c.header('Cache-Control', 'no-store');
    return pages.formPost(c, { ...answer, client });
  };
  const keepBrowser = (c: Ctx, value: string | undefined) => {
    if (value !== undefined) cookies.browser.set(c, value, BROWSER_COOKIE_SECONDS);
  };
  const settled = (c: Ctx, result: Authorized): Response | Promise<Response> => {
    switch (result.kind) {
      case 'answer':
        return send(c, result.answer, result.client);
      case 'interaction':
        keepBrowser(c, result.browser);
        return go(c, `/interaction?interaction=${encodeURIComponent(result.id)}`);
      case 'refused':
        keepBrowser(c, result.browser);
        c.header('Cache-Control', 'no-store');
        return pages.refused(c, result.view);
      case 'gone':
        c.header('Cache-Control', 'no-store');
        return pages.gone(c, result.view);
    }
  };

  const authorize = shown(async (c, text) => {
    // What came as a URL was short enough for one.
    if (c.req.method === 'POST') demandShort(text);
    const { parameters, repeated } = parseAuthorizationParameters(text);
    if (lacksCookies(c, cookies)) return goAround(c, ENDPOINTS.authorization, text);
    const from = { session: cookies.session.read(c), browser: cookies.browser.read(c), origin: originOf(c) };
    const id = parameters.get('interaction');
    if (id === undefined) return settled(c, await flow.authorize({ ...from, parameters, repeated }));
    return settled(c, await flow.resume({ ...from, parameters: parseParameters(text), id }));
  });
  app.get(ENDPOINTS.authorization, authorize);
  app.post(ENDPOINTS.authorization, authorize);

  const endSession = shown(async (c, text) => {
    const parameters = parseParameters(text);
    // Without a limit of its own: an ID token of somebody in many groups is longer than a URL, which is what the POST is for.
    if (lacksCookies(c, cookies)) return goAround(c, ENDPOINTS.endSession, text);
    const result = await signOut({ parameters, session: cookies.session.read(c), origin: originOf(c) });
    if (result.kind === 'done') {
      cookies.session.clear(c);
      forgetSignOutRefused(c);
    } else if (result.refused) tellSignOutRefused(c);
    return go(c, result.kind === 'done' && result.url !== undefined ? result.url : `${metadata.issuer}/logout`);
  });
  app.get(ENDPOINTS.endSession, endSession);
  app.post(ENDPOINTS.endSession, endSession);

  const documents = [false, true].map((clientDocuments) =>
    JSON.stringify(discoveryDocument({ ...metadata, algs: metadata.algs(), clientDocuments })),
  );
  const discovery = (c: Ctx) => {
    shareAnswer(c, 1);
    c.header('Content-Type', 'application/json');
    c.header('Cache-Control', 'public, max-age=300');
    return c.body(documents[metadata.clientDocuments() ? 1 : 0] as string);
  };
  app.get('/.well-known/openid-configuration', discovery);
  app.get('/.well-known/oauth-authorization-server', discovery);
}
