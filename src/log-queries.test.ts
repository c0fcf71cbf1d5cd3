import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { createApp } from './app.ts';
import { httpServer } from './platform/http/server.ts';
import { createLog } from './platform/log.ts';
import { systemRandom } from './platform/random.ts';
import { testDatabase } from './platform/testing/database.ts';
import { application, basic } from './testing/applications.ts';
import { sharedKeys } from './testing/keys.ts';
import { person } from './testing/people.ts';
import { settableClock, testConfig, type World } from './testing/world.ts';

/** What a client may put anywhere, hoping for a line that looks like a failure. */
const BAIT = 'error unauthorized';

/** The whole program behind the real server, with the lines that it would write. */
async function running(t: TestContext, logJson: boolean) {
  const clock = settableClock();
  const lines: string[] = [];
  const log = createLog({ logLevel: 'debug', logJson }, { write: (line: string) => lines.push(line) });
  const database = await testDatabase(clock, undefined, { reuse: true });
  const config = testConfig({ appUrl: 'http://localhost:1411', internalAppUrl: 'http://localhost:1411', logJson, logQueryArgs: true });
  const app = await createApp({ config, database, clock, random: systemRandom, log, generateKey: sharedKeys() });
  const http = httpServer({ fetch: app.fetch, endpoints: app.endpoints, config, log, isUpload: () => false, secretPaths: [] });
  await http.listen(0, '127.0.0.1');
  t.after(async () => {
    await http.drain(0);
    await app.close();
  });
  const { port } = http.server.address() as { port: number };
  const world = { app, config, clock, database } as unknown as World;
  /** Sends a request that carries the bait wherever it may, and answers every line about it. */
  const ask = async (path: string, init: RequestInit = {}) => {
    const url = new URL(path, `http://localhost:${port}`);
    url.searchParams.append('note', BAIT);
    const headers = { 'user-agent': BAIT, referer: 'https://error.unauthorized.test/', ...(init.headers as Record<string, string>) };
    const response = await fetch(url, { redirect: 'manual', ...init, headers });
    const text = await response.text();
    const id = response.headers.get('x-request-id') ?? 'none';
    // The request's own line is written when the connection has taken the answer.
    while (!lines.some((line) => line.includes(id) && line.includes('HTTP request completed'))) await new Promise(setImmediate);
    return { status: response.status, text, lines: lines.filter((line) => line.includes(id)) };
  };
  return { world, ask, lines, database };
}

/** The two queries of the runbook: `{container="pocketid"} |= "error"` and `|= "unauthorized"`; also as somebody who ignores case would ask. */
const found = (lines: readonly string[], word: string) => lines.filter((line) => line.toLowerCase().includes(word));

const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };

const ASSERTION = 'client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c';

