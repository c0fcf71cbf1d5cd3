import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test, { type TestContext } from 'node:test';
import { httpServer } from './platform/http/server.ts';
import { application, basic, codeFor, redeem } from './testing/applications.ts';
import { person } from './testing/people.ts';
import { type World, world } from './testing/world.ts';

/** The world behind the real server: answers a request's status and headers. */
async function served(t: TestContext, { app, config, log }: World) {
  const http = httpServer({ fetch: app.fetch, endpoints: app.endpoints, config, log, isUpload: () => false, secretPaths: [] });
  await http.listen(0, '127.0.0.1');
  t.after(() => http.drain(0));
  const { port } = http.server.address() as AddressInfo;
  return async (method: string, path: string, headers: Record<string, string | string[]> = {}, body = '') => {
    const sent = request({ port, method, path, headers: { host: new URL(config.appUrl).host, connection: 'close', ...headers } });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return {
      status: answer.statusCode,
      headers: new Headers(answer.headersDistinct as unknown as Record<string, string>),
      text: await text(answer),
    };
  };
}

/** What a connection adds, and what differs from request to request. */
const APART = new Set(['connection', 'keep-alive', 'date', 'content-length', 'transfer-encoding', 'x-request-id']);
const comparable = (headers: Headers) =>
  Object.fromEntries(
    [...headers].filter(([name]) => !APART.has(name)).map(([name, value]) => [name, value.replace(/'nonce-[^']+'/g, 'nonce')]),
  );

test('an answer over the wire has the headers that it has within the process', async (t) => {
  const w = await world(t);
  const over = await served(t, w);
  const requests = [
    ['GET', '/.well-known/openid-configuration'],
    ['GET', '/.well-known/jwks.json'],
    ['GET', '/api/oidc/userinfo'],
    ['POST', '/api/oidc/token'],
    ['GET', '/api/users'],
    ['GET', '/api/nothing'],
    ['OPTIONS', '/api/oidc/token'],
    ['PUT', '/api/oidc/token'],
    ['GET', '/login'],
    ['GET', '/healthz'],
  ] as const;
  for (const [method, path] of requests) {
    const within = await w.request(path, { method });
    // Twice, since the server may have kept the first answer.
    for (const answer of [await over(method, path), await over(method, path)]) {
      assert.equal(answer.status, within.status, path);
      assert.deepEqual(comparable(answer.headers), comparable(within.headers), path);
      assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/, path);
    }
  }
});

test('a protocol endpoint says the same over the wire as within the process, whatever it is sent', async (t) => {
  const w = await world(t);
  const over = await served(t, w);
  const app = await application(w);
  const { access_token: token } = (await redeem(w, app, await codeFor(w, app, await person(w, { username: 'zoë' })))).body;
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const authorization = basic(app);
  const requests: [string, string, Record<string, string>, string?][] = [
    ['GET', '/api/oidc/userinfo', { authorization: `Bearer ${token}` }],
    ['GET', `/api/oidc/userinfo?access_token=${token}`, {}],
    ['GET', `/api/oidc/userinfo?access_token=${token}`, { authorization: `Bearer ${token}` }],
    ['GET', '/api/oidc/userinfo?access_token=', {}],
    ['POST', '/api/oidc/userinfo', form, `access_token=${token}`],
    ['POST', '/api/oidc/introspect', { ...form, authorization }, `token=${token}`],
    ['POST', '/api/oidc/introspect', { ...form, authorization: `${authorization}x` }, `token=${token}`],
    ['POST', '/api/oidc/token', { ...form, authorization }, 'grant_type=authorization_code&code=%C3%A9'],
    ['POST', '/api/oidc/token', { ...form, authorization }, 'grant_type=refresh_token&grant_type=refresh_token'],
    ['POST', '/api/oidc/token', { 'content-type': 'application/json', authorization }, '{"grant_type":"client_credentials"}'],
    ['POST', '/api/oidc/revoke', { ...form, authorization }, 'token=nothing'],
    ['POST', '/api/oidc/par', { ...form, authorization }, 'response_type=code'],
    ['POST', '/api/oidc/device/authorize', { ...form, authorization }, 'scope=profile'],
  ];
  for (const [method, path, headers, body] of requests) {
    const within = await w.request(path, { method, headers, body });
    const answer = await over(method, path, headers, body);
    const what = `${method} ${path} ${body}`;
    assert.equal(answer.status, within.status, what);
    assert.deepEqual(comparable(answer.headers), comparable(within.headers), what);
    const shown = (json: string) =>
      json.replace(/"(?:iat|exp|jti|device_code|user_code|verification_uri_complete|request_uri)":[^,}]+/g, '');
    assert.equal(shown(answer.text), shown(await within.text()), what);
  }
});

