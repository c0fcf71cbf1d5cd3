import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { UnsecuredJWT } from 'jose';
import { ROUTES } from '../routes.ts';
import { application, CALLBACK } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { answerOf, formOf, relyingParty, sentBy } from '../testing/relying-party.ts';
import { world } from '../testing/world.ts';

/** Somebody signed in, with consent, so that every mistake of ours would be answered with a code. */
async function ready(t: TestContext, callbacks: string[] = [CALLBACK]) {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const app = await application(w, { callback_urls: JSON.stringify(callbacks), skip_consent: 1 });
  const rp = await relyingParty(w, app);
  await milton.signIn();
  const codes = async () => (await w.database.db.selectFrom('oauth_grant').select('id').execute()).length;
  /** Asks with a redirect URI; answers how often a page of ours was shown without a redirect. */
  const refuses = async (redirect_uri: string | undefined, more: Record<string, string | undefined> = {}) => {
    const { url } = await rp.begin({ redirect_uri, ...more });
    const response = await rp.ask(milton, { url });
    const name = `${redirect_uri?.slice(0, 80)} ${JSON.stringify(more)}`;
    assert.equal(response.headers.get('location'), null, name);
    assert.equal(response.status, 400, name);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/, name);
    assert.equal(formOf(await response.text()), undefined, name);
    assert.equal(await codes(), 0, 'no code was made');
  };
  return { w, milton, app, rp, refuses, codes };
}

test('oidcc-ensure-registered-redirect-uri: a page of ours, no redirect, no code', async (t) => {
  const { refuses } = await ready(t);
  await refuses('https://app.example.com/other');
});

test('the page of a mistake shows whose it is, with the way back an administrator gave, and nobody’s where nobody is known', async (t) => {
  const { w, milton, app, rp } = await ready(t);
  await w.database.db.updateTable('client').set({ launch_url: 'https://app.example.com/start' }).where('id', '=', app.id).execute();
  const page = async (more: Record<string, string>) => (await rp.ask(milton, { url: (await rp.begin(more)).url })).text();
  const known = await page({ redirect_uri: 'https://evil.test/' });
  assert.match(known, /<a class="button primary" href="https:\/\/app\.example\.com\/start">/);
  assert.ok(known.includes(`<span class="card" aria-hidden="true">P</span>`));
  const unknown = await page({ client_id: 'nobody' });
  assert.match(unknown, /<a class="button primary" href="\/account">/);
  assert.match(unknown, /<span class="card"><svg/);
});

test('oidcc-ensure-redirect-uri-in-authorization-request: with two registered, or with openid, it cannot be left out', async (t) => {
  const { refuses } = await ready(t, [CALLBACK, 'https://app.example.com/second']);
  await refuses(undefined);
  await refuses(undefined, { scope: 'profile' });
});

test('without openid and with one registered URI it may be left out', async (t) => {
  const { milton, rp } = await ready(t);
  const { sent } = await rp.authorize(milton, { redirect_uri: undefined, scope: 'profile', nonce: undefined });
  assert.ok(sent.url.href.startsWith(`${CALLBACK}?code=`));
});

test('a pattern is no address that a left-out redirect_uri could mean: nobody is sent to one with a star in it', async (t) => {
  for (const pattern of ['https://app.example.com/*', 'https://*.app.example.com/cb', 'https://app.example.com/cb?x=[ab]']) {
    const { refuses } = await ready(t, [pattern]);
    await refuses(undefined, { scope: 'profile' });
  }
});

test('oidcc-redirect-uri-query-OK, oidcc-redirect-uri-query-mismatch, oidcc-redirect-uri-query-added: the query is part of what is registered', async (t) => {
  const { milton, rp, refuses } = await ready(t, [`${CALLBACK}?foo=bar`]);
  await refuses(`${CALLBACK}?foo=baz`);
  await refuses(`${CALLBACK}?foo=bar&more=1`);
  await refuses(CALLBACK);
  const { sent } = await rp.authorize(milton, { redirect_uri: `${CALLBACK}?foo=bar` });
  assert.match(sent.url.href, /^https:\/\/app\.example\.com\/callback\?foo=bar&code=[\w-]{51}&state=/);
});

