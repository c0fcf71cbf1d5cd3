import assert from 'node:assert/strict';
import { test } from 'node:test';
import { application, CALLBACK } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { answerOf, relyingParty, sentBy } from '../testing/relying-party.ts';
import { world } from '../testing/world.ts';

/** Someone signed in and known to the application, so that a request is answered at once. */
async function known(t: Parameters<typeof world>[0], over: Parameters<typeof application>[1] = {}) {
  const w = await world(t);
  const milton = await person(w, { username: 'milton', groups: ['familia'] });
  const rp = await relyingParty(w, await application(w, over));
  await rp.signIn(milton);
  return { w, milton, rp };
}

/** Each name is of the module it covers. */
const TOLERATED: [module: string, parameters: Record<string, string | undefined>][] = [
  ['oidcc-server', {}],
  ['oidcc-alternate-happy-flow', { scope: 'email openid profile groups' }],
  ['oidcc-ensure-request-without-nonce-succeeds-for-code-flow', { nonce: undefined }],
  ['oidcc-display-page', { display: 'page' }],
  ['oidcc-display-popup', { display: 'popup' }],
  ['oidcc-ui-locales', { ui_locales: 'se' }],
  ['oidcc-claims-locales', { claims_locales: 'se' }],
  ['oidcc-login-hint', { login_hint: 'milton@example.test' }],
  ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
  ['oidcc-claims-essential', { claims: '{"userinfo":{"name":{"essential":true}}}' }],
  ['a claims parameter that asks for what nobody knows', { claims: '{"userinfo":{"shoe_size":null,"__proto__":null},"other":1}' }],
  ['oidcc-scope-address, oidcc-scope-phone', { scope: 'openid address phone' }],
  ['oidcc-scope-all', { scope: 'openid profile email address phone' }],
  ['oidcc-prompt-none-logged-in', { prompt: 'none' }],
  ['oidcc-max-age-10000', { max_age: '10000' }],
  ['a max_age of more seconds than there will be', { max_age: '9'.repeat(400) }],
  ['a claims parameter with members that are null', { claims: '{"userinfo":null,"id_token":null}' }],
  ['a request without state', { state: undefined }],
  ['a request with a short state', { state: 'x' }],
  ['fapi2-…-ensure-authorization-request-with-long-state', { state: 's'.repeat(384) }],
  ['fapi2-…-ensure-authorization-request-with-long-nonce', { nonce: 'n'.repeat(384) }],
  ['without PKCE, where the application need not', { code_challenge: undefined, code_challenge_method: undefined }],
];

for (const [module, parameters] of TOLERATED)
  test(`${module}: is answered with a code that redeems`, async (t) => {
    const { milton, rp } = await known(t);
    const { steps, tokens, sent } = await rp.signIn(milton, parameters);
    assert.deepEqual(steps, []);
    assert.ok(tokens.id_token);
    const names = [...new URLSearchParams(sent.url.search).keys()].sort();
    assert.deepEqual(names, parameters.state === undefined && 'state' in parameters ? ['code', 'iss'] : ['code', 'iss', 'state']);
  });

test('oidcc-ensure-request-with-valid-pkce-succeeds, oidcc-server-client-secret-post', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const rp = await relyingParty(w, await application(w, { pkce_enabled: 1 }), { method: 'post' });
  assert.ok((await rp.signIn(milton)).tokens.id_token);
});

test('a public client signs in with PKCE alone', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const rp = await relyingParty(w, await application(w, { is_public: 1 }));
  assert.ok((await rp.signIn(milton)).tokens.id_token);
});

test('oidcc-ensure-request-with-acr-values-succeeds: a passkey answers phr, anything unknown 0', async (t) => {
  const { milton, rp } = await known(t);
  assert.equal((await rp.signIn(milton, { acr_values: 'phr 0' })).claims?.acr, 'phr');
  assert.equal((await rp.signIn(milton, { acr_values: '1 2' })).claims?.acr, '0');
  assert.equal((await rp.signIn(milton)).claims?.acr, undefined);
});