test('two Authorization headers are neither of them, and HEAD is a GET without its body', async (t) => {
  const w = await world(t);
  const over = await served(t, w);
  const app = await application(w);
  const { access_token: token } = (await redeem(w, app, await codeFor(w, app, await person(w, { username: 'ann' })))).body;
  const bearer = `Bearer ${token}`;
  assert.equal((await over('GET', '/api/oidc/userinfo', { authorization: [bearer, bearer] })).status, 401);
  const whole = await over('GET', '/api/oidc/userinfo', { authorization: bearer });
  const head = await over('HEAD', '/api/oidc/userinfo', { authorization: bearer });
  assert.deepEqual([whole.status, head.status, head.text], [200, 200, '']);
  assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(whole.text)));
});

test('a failure of a protocol endpoint is told without what failed, and found by its id', async (t) => {
  const w = await world(t);
  const over = await served(t, w);
  const app = await application(w);
  const { schema } = w.database.db;
  await schema.alterTable('oauth_token').renameTo('gone').execute();
  const form = { 'content-type': 'application/x-www-form-urlencoded', authorization: basic(app) };
  const answer = await over('POST', '/api/oidc/introspect', form, 'token=x');
  await schema.alterTable('gone').renameTo('oauth_token').execute();
  assert.equal(answer.status, 500);
  assert.deepEqual(JSON.parse(answer.text), {
    error: 'Something went wrong',
    code: 'internal_error',
    request_id: answer.headers.get('x-request-id'),
  });
  assert.ok(w.log.lines.some((line) => line.level === 'error' && line.fields.request_id === answer.headers.get('x-request-id')));
});

const FINISH = '/api/webauthn/login/finish';
const CEREMONY = `__Host-session=${'A'.repeat(43)}`;
const JSON_TYPE = { 'content-type': 'application/json' };
const FOREIGN = { ...JSON_TYPE, 'sec-fetch-site': 'cross-site', cookie: CEREMONY };
const ELSEWHERE = { ...JSON_TYPE, origin: 'https://evil.test', cookie: CEREMONY };
/** What is sent to finish a sign-in, and the status and code that answer it. */
const FINISHES: [what: string, headers: Record<string, string>, body: string, status: number, code: string][] = [
  ['an object with nothing in it', { ...JSON_TYPE, cookie: CEREMONY }, '{}', 400, 'invalid_webauthn_response'],
  ['no cookie', JSON_TYPE, '{}', 400, 'missing_session_id'],
  ['two cookies of the name', { ...JSON_TYPE, cookie: `${CEREMONY}; ${CEREMONY}` }, '{}', 400, 'missing_session_id'],
  ['nothing', { cookie: CEREMONY }, '', 400, 'invalid_webauthn_response'],
  ['nothing, as JSON', { ...JSON_TYPE, cookie: CEREMONY }, '', 400, 'invalid_request_body'],
  ['broken JSON', JSON_TYPE, '{', 400, 'invalid_request_body'],
  ['a list', JSON_TYPE, '[]', 400, 'validation_failed'],
  ['null', JSON_TYPE, 'null', 400, 'validation_failed'],
  ['a number that is too large', { ...JSON_TYPE, cookie: CEREMONY }, '{"id":1e999}', 400, 'invalid_webauthn_response'],
  ['a NUL', JSON_TYPE, '{"a":{"b":["x","y\\u0000"]}}', 400, 'validation_failed'],
  ['a mark of the byte order', { ...JSON_TYPE, cookie: CEREMONY }, '\ufeff{}', 400, 'invalid_webauthn_response'],
  ['its charset', { 'content-type': 'application/json; charset=utf-8', cookie: CEREMONY }, '{}', 400, 'invalid_webauthn_response'],
  ['a type that is written in an odd way', { 'content-type': 'application/json ; charset=utf-8' }, '{}', 400, 'invalid_request_body'],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'a=b', 400, 'invalid_request_body'],
  ['text', { 'content-type': 'text/plain' }, '{}', 400, 'invalid_request_body'],
  ['no type', {}, '{}', 400, 'invalid_request_body'],
  ['a post from another site', FOREIGN, '{}', 403, 'cross_site_request'],
  ['a post from another site without cookies', { ...FOREIGN, cookie: '' }, '{}', 403, 'cross_site_request'],
  ['a post from another origin', ELSEWHERE, '{}', 403, 'cross_site_request'],
  ['a post from another origin to what looks like an address', { ...ELSEWHERE, host: '999.1.1.1:1411' }, '{}', 403, 'cross_site_request'],
  ['a page that asks for one', { ...FOREIGN, accept: 'text/html' }, '{}', 403, 'cross_site_request'],
];