for (const logJson of [false, true]) {
  const kind = logJson ? 'JSON' : 'text';

  test(`what went well is found by neither query, whatever the client calls itself (${kind})`, async (t) => {
    const { ask, lines, world } = await running(t, logJson);
    assert.deepEqual([found(lines, 'error'), found(lines, 'unauthorized')], [[], []], 'the start');
    const key = { 'x-api-key': world.config.staticApiKey ?? '' };
    const user = JSON.stringify({
      username: 'error',
      firstName: BAIT,
      lastName: BAIT,
      displayName: BAIT,
      email: 'unauthorized@example.test',
    });
    const requests: [string, RequestInit, number][] = [
      ['/.well-known/openid-configuration', {}, 200],
      ['/api/users', { method: 'POST', headers: { ...key, ...json }, body: user }, 201],
      ['/api/users', { headers: key }, 200],
      ['/login', {}, 200],
      ['/error/unauthorized', {}, 404],
      ['/api/error/unauthorized', {}, 404],
      ['/api/users', { method: 'POST', headers: { ...key, ...json }, body: '{"username":"error unauthorized"}' }, 400],
      ['/api/users', { method: 'POST', headers: { ...key, 'content-type': 'error/unauthorized' }, body: 'x' }, 400],
      ['/a/..%2ferror', {}, 400],
    ];
    for (const [path, init, status] of requests) {
      const answer = await ask(path, init);
      assert.equal(answer.status, status, path);
      assert.ok(answer.lines.length > 0, path);
      assert.deepEqual([found(answer.lines, 'error'), found(answer.lines, 'unauthorized')], [[], []], path);
    }
  });

  test(`every refusal is found by "unauthorized" with its reason and request id, and not by "error" (${kind})`, async (t) => {
    const { ask, world } = await running(t, logJson);
    const app = await application(world, {});
    const person1 = await person(world, { username: 'milton' });
    assert.ok(person1.id);
    const wrong = basic({ ...app, secret: 'error-unauthorized' });
    const requests: [string, RequestInit][] = [
      ['/api/users', {}],
      ['/api/users', { headers: { 'x-api-key': BAIT } }],
      ['/api/users/me', { headers: { authorization: 'Bearer error' } }],
      ['/api/users', { method: 'POST', headers: { ...json, cookie: 'a=b', 'sec-fetch-site': 'cross-site' }, body: '{}' }],
      ['/api/oidc/token', { method: 'POST', headers: { ...form, authorization: wrong }, body: 'grant_type=authorization_code&code=error' }],
      [
        '/api/oidc/token',
        { method: 'POST', headers: { ...form, authorization: basic(app) }, body: 'grant_type=refresh_token&refresh_token=error' },
      ],
      ['/api/oidc/userinfo', { headers: { authorization: 'Bearer error.unauthorized' } }],
      ['/api/oidc/introspect', { method: 'POST', headers: { ...form, authorization: wrong }, body: 'token=x' }],
      ['/api/one-time-access-token/ABCDEF', { method: 'POST', headers: { origin: world.config.appUrl } }],
    ];
    for (const [path, init] of requests) {
      const answer = await ask(path, init);
      assert.ok([400, 401, 403].includes(answer.status), `${path}: ${answer.status}`);
      const told = found(answer.lines, 'unauthorized');
      assert.equal(told.length, 1, `${path}: ${answer.lines.join('')}`);
      assert.match(told[0] ?? '', logJson ? /"reason":"[\w-]+"/ : / reason=[\w-]+/, path);
      assert.deepEqual(found(answer.lines, 'error'), [], path);
    }
  });

  test(`every failure is found by "error", and not by "unauthorized" (${kind})`, async (t) => {
    const { ask, database, lines } = await running(t, logJson);
    await database.close();
    for (const path of ['/api/users/me', '/api/oidc/userinfo', '/readyz']) {
      const answer = await ask(path, { headers: { 'x-api-key': 'x'.repeat(32), authorization: 'Bearer unauthorized' } });
      assert.ok(answer.status >= 500, `${path}: ${answer.status}`);
      assert.ok(found(answer.lines, 'error').length > 0, path);
      assert.deepEqual(found(answer.lines, 'unauthorized'), [], path);
    }
    assert.ok(
      lines.every((line) => line.indexOf('\n') === line.length - 1),
      'a failure is one line too, stack and all',
    );
  });
}

test('a device that waits for its person is found by neither query, however often it asks', async (t) => {
  const { ask, world } = await running(t, false);
  const app = await application(world, {});
  const post = (body: string): RequestInit => ({ method: 'POST', headers: { ...form, authorization: basic(app) }, body });
  const { device_code } = JSON.parse((await ask('/api/oidc/device/authorize', post('scope=openid'))).text);
  for (let times = 0; times < 3; times++) {
    world.clock.advance(5);
    const asked = await ask('/api/oidc/token', post(`grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=${device_code}`));
    assert.equal(JSON.parse(asked.text).error, 'authorization_pending');
    assert.deepEqual([found(asked.lines, 'error'), found(asked.lines, 'unauthorized')], [[], []]);
  }
});

test('a device whose code has expired is refused like any other credential that has: found by "unauthorized" and not by "error"', async (t) => {
  const { ask, world } = await running(t, false);
  const app = await application(world, {});
  const post = (body: string): RequestInit => ({ method: 'POST', headers: { ...form, authorization: basic(app) }, body });
  const { device_code, expires_in } = JSON.parse((await ask('/api/oidc/device/authorize', post('scope=openid'))).text);
  world.clock.advance(expires_in);
  const asked = await ask('/api/oidc/token', post(`grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=${device_code}`));
  assert.equal(JSON.parse(asked.text).error, 'expired_token');
  assert.match(found(asked.lines, 'unauthorized').join(''), / reason=device-code-expired /);
  assert.deepEqual(found(asked.lines, 'error'), []);
});

