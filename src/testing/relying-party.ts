import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import { type Application, CALLBACK } from './applications.ts';
import type { Browser } from './browser.ts';
import type { World } from './world.ts';

/** Who stands at a browser. `signIn` signs them in in it. */
export interface Visitor extends Pick<Browser, 'visit' | 'request'> {
  signIn(options?: { amr?: 'phr' | 'otp' }): Promise<void>;
}

/** What a browser was told to send to the application: a URL to go to, or a form to post. */
export interface Sent {
  url: URL;
  /** form_post only. */
  form?: Record<string, string>;
}

/** An authorization request and what its answer has to fit. */
export interface Begun {
  url: URL;
  checks: oidc.AuthorizationCodeGrantChecks & { expectedState: string; expectedNonce: string; pkceCodeVerifier: string };
}

export type Step = 'authenticate' | 'select_account' | 'reauthenticate' | 'consent';

const unescaped = (html: string) =>
  html.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name] ?? "'");

/** The form of a form_post page; undefined when the page has none that leaves us. */
export function formOf(html: string): { action: string; fields: Record<string, string> } | undefined {
  const form = [...html.matchAll(/<form[^>]*action="(\w[\w+.-]*:[^"]*)"[^>]*>(.*?)<\/form>/gs)][0];
  if (!form) return undefined;
  const fields = [...(form[2] ?? '').matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
  return {
    action: unescaped(form[1] ?? ''),
    fields: Object.fromEntries(fields.map(([, name = '', value = '']) => [name, unescaped(value)])),
  };
}

/** The answer in a response of ours: a redirect to another site, or a page that posts a form to one. */
export async function sentBy(world: World, response: Response): Promise<Sent | undefined> {
  const location = response.headers.get('location');
  if (location !== null) {
    const url = new URL(location, world.config.appUrl);
    return url.origin === new URL(world.config.appUrl).origin ? undefined : { url };
  }
  const form = response.status === 200 ? formOf(await response.clone().text()) : undefined;
  return form && { url: new URL(form.action), form: form.fields };
}

/** Parameters of an answer, wherever they stand. */
export const answerOf = ({ url, form }: Sent): URLSearchParams =>
  form ? new URLSearchParams(form) : new URLSearchParams(url.hash ? url.hash.slice(1) : url.search);

/**
 * `openid-client` as the application, and the walk of a person's browser through our steps. The steps are taken by the JSON API of interactions, each as
 * the person would take it.
 */
export async function relyingParty(world: World, app: Application, { method = 'basic' as 'basic' | 'post' } = {}) {
  const fetch: oidc.CustomFetch = async (url, options) => world.app.request(url, options as RequestInit);
  const authentication = app.isPublic
    ? oidc.None()
    : method === 'basic'
      ? oidc.ClientSecretBasic(app.secret)
      : oidc.ClientSecretPost(app.secret);
  const discovered = await oidc.discovery(new URL(world.config.appUrl), app.id, undefined, authentication, { [oidc.customFetch]: fetch });
  /** Checks times against the world's clock, wherever that is by now. */
  const config = () => {
    const skew = world.clock.now() - Math.floor(Date.now() / 1000);
    const configuration = new oidc.Configuration(discovered.serverMetadata(), app.id, { [oidc.clockSkew]: skew }, authentication);
    configuration[oidc.customFetch] = fetch;
    return configuration;
  };

  /** A request with state, nonce and PKCE; `undefined` leaves a parameter out. */
  const begin = async (parameters: Record<string, string | undefined> = {}): Promise<Begun> => {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const all: Record<string, string | undefined> = {
      redirect_uri: CALLBACK,
      scope: 'openid profile email groups',
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...parameters,
    };
    const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const url = oidc.buildAuthorizationUrl(config(), Object.fromEntries(sent));
    const checks = {
      expectedState: all.state,
      expectedNonce: all.nonce,
      pkceCodeVerifier: all.code_challenge === undefined ? undefined : pkceCodeVerifier,
      idTokenExpected: all.scope?.includes('openid'),
    } as Begun['checks'];
    return { url, checks };
  };

  /** The browser goes to our authorization endpoint. */
  const ask = (visitor: Pick<Visitor, 'visit'>, { url }: Pick<Begun, 'url'>) => visitor.visit(url.href, { site: 'cross-site' });

  /**
   * Follows our redirects and takes steps until the application gets its answer; `steps` says which were taken. A person who has to prove themselves does
   * so by `signIn`.
   */
  const walk = async (visitor: Visitor, first: Response): Promise<{ sent: Sent; steps: Step[] }> => {
    const steps: Step[] = [];
    let response = first;
    for (let hops = 0; hops < 12; hops++) {
      const sent = await sentBy(world, response);
      if (sent) return { sent, steps };
      const location = response.headers.get('location');
      assert.ok(location, `neither an answer nor a step: ${response.status} ${(await response.text()).slice(0, 300)}`);
      const id = new URL(location, world.config.appUrl).searchParams.get('interaction');
      if (!location.includes('/interaction')) response = await visitor.visit(location);
      else response = await step(visitor, id ?? '', steps);
    }
    throw new Error('the interaction does not end');
  };

  const step = async (visitor: Visitor, id: string, steps: Step[]): Promise<Response> => {
    const { currentStep } = (await (await visitor.request(`/api/oidc/interactions/${id}`)).json()) as { currentStep: Step };
    if (currentStep === 'authenticate' || currentStep === 'reauthenticate') await visitor.signIn();
    const done = await visitor.request(`/api/oidc/interactions/${id}/complete`, { method: 'POST', json: { step: currentStep } });
    const body = (await done.json()) as { redirectUrl?: string };
    assert.equal(done.status, 200, JSON.stringify(body));
    steps.push(currentStep);
    return new Response(null, { status: 302, headers: { location: body.redirectUrl ?? `/interaction?interaction=${id}` } });
  };

  /** From the request to the answer. */
  const authorize = async (visitor: Visitor, parameters: Record<string, string | undefined> = {}) => {
    const begun = await begin(parameters);
    return { ...begun, ...(await walk(visitor, await ask(visitor, begun))) };
  };

  /** Redeems the code of an answer, after checking it as OpenID Connect demands. */
  const exchange = ({ sent, checks }: { sent: Sent; checks: Begun['checks'] }, parameters?: Record<string, string>) => {
    const received = sent.form
      ? new Request(sent.url, { method: 'POST', body: new URLSearchParams(sent.form) })
      : sent.url.hash
        ? new URL(`${sent.url.origin}${sent.url.pathname}?${sent.url.hash.slice(1)}`)
        : sent.url;
    return oidc.authorizationCodeGrant(config(), received, checks, parameters);
  };

  return {
    app,
    config,
    begin,
    ask,
    walk,
    authorize,
    exchange,
    /** The whole way: tokens, and which steps the person had to take. */
    async signIn(visitor: Visitor, parameters: Record<string, string | undefined> = {}) {
      const answered = await authorize(visitor, parameters);
      const tokens = await exchange(answered);
      return { ...answered, tokens, claims: tokens.claims() };
    },
    refresh: (refreshToken: string, parameters?: Record<string, string>) => oidc.refreshTokenGrant(config(), refreshToken, parameters),
    userInfo: (accessToken: string, subject: string) => oidc.fetchUserInfo(config(), accessToken, subject),
    endSessionUrl: (parameters: Record<string, string>) => oidc.buildEndSessionUrl(config(), parameters),
  };
}
export type RelyingParty = Awaited<ReturnType<typeof relyingParty>>;