test('oidcc-redirect-uri-regfrag: a fragment is never redirected to', async (t) => {
  const { refuses } = await ready(t, [`${CALLBACK}#registered`]);
  await refuses(`${CALLBACK}#registered`);
  await refuses(`${CALLBACK}#other`);
});

test('SEC-001 SEC-002 SEC-003 SEC-007 no mutant of a registered URI gets an answer', async (t) => {
  const { refuses } = await ready(t, ['https://app.test/cb', 'http://localhost/cb', 'http://127.0.0.1/cb']);
  for (const uri of [
    'https://app.test@evil.test/cb',
    'https://app.test:443@evil.test/cb',
    'https://app.test%40evil.test/cb',
    'https://evil.test\\@app.test/cb',
    'http://localhost:80@evil.test/cb',
    'http://127.0.0.1@evil.test/cb',
    'http://127.0.0.1.evil.test/cb',
    'https://app.test/cb/',
    'https://app.test/cb?x=1',
    'https://app.test/CB',
    'https://app.test/%2e%2e/cb',
    'https://app.test/%252e/cb',
    'https://app.test/cb;x',
    'https://app.test:443/cb',
    'https://app.test./cb',
    'https://app.test/cb#f',
    'https://app.test/c\tb',
    'https://app.test/cb\r\nX: y',
    'https://app.test\\cb',
    'https://app。test/cb',
    'https://xn--pp-7kc.test/cb',
    ' https://app.test/cb',
    'https://app.test/cb ',
    'https://app.test//cb',
    'https://app.test/cb\0',
    'https://app.test/cb?',
    'HTTPS://app.test/cb',
    'https://[fe80::1%25eth0]/cb',
    'https://appXtest/cb',
    'https://app.test.evil/cb',
    'https://app.test/cbX',
    'javascript:alert(1)',
    '//evil.test/cb',
    '/cb',
  ])
    await refuses(uri);
});

test('SEC-005 a wildcard does not reach another host', async (t) => {
  const { refuses } = await ready(t, ['https://*.app.test/cb']);
  for (const uri of [
    'https://evil.test/.app.test/cb',
    'https://evil.test#.app.test/cb',
    'https://evil.test?.app.test/cb',
    'https://evil.test\\.app.test/cb',
    'https://a.app.test.evil.test/cb',
    'https://a@evil.test/x.app.test/cb',
  ])
    await refuses(uri);
});

test('SEC-010 an unknown client or a bad URI is never redirected to, whatever else is asked', async (t) => {
  const { w, milton, rp, refuses } = await ready(t);
  const others = [
    { response_type: 'code' },
    { response_type: 'token' },
    { response_type: 'foo' },
    { response_type: '' },
    { prompt: 'none' },
    { prompt: 'login' },
    { request_uri: 'https://evil.test/r' },
    { request: 'x' },
    { response_mode: 'form_post' },
    { response_mode: 'nonsense' },
    { scope: '' },
  ];
  for (const more of others) {
    await refuses('https://evil.test/cb', more);
    await refuses(CALLBACK, { client_id: 'unknown', ...more });
  }
  const { url } = await rp.begin();
  url.searchParams.delete('client_id');
  assert.equal((await rp.ask(milton, { url })).status, 400);
  const { url: twice } = await rp.begin();
  twice.searchParams.append('redirect_uri', 'https://evil.test/cb');
  const response = await rp.ask(milton, { url: twice });
  assert.deepEqual([response.status, response.headers.get('location')], [400, null], 'a parameter sent twice');
  assert.ok(w.log.lines.some((line) => line.message.includes('error') && line.fields.reason === 'duplicate-parameter'));
});

