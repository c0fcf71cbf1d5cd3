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