test('the end of a sign-in is refused over the wire as within the process, whatever it is sent', async (t) => {
  const w = await world(t);
  const over = await served(t, w);
  const comparableLines = () => {
    const lines = w.log.lines.filter(({ level, message }) => level !== 'debug' && !message.startsWith('HTTP request'));
    return lines.map(({ message, fields: { request_id, ref, ...fields } }) => [message, fields]);
  };
  for (const [what, headers, body, status, code] of FINISHES) {
    w.log.lines.length = 0;
    const within = await w.request(FINISH, { method: 'POST', headers, body: body || undefined });
    const linesWithin = comparableLines();
    w.log.lines.length = 0;
    const answer = await over('POST', FINISH, { ...headers, 'content-length': String(Buffer.byteLength(body)) }, body);
    assert.deepEqual([answer.status, JSON.parse(answer.text).code], [status, code], what);
    assert.equal(within.status, status, what);
    assert.deepEqual(comparable(answer.headers), comparable(within.headers), what);
    const shown = (text: string) => ({ ...JSON.parse(text), request_id: '' });
    assert.deepEqual(shown(answer.text), shown(await within.text()), what);
    assert.equal(JSON.parse(answer.text).request_id, answer.headers.get('x-request-id'), what);
    assert.deepEqual(comparableLines(), linesWithin, what);
  }
});

test('the end of a sign-in over the wire sets the cookie that it sets within the process, and has its line in the log', async (t) => {
  const w = await world(t);
  const over = await served(t, w);
  const ann = await person(w, { username: 'zoë', groups: ['familia'] });
  const finish = async () => {
    const body = JSON.stringify(await ann.answersLogin());
    return over('POST', FINISH, { ...JSON_TYPE, cookie: `__Host-session=${ann.cookie('__Host-session')}` }, body);
  };
  const within = await ann.login();
  const answer = await finish();
  assert.deepEqual([answer.status, answer.text], [200, await within.text()]);
  const cookie = /^(__Host-access_token=)([\w-]{43,})(; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax)$/;
  const [, name, value, attributes] = cookie.exec(answer.headers.get('set-cookie') ?? '') ?? [];
  assert.deepEqual([name, attributes], [name, cookie.exec(within.headers.get('set-cookie') ?? '')?.[3]]);
  assert.equal((await over('GET', '/api/users/me', { cookie: `${name}${value}` })).status, 200);
  const others = (headers: Headers) => comparable(new Headers([...headers].filter(([header]) => header !== 'set-cookie')));
  assert.deepEqual(others(answer.headers), others(within.headers));
  const line = w.log.lines.find(({ fields }) => fields.request_id === answer.headers.get('x-request-id'));
  assert.deepEqual([line?.message, line?.fields.route, line?.fields.status], ['HTTP request completed', FINISH, 200]);

  // The session is begun: whoever is told of a failure afterwards has it all the same.
  const { schema } = w.database.db;
  await schema.alterTable('user_group_member').renameTo('gone').execute();
  const failed = await finish();
  await schema.alterTable('gone').renameTo('user_group_member').execute();
  assert.deepEqual([failed.status, JSON.parse(failed.text).code], [500, 'internal_error']);
  assert.match(failed.headers.get('set-cookie') ?? '', cookie);
});

test('ends of sign-ins are counted in one bucket, whichever way they come, and what is no end of one is answered as before', async (t) => {
  const w = await world(t, { disableRateLimiting: false });
  const over = await served(t, w);
  const sent = async (wire: boolean) =>
    wire ? over('POST', FINISH, JSON_TYPE, '{}') : w.request(FINISH, { method: 'POST', headers: JSON_TYPE, body: '{}' });
  for (let i = 0; i < 10; i++) assert.equal((await sent(i % 2 === 0)).status, 400);
  const limited = await over('POST', FINISH, { 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site' }, '{}');
  assert.deepEqual([limited.status, JSON.parse(limited.text).code, limited.headers.get('retry-after')], [429, 'rate_limited', '5']);
  assert.equal((await sent(false)).status, 429);
  w.clock.advance(5);
  assert.equal((await sent(true)).status, 400);

  for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) {
    const { status, headers } = await over(method, FINISH);
    assert.deepEqual([status, headers.get('allow')], [405, 'POST'], method);
  }
  assert.equal((await over('POST', `${FINISH}/`)).status, 404);
  const large = await over('POST', FINISH, { ...JSON_TYPE, 'content-length': '70000' }, 'x'.repeat(70_000));
  assert.deepEqual([large.status, JSON.parse(large.text).code], [413, 'body_too_large']);
});