test('oidcc-ensure-request-object-with-redirect-uri: an address in a request object is neither taken nor makes up for one outside of it', async (t) => {
  const { milton, rp, refuses, codes } = await ready(t);
  const object = (redirect_uri: string) => new UnsecuredJWT({ redirect_uri, response_type: 'code' }).encode();
  await refuses('https://evil.test/cb', { request: object(CALLBACK) });
  const begun = await rp.begin({ request: object('https://evil.test/cb') });
  const sent = new URL((await rp.ask(milton, begun)).headers.get('location') ?? 'about:blank');
  assert.deepEqual([sent.origin + sent.pathname, sent.searchParams.get('error')], [CALLBACK, 'request_not_supported']);
  assert.equal(await codes(), 0);
});

test('a parameter sent twice is told to the application, unless it says who or where that is', async (t) => {
  const { w, milton, app, rp, codes } = await ready(t);
  const ask = async (name: string, value: string) => {
    const { url } = await rp.begin({ state: 'the-state' });
    url.searchParams.append(name, value);
    return rp.ask(milton, { url });
  };
  for (const [name, state] of [
    ['scope', 'the-state'],
    ['prompt', 'the-state'],
    ['nonsense', 'the-state'],
    ['state', null],
  ] as const) {
    const { url } = await rp.begin({ state: 'the-state' });
    for (const value of url.searchParams.has(name) ? ['openid'] : ['none', 'none']) url.searchParams.append(name, value);
    const response = await rp.ask(milton, { url });
    const to = new URL(response.headers.get('location') ?? 'about:blank');
    assert.equal(to.origin + to.pathname, CALLBACK, name);
    assert.deepEqual([to.searchParams.get('error'), to.searchParams.get('state')], ['invalid_request', state], name);
  }
  const { url: posted } = await rp.begin();
  posted.searchParams.append('response_mode', 'form_post');
  posted.searchParams.append('response_mode', 'query');
  assert.ok((await rp.ask(milton, { url: posted })).headers.get('location')?.startsWith(`${CALLBACK}?error=invalid_request`));
  for (const [name, value] of [
    ['client_id', app.id],
    ['redirect_uri', CALLBACK],
    ['redirect_uri', 'https://evil.test/cb'],
  ] as const) {
    const response = await ask(name, value);
    assert.deepEqual([response.status, response.headers.get('location')], [400, null], `${name}=${value}`);
  }
  assert.equal(await codes(), 0);
  assert.ok(w.log.lines.filter((line) => line.fields.reason === 'duplicate-parameter').length >= 8);
});

test('SEC-009 plain http leads to loopback and private hosts only, unless the operator allows more', async (t) => {
  const { refuses } = await ready(t, ['http://app.test/cb', 'http://nas.lan/cb']);
  await refuses('http://app.test/cb');
  const w = await world(t, { allowInsecureCallbackUrls: true });
  const holo = await person(w, { username: 'holo' });
  const rp = await relyingParty(w, await application(w, { callback_urls: '["http://app.test/cb"]' }));
  assert.ok((await rp.authorize(holo, { redirect_uri: 'http://app.test/cb' })).sent.url.searchParams.has('code'));
});

test('a native application gets its answer on whatever loopback port it listens', async (t) => {
  const { milton, rp } = await ready(t, ['http://127.0.0.1/cb']);
  const { sent } = await rp.authorize(milton, { redirect_uri: 'http://127.0.0.1:51004/cb' });
  assert.ok(sent.url.href.startsWith('http://127.0.0.1:51004/cb?code='));
});

test('SEC-013 the answer has exactly one code, state and iss although a stored callback brings its own', async (t) => {
  const callback = 'https://app.test/cb?code=x&state=y&iss=z&error=e&keep=1';
  const { milton, rp } = await ready(t, [callback]);
  for (const response_mode of ['query', 'fragment', 'form_post']) {
    const { sent, checks } = await rp.authorize(milton, { redirect_uri: callback, response_mode });
    const all = [...sent.url.searchParams, ...new URLSearchParams(sent.url.hash.slice(1)), ...Object.entries(sent.form ?? {})];
    for (const name of ['code', 'state', 'iss']) assert.equal(all.filter(([key]) => key === name).length, 1, `${response_mode} ${name}`);
    assert.equal(all.find(([key]) => key === 'state')?.[1], checks.expectedState);
    assert.equal(all.filter(([key]) => key === 'error').length, 0);
    assert.deepEqual(all.filter(([key]) => key === 'keep').length, 1);
  }
});