test('oidcc-formpost-basic: the answer is a form with code, state and iss, and nothing in the query', async (t) => {
  const { milton, rp } = await known(t);
  const { sent, tokens } = await rp.signIn(milton, { response_mode: 'form_post' });
  assert.equal(sent.url.href, CALLBACK);
  assert.deepEqual(Object.keys(sent.form ?? {}).sort(), ['code', 'iss', 'state']);
  assert.ok(tokens.id_token);
});

test('response_mode=fragment puts the answer behind the #', async (t) => {
  const { milton, rp } = await known(t);
  const { sent, tokens } = await rp.signIn(milton, { response_mode: 'fragment' });
  assert.equal(sent.url.search, '');
  assert.ok(new URLSearchParams(sent.url.hash.slice(1)).has('code'));
  assert.ok(tokens.id_token);
});

test('oidcc-ensure-post-request-succeeds: a form posted by another site, which brings no cookies, is answered to the person who is signed in', async (t) => {
  const { w, milton, rp } = await known(t);
  const { url, checks } = await rp.begin();
  const crossSite = await w.request('/authorize', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' },
    body: url.search.slice(1),
  });
  assert.equal(crossSite.status, 303);
  const sent = await sentBy(w, await milton.visit(crossSite.headers.get('location') ?? '', { site: 'cross-site' }));
  assert.ok(sent);
  assert.ok((await rp.exchange({ sent, checks })).id_token);
});

test('whatever a form of another site holds comes around by GET as it was posted', async (t) => {
  const { w, milton, rp } = await known(t);
  const { url } = await rp.begin({ state: undefined });
  for (const state of ['a#b', 'a\r\nSet-Cookie: x=y', 'später', '€ 😀', '\u00e9', 'a"<>\\']) {
    const posted = await w.request('/authorize', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site', origin: 'https://app.example.com' },
      body: `state=${state}&${url.searchParams}`,
    });
    assert.equal(posted.status, 303, state);
    const sent = await sentBy(w, await milton.visit(posted.headers.get('location') ?? '', { site: 'cross-site' }));
    assert.equal(sent && answerOf(sent).get('state'), state);
    const signOut = await w.request('/api/oidc/end-session', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `state=${state}`,
    });
    assert.equal(new URL(signOut.headers.get('location') ?? '', w.config.appUrl).searchParams.get('state'), state);
  }
});

test('SEC-017 a POST is answered with 303, so that nothing is posted on', async (t) => {
  const { milton, rp } = await known(t);
  const { url } = await rp.begin();
  const response = await milton.visit('/authorize', { form: Object.fromEntries(url.searchParams), site: 'same-origin' });
  assert.equal(response.status, 303);
  assert.ok(response.headers.get('location')?.startsWith(CALLBACK));
});

test('scopes nobody knows are dropped, and the token response says what is left', async (t) => {
  const { milton, rp } = await known(t);
  const { tokens } = await rp.signIn(milton, { scope: 'openid email admin:everything' });
  assert.equal(tokens.scope, 'openid email');
});

