import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as oidc from 'openid-client';
import { application, basic, CALLBACK, codeFor, post, redeem, token } from '../testing/applications.ts';
import { browser } from '../testing/browser.ts';
import { person } from '../testing/people.ts';
import { answerOf, relyingParty, sentBy } from '../testing/relying-party.ts';
import { type World, world } from '../testing/world.ts';

const PREFIX = 'urn:ietf:params:oauth:request_uri:';
const CHALLENGE = 'a'.repeat(43);
const REQUEST = {
  response_type: 'code',
  redirect_uri: CALLBACK,
  scope: 'openid email',
  state: 'a-state',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

async function setting(t: TestContext, over: Parameters<typeof application>[1] = {}) {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const app = await application(w, { requires_par: 1, ...over });
  const rp = await relyingParty(w, app);
  const push = (fields: Record<string, string | undefined> = {}) =>
    app.isPublic
      ? post(w, '/api/oidc/par', { ...REQUEST, client_id: app.id, ...fields })
      : post(w, '/api/oidc/par', { ...REQUEST, ...fields }, { authorization: basic(app) });
  const pushed = async (fields: Record<string, string | undefined> = {}) => (await push(fields)).body.request_uri as string;
  return { w, milton, app, rp, push, pushed };
}

const authorizeUrl = (clientId: string, requestUri: string, more: Record<string, string> = {}) =>
  `/authorize?${new URLSearchParams({ client_id: clientId, request_uri: requestUri, ...more })}`;

/** What a browser with a session and standing consent gets: the answer for the application, or the page's status. */
const outcome = async (w: World, visitor: { visit: ReturnType<typeof browser>['visit'] }, url: string) => {
  const response = await visitor.visit(url, { site: 'cross-site' });
  const sent = await sentBy(w, response);
  return sent ? answerOf(sent) : response;
};

test('fapi2-…-happy-flow: a client that has to push its requests signs a person in', async (t) => {
  const { w, milton, rp } = await setting(t);
  const { url, checks } = await rp.begin();
  const reference = await oidc.buildAuthorizationUrlWithPAR(rp.config(), url.searchParams);
  assert.deepEqual([...reference.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  const { sent } = await rp.walk(milton, await rp.ask(milton, { url: reference }));
  const tokens = await rp.exchange({ sent, checks });
  assert.equal(tokens.claims()?.sub, milton.id);
  const metadata = (await (await w.request('/.well-known/openid-configuration')).json()) as Record<string, unknown>;
  assert.equal(metadata.pushed_authorization_request_endpoint, `${w.config.appUrl}/api/oidc/par`);
});

test('a push is answered 201 with a reference that nobody can guess, good for ninety seconds', async (t) => {
  const { w, push } = await setting(t);
  const { status, body, headers } = await push();
  assert.deepEqual([status, body.expires_in, headers.get('cache-control')], [201, 90, 'no-store']);
  assert.match(body.request_uri, new RegExp(`^${PREFIX}[A-Za-z0-9_-]{43}$`));
  const row = await w.database.db.selectFrom('pushed_request').selectAll().executeTakeFirstOrThrow();
  assert.ok(!JSON.stringify(row).includes(body.request_uri.slice(PREFIX.length)), 'stored as a hash');
});

test('what proves the client is not stored with its request', async (t) => {
  const { w, app } = await setting(t);
  const answer = await post(w, '/api/oidc/par', { ...REQUEST, client_id: app.id, client_secret: app.secret });
  assert.equal(answer.status, 201);
  const { parameters } = await w.database.db.selectFrom('pushed_request').select('parameters').executeTakeFirstOrThrow();
  assert.deepEqual(JSON.parse(parameters), { ...REQUEST, client_id: app.id });
});

test('fapi2-…-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds: the browser that began may come again, no other', async (t) => {
  const { w, milton, app, rp, pushed } = await setting(t);
  const url = authorizeUrl(app.id, await pushed());
  assert.match((await milton.visit(url)).headers.get('location') ?? '', /^\/interaction\?/);
  assert.equal((await browser(w).visit(url)).status, 400, 'another browser');
  assert.equal((await milton.otherBrowser().visit(url)).status, 400);
  const { sent } = await rp.walk(milton, await milton.visit(url));
  assert.ok(answerOf(sent).has('code'));
});

test('fapi2-…-par-attempt-reuse-request_uri: an answered request is not answered again', async (t) => {
  const { w, milton, app, rp, pushed } = await setting(t);
  const first = authorizeUrl(app.id, await pushed());
  const begun = await milton.visit(first);
  const second = await milton.visit(first);
  await rp.walk(milton, begun);
  const again = await milton.visit(first);
  assert.equal(again.status, 400, 'to the browser that has the answer');
  assert.match(await again.text(), /<h1>This sign-in is over<.*begin again where you came from/s);
  const late = new URL(second.headers.get('location') ?? '', w.config.appUrl);
  const resumed = await milton.visit(`/authorize?interaction=${late.searchParams.get('interaction')}`);
  assert.equal(await sentBy(w, resumed), undefined, 'nor by the other interaction it began');
  assert.equal((await w.database.db.selectFrom('oauth_grant').selectAll().execute()).length, 1);
});

test('a pushed request that is silently refused is answered once as well', async (t) => {
  const { w, milton, app, pushed } = await setting(t);
  await milton.visit(authorizeUrl(app.id, await pushed()));
  await milton.signIn();
  await w.database.db.updateTable('client').set({ is_group_restricted: 1 }).where('id', '=', app.id).execute();
  const url = authorizeUrl(app.id, await pushed({ prompt: 'none' }));
  const refused = await sentBy(w, await milton.visit(url));
  assert.equal(refused && answerOf(refused).get('error'), 'access_denied');
  assert.equal((await milton.visit(url)).status, 400);
});

test('twenty browsers and windows that bring one reference at once get one code', async (t) => {
  const { w, milton, app, rp, pushed } = await setting(t);
  await rp.walk(milton, await milton.visit(authorizeUrl(app.id, await pushed())));
  const url = authorizeUrl(app.id, await pushed());
  const visitors = Array.from({ length: 20 }, (_, n) => (n % 2 ? milton : milton.otherBrowser()));
  await Promise.all(visitors.map((visitor) => visitor.signIn()));
  const answers = await Promise.all(visitors.map((visitor) => outcome(w, visitor, url)));
  assert.equal(answers.filter((answer) => answer instanceof URLSearchParams && answer.has('code')).length, 1);
});

test('fapi2-…-par-attempt-to-use-expired-request_uri: read by its time, although nothing was swept', async (t) => {
  const { w, milton, app, pushed } = await setting(t);
  const good = await pushed();
  w.clock.advance(89);
  const late = await pushed();
  assert.equal((await milton.visit(authorizeUrl(app.id, good))).status, 302);
  w.clock.advance(90);
  const page = await milton.visit(authorizeUrl(app.id, late));
  assert.deepEqual([page.status, page.headers.get('location')], [400, null]);
  assert.match(await page.text(), /invalid_request_uri/);
});

test('an interaction that outlives its reference is answered', async (t) => {
  const { w, milton, app, rp, pushed } = await setting(t);
  const begun = await milton.visit(authorizeUrl(app.id, await pushed()));
  w.clock.advance(1800);
  await w.app.services.pushed.sweep(w.clock.now());
  assert.ok(answerOf((await rp.walk(milton, begun)).sent).has('code'));
});

test('fapi2-…-par-attempt-to-use-request_uri-for-different-client', async (t) => {
  const { w, milton, app, pushed } = await setting(t);
  const other = await application(w, { name: 'Other' });
  const reference = await pushed();
  assert.equal((await milton.visit(authorizeUrl(other.id, reference))).status, 400);
  assert.equal((await milton.visit(`/authorize?${new URLSearchParams({ request_uri: reference })}`)).status, 400, 'without client_id');
  assert.equal((await milton.visit(authorizeUrl(app.id, reference))).status, 302, 'its owner’s is not burnt by that');
});

test('what the browser brings beside the reference does not count', async (t) => {
  const { w, milton, app, rp, pushed } = await setting(t);
  await rp.walk(milton, await milton.visit(authorizeUrl(app.id, await pushed())));
  const more = {
    state: 'another',
    scope: 'openid groups',
    redirect_uri: 'https://evil.example/cb',
    response_mode: 'fragment',
    prompt: 'none',
  };
  const answer = await outcome(w, milton, authorizeUrl(app.id, await pushed(), more));
  assert.ok(answer instanceof URLSearchParams);
  assert.equal(answer.get('state'), 'a-state');
  const { scope } = await w.database.db.selectFrom('oauth_grant').select('scope').orderBy('created_at', 'desc').executeTakeFirstOrThrow();
  assert.equal(scope, 'openid email');
});

test('fapi2-…-par-authorization-request-containing-request_uri-form-param', async (t) => {
  const { push, pushed } = await setting(t);
  for (const request_uri of [await pushed(), 'https://app.example.com/request', 'file:///etc/passwd']) {
    const { status, body } = await push({ request_uri });
    assert.deepEqual([status, body.error], [400, 'invalid_request']);
  }
});

test('fapi2-…-par-attempt-invalid-http-method', async (t) => {
  const { w } = await setting(t);
  for (const method of ['GET', 'PUT', 'DELETE']) assert.equal((await w.request('/api/oidc/par', { method })).status, 405, method);
});

/** Each row: what is pushed in place of a good request, and the error of the answer. */
const REFUSED: [module: string, fields: Record<string, string | undefined>, error: string][] = [
  ['fapi2-…-par-ensure-pkce-required', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  ['fapi2-…-par-plain-pkce-rejected', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['fapi2-…-ensure-request-object-without-redirect-uri-fails', { redirect_uri: undefined }, 'invalid_request'],
  ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example/cb' }, 'invalid_request'],
  ['fapi2-…-ensure-response-type-code-idtoken-fails', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ['fapi2-…-ensure-response-type-token-fails', { response_type: 'token' }, 'unsupported_response_type'],
  ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
  ['prompt=none login', { prompt: 'none login' }, 'invalid_request'],
  ['claims that are no JSON', { claims: '{' }, 'invalid_request'],
  ['an API that is not there', { resource: 'https://api.example.com' }, 'invalid_target'],
];
for (const [module, fields, error] of REFUSED)
  test(`${module}: is refused when it is pushed`, async (t) => {
    const { push } = await setting(t, { is_public: 1 });
    const { status, body } = await push(fields);
    assert.deepEqual([status, body.error], [400, error]);
    assert.deepEqual(Object.keys(body).sort(), ['error', 'error_description']);
  });

test('fapi2-…-par-without-duplicate-parameters', async (t) => {
  const { w, app } = await setting(t);
  const body = `${new URLSearchParams(REQUEST)}&state=twice`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: basic(app) };
  assert.equal((await w.request('/api/oidc/par', { method: 'POST', headers, body })).status, 400);
});

test('only the client itself pushes its requests', async (t) => {
  const { w, app } = await setting(t);
  for (const [fields, headers] of [
    [{ ...REQUEST, client_id: app.id }, {}],
    [{ ...REQUEST, client_id: app.id, client_secret: 'wrong' }, {}],
    [REQUEST, { authorization: basic({ id: 'nobody', secret: 'x' }) }],
    [REQUEST, {}],
  ] as [Record<string, string>, Record<string, string>][]) {
    const { status, body } = await post(w, '/api/oidc/par', fields, headers);
    assert.deepEqual([status, body.error], [401, 'invalid_client']);
  }
});

test('fapi2-…-ensure-unsigned-authorization-request-without-using-par-fails', async (t) => {
  const { w, milton, rp } = await setting(t);
  const sent = await sentBy(w, await rp.ask(milton, await rp.begin()));
  assert.equal(sent && answerOf(sent).get('error'), 'invalid_request');
});

test('a client that was changed since it pushed is judged as it is now', async (t) => {
  const { w, milton, app, pushed } = await setting(t);
  const reference = await pushed();
  await w.database.db.updateTable('client').set({ callback_urls: '["https://new.example.com/cb"]' }).where('id', '=', app.id).execute();
  const page = await milton.visit(authorizeUrl(app.id, reference));
  assert.deepEqual([page.status, page.headers.get('location')], [400, null]);
});

test('SEC-021 a request_uri that was not pushed here is refused and never fetched', async (t) => {
  const fetched: string[] = [];
  const fetchPublic = (async (url: string) => {
    fetched.push(url);
    throw new Error('nothing is to be fetched');
  }) as never;
  const w = await world(t, {}, { fetchPublic });
  const app = await application(w);
  const visitor = browser(w);
  for (const uri of ['http://127.0.0.1:9/x', 'file:///etc/passwd', 'https://app.example.com/r', 'urn:example:other', `${PREFIX}unknown`]) {
    const page = await visitor.visit(authorizeUrl(app.id, uri));
    assert.deepEqual([page.status, page.headers.get('location')], [400, null], uri);
    assert.match(await page.text(), /invalid_request_uri|request_uri_not_supported/, uri);
  }
  assert.deepEqual(fetched, []);
});

test('SEC-042 a pushed request opens /authorize and nothing else, and no other value passes for one', async (t) => {
  const { w, milton, app, pushed } = await setting(t);
  const reference = await pushed();
  for (const value of [reference, reference.slice(PREFIX.length)]) {
    for (const fields of [
      { grant_type: 'authorization_code', code: value, redirect_uri: CALLBACK, code_verifier: CHALLENGE },
      { grant_type: 'refresh_token', refresh_token: value },
      { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: value },
    ])
      assert.equal((await token(w, app, fields)).body.error, 'invalid_grant');
    const bearer = { headers: { authorization: `Bearer ${value}`, 'x-api-key': value, cookie: `__Host-access_token=${value}` } };
    assert.equal((await w.request('/api/oidc/userinfo', bearer)).status, 401);
    assert.equal((await w.request('/api/users/me', bearer)).status, 401);
    assert.equal((await milton.visit(`/authorize?interaction=${encodeURIComponent(value)}`)).headers.get('location'), null);
  }
  const code = await codeFor(w, app, milton);
  const { body } = await redeem(w, app, await codeFor(w, app, milton));
  for (const value of [code.code, body.access_token, body.refresh_token])
    assert.equal((await milton.visit(authorizeUrl(app.id, PREFIX + value))).status, 400);
  assert.equal((await milton.visit(authorizeUrl(app.id, reference))).status, 302);
});