test('every line about a request of an application names it, known or not, whatever was wrong with the request', async (t) => {
  const { ask, world } = await running(t, false);
  const app = await application(world, {});
  const post = (body: string, authorization?: string): RequestInit => ({
    method: 'POST',
    headers: authorization ? { ...form, authorization } : form,
    body,
  });
  const requests: [string, RequestInit, string][] = [
    ['/authorize?client_id=unknown-app', {}, 'unknown-app'],
    [`/authorize?client_id=${app.id}&redirect_uri=https%3A%2F%2Fevil.test`, {}, app.id],
    [`/authorize?client_id=${app.id}&interaction=lost&x=1&x=2`, {}, app.id],
    ['/api/oidc/end-session?client_id=unknown-app&id_token_hint=x', {}, 'unknown-app'],
    ['/api/oidc/token', post('grant_type=password', basic(app)), app.id],
    ['/api/oidc/token', post('', basic(app)), app.id],
    ['/api/oidc/token', post('grant_type=refresh_token&refresh_token=x', basic({ ...app, secret: 'wrong' })), app.id],
    ['/api/oidc/token', post('grant_type=refresh_token&client_id=unknown-app&refresh_token=x'), 'unknown-app'],
    ['/api/oidc/par', post('response_type=token', basic(app)), app.id],
    ['/api/oidc/par', post('client_id=another', basic(app)), app.id],
    ['/api/oidc/token', post('grant_type=client_credentials&client_secret=x', basic(app)), app.id],
    ['/api/oidc/token', post(`grant_type=client_credentials&client_id=unknown-app&client_secret=x&${ASSERTION}`), 'unknown-app'],
    ['/api/oidc/token', post(`grant_type=client_credentials&client_id=unknown-app&client_assertion_type=x`), 'unknown-app'],
    ['/api/oidc/token', post('grant_type=client_credentials&client_id=unknown-app&client_id=unknown-app'), 'unknown-app'],
    ['/api/oidc/device/authorize', post('client_id=unknown-app'), 'unknown-app'],
    ['/api/oidc/introspect', post('', basic(app)), app.id],
    ['/api/oidc/revoke', post('token=x', basic({ ...app, secret: 'wrong' })), app.id],
  ];
  for (const [path, init, id] of requests) {
    const { lines } = await ask(path, init);
    const told = [...found(lines, 'error'), ...found(lines, 'unauthorized')];
    assert.equal(told.length, 1, `${path}: ${lines.join('')}`);
    assert.match(told[0] ?? '', new RegExp(` client=${id} `), path);
    assert.match(told[0] ?? '', / request_id=\S+ .*reason=\S+ /, path);
  }
});

test('the reference that a page shows is in a log line, whatever the page says', async (t) => {
  const { ask, world } = await running(t, false);
  await person(world, { username: 'ann' });
  const html = { accept: 'text/html' };
  const pages: [string, RequestInit, number][] = [
    ['/nothing-here', { headers: html }, 404],
    ['/interaction', { headers: html }, 400],
    ['/interaction?interaction=unknown', { headers: html }, 410],
    ['/interaction/complete', { method: 'POST', headers: { ...html, ...form, origin: 'http://localhost:1411' }, body: 'a=b' }, 400],
    ['/logout', { method: 'POST', headers: { ...html, ...form, 'sec-fetch-site': 'cross-site' }, body: '' }, 403],
    ['/authorize?client_id=unknown', { headers: html }, 400],
  ];
  for (const [path, init, status] of pages) {
    const answer = await ask(path, init);
    assert.equal(answer.status, status, path);
    const shown = /[0-9A-F]{4}-[0-9A-F]{4}(?=<)/.exec(answer.text)?.[0];
    assert.ok(shown, `${path} shows a reference`);
    assert.ok(
      answer.lines.some((line) => line.includes(`ref=${shown}`)),
      `${path}: ${shown} in ${answer.lines.join('')}`,
    );
  }
});