/** C8. */
const REFUSED: [module: string, parameters: Record<string, string | undefined>, error: string][] = [
  [
    'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported',
    { request: 'eyJhbGciOiJub25lIn0.eyJzY29wZSI6Im9wZW5pZCJ9.' },
    'request_not_supported',
  ],
  ['a signed request object', { request: 'eyJhbGciOiJSUzI1NiJ9.e30.AAAA' }, 'request_not_supported'],
  [
    'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported',
    { request_uri: 'https://app.example.com/r' },
    'request_uri_not_supported',
  ],
  ['SEC-021 request_uri of a canary', { request_uri: 'http://127.0.0.1:9/x' }, 'request_uri_not_supported'],
  ['SEC-021 request_uri of a file', { request_uri: 'file:///etc/passwd' }, 'request_uri_not_supported'],
  ['registration parameter', { registration: '{}' }, 'registration_not_supported'],
  ['oidcc-response-type-missing', { response_type: undefined }, 'invalid_request'],
  ['response_type=token', { response_type: 'token' }, 'unsupported_response_type'],
  ['fapi2-…-ensure-response-type-code-idtoken-fails', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ['response_mode unknown', { response_mode: 'web_message' }, 'invalid_request'],
  ['prompt=none login', { prompt: 'none login' }, 'invalid_request'],
  ['prompt unknown', { prompt: 'create' }, 'invalid_request'],
  ['max_age negative', { max_age: '-1' }, 'invalid_request'],
  ['max_age no number', { max_age: 'soon' }, 'invalid_request'],
  ['resource unknown', { resource: 'https://api.example.com' }, 'invalid_target'],
  ['resource malformed', { resource: 'x' }, 'invalid_target'],
  ['a claims parameter that is no JSON', { claims: '{' }, 'invalid_request'],
  ['a claims parameter that is a list', { claims: '[]' }, 'invalid_request'],
  ['a claims parameter whose member is no object', { claims: '{"userinfo":["name"]}' }, 'invalid_request'],
  ['a claim that is wished for by a word', { claims: '{"userinfo":{"name":"essential"}}' }, 'invalid_request'],
  ['a claim whose values are no list', { claims: '{"id_token":{"acr":{"values":"phr"}}}' }, 'invalid_request'],
  ['a subject that is no text', { claims: '{"id_token":{"sub":{"value":1}}}' }, 'invalid_request'],
  [
    'an essential acr nobody reaches',
    { claims: '{"id_token":{"acr":{"essential":true,"values":["gold"]}}}' },
    'unmet_authentication_requirements',
  ],
  ['SEC-033 PKCE plain', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['SEC-033 PKCE without method', { code_challenge_method: undefined }, 'invalid_request'],
  ['SEC-034 PKCE challenge of 42 characters', { code_challenge: 'a'.repeat(42) }, 'invalid_request'],
  ['SEC-034 PKCE challenge of 129 characters', { code_challenge: 'a'.repeat(129) }, 'invalid_request'],
  ['SEC-034 PKCE challenge that is no base64url', { code_challenge: `${'a'.repeat(42)}+` }, 'invalid_request'],
  ['PKCE method without challenge', { code_challenge: undefined }, 'invalid_request'],
];

for (const [module, parameters, error] of REFUSED)
  test(`${module}: is redirected with ${error}, state and iss, and no code`, async (t) => {
    const { w, milton, rp } = await known(t);
    const { url, checks } = await rp.begin(parameters);
    if ('response_type' in parameters && parameters.response_type === undefined) url.searchParams.delete('response_type');
    const sent = await sentBy(w, await rp.ask(milton, { url }));
    assert.ok(sent, 'goes back to the application');
    const answer = answerOf(sent);
    assert.equal(answer.get('error'), error);
    assert.equal(answer.get('state'), checks.expectedState);
    assert.equal(answer.get('iss'), w.config.appUrl);
    assert.deepEqual([...answer.keys()].sort(), ['error', 'error_description', 'iss', 'state']);
    assert.match(answer.get('error_description') ?? '', /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, 'RFC 6749 section 4.1.2.1');
  });

test('formpost oidcc-unsigned-request-object-…-rejected-as-unsupported: the refusal travels as the object itself asks', async (t) => {
  const w = await world(t);
  const app = await application(w);
  const object = `${btoa('{"alg":"none"}')}.${btoa('{"response_mode":"form_post","state":"inside","redirect_uri":"https://evil.test/"}')}.`;
  const query = new URLSearchParams({
    client_id: app.id,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid',
    request: object.replaceAll('=', ''),
  });
  const page = await (await w.request(`/authorize?${query}`)).text();
  assert.match(page, new RegExp(`<form [^>]*action="${CALLBACK}"`), 'posted to the address of the request, not of the object');
  assert.match(page, /name="error" value="request_not_supported"/);
  assert.match(page, /name="state" value="inside"/);
  assert.doesNotMatch(page, /evil/);
});

test('SEC-034 a public client without a challenge, or with an empty one, is refused', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const rp = await relyingParty(w, await application(w, { is_public: 1 }));
  for (const code_challenge of [undefined, '']) {
    const begun = await rp.begin({ code_challenge, code_challenge_method: 'S256' });
    const sent = await sentBy(w, await rp.ask(milton, begun));
    assert.equal(sent && answerOf(sent).get('error'), 'invalid_request');
  }
});

test('a client that has to push its requests may not send one through the browser', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const rp = await relyingParty(w, await application(w, { requires_par: 1 }));
  const sent = await sentBy(w, await rp.ask(milton, await rp.begin()));
  assert.equal(sent && answerOf(sent).get('error'), 'invalid_request');
});