test('SEC-014 form_post escapes what the application sent, and its CSP allows the one registered URI and no inline script', async (t) => {
  const { milton, rp } = await ready(t);
  const state = '"><svg onload=1>';
  const { url } = await rp.begin({ response_mode: 'form_post', state });
  const response = await rp.ask(milton, { url });
  const html = await response.text();
  assert.ok(!html.includes('<svg onload'), 'escaped');
  assert.equal(formOf(html)?.fields.state, state);
  const csp = response.headers.get('content-security-policy') ?? '';
  assert.match(csp, /form-action https:\/\/app\.example\.com\/callback(;|$)/);
  assert.doesNotMatch(csp, /script-src[^;]*'unsafe-inline'/);
  assert.equal(response.headers.get('cache-control'), 'no-store');
});

test('SEC-015 no page reflects markup of the request', async (t) => {
  const { w, milton, rp } = await ready(t);
  const attack = '"><script>x</script>';
  const names = ['error', 'error_description', 'error_hint', 'login_hint', 'ui_locales', 'client_id', 'scope', 'state', 'redirect_uri'];
  const pages = names.map((name) => {
    const url = new URL('/authorize', w.config.appUrl);
    url.searchParams.set('client_id', rp.app.id);
    url.searchParams.set(name, attack);
    return url.href;
  });
  pages.push(`/interaction?interaction=${encodeURIComponent(attack)}`, `/authorize?interaction=${encodeURIComponent(attack)}`);
  for (const page of pages) {
    const html = await (await milton.visit(page)).text();
    assert.ok(!html.includes('<script>x'), page);
  }
  const begun = await rp.begin({ login_hint: attack, ui_locales: attack, prompt: 'login' });
  const location = (await rp.ask(milton, begun)).headers.get('location') ?? '';
  assert.ok(!(await (await milton.visit(location)).text()).includes('<script>x'));
});

test('SEC-018 SEC-019 the authorization endpoint is not for scripts of other origins, and not for frames', async (t) => {
  const { w, milton, rp } = await ready(t);
  for (const origin of ['https://evil.test', 'null']) {
    const { url } = await rp.begin();
    const response = await milton.visit(url.href, { headers: { origin } });
    assert.equal(response.headers.get('access-control-allow-origin'), null);
    for (const row of ROUTES.filter(({ method, cors }) => method === 'get' && !cors)) {
      const other = await w.request(row.path.replace(/\{\w+\}/g, 'x'), { headers: { origin } });
      assert.equal(other.headers.get('access-control-allow-credentials'), null, row.path);
      assert.equal(other.headers.get('access-control-allow-origin'), null, row.path);
    }
  }
  const page = await milton.visit('/authorize');
  assert.match(page.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
});

test('SEC-046 answers with codes are not kept by caches', async (t) => {
  const { milton, rp } = await ready(t);
  assert.equal((await rp.ask(milton, await rp.begin())).headers.get('cache-control'), 'no-store');
});

test('SEC-044 five hundred codes: none twice, no common beginning, as many ones as zeros', async (t) => {
  const { w, milton, rp } = await ready(t);
  const codes: string[] = [];
  for (let i = 0; i < 500; i++) {
    const sent = await sentBy(w, await rp.ask(milton, await rp.begin()));
    codes.push(answerOf(sent!).get('code') ?? '');
  }
  assert.equal(new Set(codes).size, codes.length);
  const bytes = codes.map((code) => Buffer.from(code.slice(0, 48), 'base64url'));
  assert.ok(new Set(codes.map((code) => code[0])).size > 30, 'no shared prefix');
  const ones = bytes.reduce((sum, b) => sum + b.reduce((n, byte) => n + byte.toString(2).replaceAll('0', '').length, 0), 0);
  const bits = codes.length * 288;
  // Monobit test: within six standard deviations.
  assert.ok(Math.abs(ones - bits / 2) < 6 * Math.sqrt(bits / 4));
});
