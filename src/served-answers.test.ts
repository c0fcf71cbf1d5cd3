import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { httpServer } from './platform/http/server.ts';
import { type World, world } from './testing/world.ts';

/** The world behind the real server: answers a request's status and headers. */
async function served(t: TestContext, { app, config, log }: World) {
  const http = httpServer({ fetch: app.fetch, endpoints: app.endpoints, config, log, isUpload: () => false, secretPaths: [] });
  await http.listen(0, '127.0.0.1');
  t.after(() => http.drain(0));
  const { port } = http.server.address() as AddressInfo;
  return async (method: string, path: string) => {
    const sent = request({ port, method, path, headers: { host: new URL(config.appUrl).host, connection: 'close' } });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    return { status: answer.statusCode, headers: new Headers(answer.headersDistinct as unknown as Record<string, string>) };
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
