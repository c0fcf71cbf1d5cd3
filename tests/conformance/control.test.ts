import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import Provider from 'oidc-provider';
import { application, CALLBACK } from '../../src/testing/applications.ts';
import { person } from '../../src/testing/people.ts';
import { answerOf, relyingParty, sentBy } from '../../src/testing/relying-party.ts';
import { world } from '../../src/testing/world.ts';

/**
 * The same requests to us and to a certified provider. A row that fails at the control is a wrong expectation of ours; a row that fails only here is a
 * fault of ours.
 */

/** `code`, an OAuth error by redirect, `step` for a page that asks the person something, or `page` for an error nobody is redirected with. */
type Outcome = string;
/** Answers what becomes of an authorization request. */
type Ask = (parameters: Record<string, string | undefined>) => Promise<Outcome>;

const LOGGED_OUT = 'https://app.example.com/signed-out';
const REQUEST = {
  response_type: 'code',
  redirect_uri: CALLBACK,
  scope: 'openid',
  state: 'a-state-of-some-length',
  nonce: 'a-nonce-of-some-length',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
};

async function ours(t: TestContext, signedIn: boolean): Promise<Ask> {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const rp = await relyingParty(w, await application(w, { pkce_enabled: 1, logout_callback_urls: JSON.stringify([LOGGED_OUT]) }));
  if (signedIn) await rp.signIn(milton, { scope: 'openid' });
  w.clock.advance(2);
  return async (parameters) => {
    const url = new URL('/authorize', w.config.appUrl);
    for (const [name, value] of Object.entries({ client_id: rp.app.id, ...REQUEST, ...parameters }))
      if (value !== undefined) url.searchParams.set(name, value);
    const response = await rp.ask(milton, { url });
    const sent = await sentBy(w, response);
    if (sent) return answerOf(sent).get('error') ?? (answerOf(sent).has('code') ? 'code' : 'nothing');
    return response.headers.has('location') ? 'step' : 'page';
  };
}

/** A browser that keeps cookies. */
function visitor(origin: string) {
  const jar = new Map<string, string>();
  return async (path: string) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(path, origin), { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
}

/** Takes whatever step the provider asks for, as the same person. */
async function takeStep(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  const accountId = session?.accountId ?? 'milton';
  if (prompt.name === 'login') return provider.interactionFinished(request, response, { login: { accountId } });
  const grant = new provider.Grant({ accountId, clientId: String(params.client_id) });
  grant.addOIDCScope('openid');
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

async function control(t: TestContext, signedIn: boolean): Promise<Ask> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(origin, {
    clients: [{ client_id: 'app', client_secret: 'secret', redirect_uris: [CALLBACK], post_logout_redirect_uris: [LOGGED_OUT] }],
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    cookies: { keys: ['a key for the cookies of the control'] },
    findAccount: (_: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
  });
  const protocol = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/')) takeStep(provider, request, response).catch(() => response.writeHead(500).end());
    else protocol(request, response);
  });
  t.after(() => server.close());
  const visit = visitor(origin);
  const begin = (parameters: Record<string, string | undefined>) => {
    const sent = Object.entries({ client_id: 'app', ...REQUEST, ...parameters }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return visit(`/auth?${new URLSearchParams(sent)}`);
  };
  const onward = (response: Response) => new URL(response.headers.get('location') ?? '/', origin);
  if (signedIn) {
    let response = await begin({});
    for (let hops = 0; onward(response).origin === origin; hops++) {
      assert.ok(hops < 10, 'the control does not sign in');
      response = await visit(onward(response).href);
    }
  }
  return async (parameters) => {
    const response = await begin(parameters);
    if (!response.headers.has('location')) return 'page';
    const to = onward(response);
    if (to.origin === origin) return 'step';
    const answer = new URLSearchParams(to.hash ? to.hash.slice(1) : to.search);
    return answer.get('error') ?? (answer.has('code') ? 'code' : 'nothing');
  };
}

type Row = [module: string, parameters: Record<string, string | undefined>, outcome: Outcome];

const SIGNED_IN: Row[] = [
  ['oidcc-server', {}, 'code'],
  ['oidcc-ensure-request-without-nonce-succeeds-for-code-flow', { nonce: undefined }, 'code'],
  ['oidcc-display-page', { display: 'page' }, 'code'],
  ['oidcc-ui-locales', { ui_locales: 'se' }, 'code'],
  ['oidcc-login-hint', { login_hint: 'milton' }, 'code'],
  ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }, 'code'],
  ['oidcc-ensure-request-with-acr-values-succeeds', { acr_values: '1 2' }, 'code'],
  ['oidcc-prompt-none-logged-in', { prompt: 'none' }, 'code'],
  ['oidcc-prompt-login', { prompt: 'login' }, 'step'],
  ['oidcc-max-age-10000', { max_age: '10000' }, 'code'],
  ['max_age=0', { max_age: '0' }, 'step'],
  ['prompt=none with max_age=0', { max_age: '0', prompt: 'none' }, 'login_required'],
  ['prompt=consent', { prompt: 'consent' }, 'step'],
  ['response_mode=fragment', { response_mode: 'fragment' }, 'code'],
  ['oidcc-response-type-missing', { response_type: undefined }, 'invalid_request'],
  ['fapi2-…-ensure-response-type-token-fails', { response_type: 'token' }, 'unsupported_response_type'],
  ['oidcc-ensure-registered-redirect-uri', { redirect_uri: 'https://app.example.com/other' }, 'page'],
  ['oidcc-redirect-uri-query-added', { redirect_uri: `${CALLBACK}?x=1` }, 'page'],
  ['oidcc-ensure-redirect-uri-in-authorization-request', { redirect_uri: `${CALLBACK}#f` }, 'page'],
  ['unknown client', { client_id: 'unknown' }, 'page'],
  ['unknown client, prompt=none', { client_id: 'unknown', prompt: 'none' }, 'page'],
  ['oidcc-unsigned-request-object-…-rejected-as-unsupported', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
  ['oidcc-request-uri-…-rejected-as-unsupported', { request_uri: 'https://app.example.com/r' }, 'request_uri_not_supported'],
  ['registration', { registration: '{}' }, 'registration_not_supported'],
  ['prompt=none login', { prompt: 'none login' }, 'invalid_request'],
  ['max_age negative', { max_age: '-1' }, 'invalid_request'],
  ['fapi2-…-par-plain-pkce-rejected', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['PKCE without method', { code_challenge_method: undefined }, 'invalid_request'],
  ['fapi2-…-ensure-pkce-required', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
];

const NOBODY: Row[] = [
  ['oidcc-prompt-none-not-logged-in', { prompt: 'none' }, 'login_required'],
  ['oidcc-server', {}, 'step'],
  ['oidcc-ensure-registered-redirect-uri', { redirect_uri: 'https://evil.test/', prompt: 'none' }, 'page'],
];

for (const [name, subject] of [
  ['PocketID', ours],
  ['the control', control],
] as const)
  for (const [state, rows, signedIn] of [
    ['signed in', SIGNED_IN, true],
    ['nobody signed in', NOBODY, false],
  ] as const)
    test(`${name}, ${state}: ${rows.length} requests of the conformance modules have the outcome that is expected`, async (t) => {
      const ask = await subject(t, signedIn);
      const outcomes = [];
      for (const [module, parameters] of rows) outcomes.push(`${module}: ${await ask(parameters)}`);
      assert.deepEqual(
        outcomes,
        rows.map(([module, , outcome]) => `${module}: ${outcome}`),
      );
    });
