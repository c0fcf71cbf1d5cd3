import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as oidc from 'openid-client';
import type { Application } from './server.ts';

interface Begun {
  config: oidc.Configuration;
  checks: oidc.AuthorizationCodeGrantChecks;
  popup: boolean;
}
/** What an application has after a sign-in. */
export interface SignedIn {
  config: oidc.Configuration;
  tokens: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers;
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const page = (title: string, rest = '') =>
  `<!doctype html><html lang="en"><title>${escaped(title)}</title><h1>${escaped(title)}</h1>${rest}</html>`;

/**
 * An application on another site than PocketID (127.0.0.1, where PocketID is localhost), on `openid-client`. `/start` sends the browser off with
 * PKCE, state and nonce; what comes back is checked and redeemed.
 */
export async function startRelyingParty(issuer: string) {
  const origin = { url: '' };
  const begun = new Map<string, Begun>();
  const signedIn = new Map<string, SignedIn>();
  const configs = new Map<string, Promise<oidc.Configuration>>();

  const configOf = ({ id, secret }: Application) => {
    const known = configs.get(id) ?? oidc.discovery(new URL(issuer), id, secret, undefined, { execute: [oidc.allowInsecureRequests] });
    configs.set(id, known);
    return known;
  };
  const applications = new Map<string, Application>();

  const start = async (url: URL): Promise<string> => {
    const { client = '', popup, ...parameters } = Object.fromEntries(url.searchParams);
    const config = await configOf(applications.get(client)!);
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const state = parameters.state ?? oidc.randomState();
    const nonce = oidc.randomNonce();
    begun.set(state, {
      config,
      checks: { expectedState: state, expectedNonce: nonce, pkceCodeVerifier, idTokenExpected: true },
      popup: popup !== undefined,
    });
    return oidc.buildAuthorizationUrl(config, {
      redirect_uri: `${origin.url}/callback`,
      scope: 'openid profile email groups',
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...parameters,
      state,
    }).href;
  };

  const callback = async (received: URL | Request, state: string): Promise<string> => {
    const flow = begun.get(state);
    if (!flow) return page('Unknown state');
    const tokens = await oidc.authorizationCodeGrant(flow.config, received, flow.checks);
    const claims = tokens.claims();
    signedIn.set(String(claims?.sub), { config: flow.config, tokens });
    const title = `Hello ${claims?.preferred_username ?? claims?.sub}`;
    return flow.popup
      ? page(title, `<script>opener.postMessage(${JSON.stringify(title).replaceAll('<', '\\u003c')}, location.origin); close();</script>`)
      : page(title, `<pre>${escaped(JSON.stringify(claims))}</pre>`);
  };

  const POPUP = `<button>Sign in</button><output></output><script>
    document.querySelector('button').onclick = () => open('/start?popup=1&' + location.search.slice(1), 'sign-in', 'popup,width=480,height=640');
    addEventListener('message', (event) => { if (event.origin === location.origin) document.querySelector('output').textContent = event.data; });
  </script>`;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', origin.url);
    const html = (body: string, status = 200) => response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(body);
    if (url.pathname === '/start') return void response.writeHead(302, { location: await start(url) }).end();
    // A callback that hands its visitors on to another site of the application.
    if (url.pathname === '/callback-elsewhere')
      return void response.writeHead(302, { location: `http://localhost:${url.port}/callback${url.search}` }).end();
    if (url.pathname === '/popup') return void html(page('Popup', POPUP));
    if (url.pathname !== '/callback')
      return void html(page(url.pathname === '/signed-out' ? 'Signed out of the application' : 'The application'));
    const body = await new Response(request as unknown as ReadableStream).text();
    const parameters = request.method === 'POST' ? new URLSearchParams(body) : url.searchParams;
    const error = parameters.get('error');
    if (error) return void html(page(`Refused: ${error}`));
    const received =
      request.method === 'POST'
        ? new Request(url, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
        : url;
    html(await callback(received, parameters.get('state') ?? ''));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((cause) => response.writeHead(500, { 'content-type': 'text/html' }).end(page(`Failed: ${cause}`)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;

  return {
    url: origin.url,
    redirectUri: `${origin.url}/callback`,
    /** The address that begins a sign-in to an application; `parameters` go into the authorization request. */
    startUrl(application: Application, parameters: Record<string, string> = {}, path = '/start'): string {
      applications.set(application.id, application);
      return `${origin.url}${path}?${new URLSearchParams({ client: application.id, ...parameters })}`;
    },
    /** Tokens of the person's last sign-in. */
    of: (sub: string): SignedIn => {
      const found = signedIn.get(sub);
      if (!found) throw new Error(`${sub} is not signed in at the application`);
      return found;
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  };
}
export type RelyingParty = Awaited<ReturnType<typeof startRelyingParty>>;
