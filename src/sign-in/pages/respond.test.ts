import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import type { Env } from '#platform/http/context.ts';
import { systemRandom } from '#platform/random.ts';
import { accountPage } from './account.ts';
import { loadAssets } from './assets.ts';
import { formTarget } from './headers.ts';
import { initials, type Look, type Page } from './layout.ts';
import { onwardPage } from './onward.ts';
import { errorPage } from './problem.ts';
import { createRenderer } from './respond.ts';
import { codePage, signInPage } from './sign-in.ts';
import { signOutPage } from './sign-out.ts';
import { siteOf } from './site.ts';

const assets = loadAssets();
const ours = siteOf({ name: 'Pocket ID', accent: 'default', still: false, images: {} });
const ceremony = { options: { challenge: 'AAAA' }, seconds: 300 };
const signIn = (look: Look) => signInPage(look, { ceremony, destination: {} });

const get = (make: (look: Look) => Page, headers: Record<string, string> = {}, appUrl = 'https://auth.example.test') => {
  const renderer = createRenderer({ appUrl, random: systemRandom, assets, site: async () => ours });
  const app = new Hono<Env>().get('*', (c) => renderer.render(c, make));
  return app.request('/login?x=%22%3E%3Cscript%3E', { headers });
};

test('HARD-22 HARD-26 every page has the whole set of headers', async () => {
  const { headers } = await get(signIn);
  const nonce = /'nonce-([\w-]{22})'/.exec(headers.get('content-security-policy') ?? '')?.[1];
  assert.equal(
    headers.get('content-security-policy'),
    [
      "default-src 'none'",
      `script-src 'nonce-${nonce}' 'strict-dynamic'`,
      `style-src 'self' 'nonce-${nonce}'`,
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "object-src 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
      'report-to csp',
    ].join('; '),
  );
  const expected: Record<string, string> = {
    'reporting-endpoints': 'csp="https://auth.example.test/api/csp-reports"',
    'strict-transport-security': 'max-age=63072000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'unsafe-none',
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
    'permissions-policy':
      'publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(headers.get(name), value, name);
  assert.equal((await get(signIn, {}, 'http://localhost:1411')).headers.get('strict-transport-security'), null);
});

test('HARD-23 no two of a thousand pages have the same nonce', async () => {
  const nonces = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    const response = await get(signIn);
    const nonce = /'nonce-([^']+)'/.exec(response.headers.get('content-security-policy') ?? '')?.[1] ?? '';
    assert.ok(Buffer.from(nonce, 'base64url').length >= 16);
    nonces.add(nonce);
  }
  assert.equal(nonces.size, 1000);
});

test('HARD-23 without randomness there is no page', async () => {
  const random = {
    ...systemRandom,
    secret: () => {
      throw new Error('no entropy');
    },
  };
  const renderer = createRenderer({ appUrl: 'https://a.test', random, assets, site: async () => ours });
  const app = new Hono<Env>().get('*', (c) => renderer.render(c, signIn)).onError((_, c) => c.text('failed', 500));
  assert.equal((await app.request('/')).status, 500);
});

test('HARD-25 the profile is isolated from its opener, the way in is not', async () => {
  const person = { username: 'holo', displayName: 'Holo', firstName: 'Holo', email: null, groups: [] };
  const account = await get((look) => accountPage(look, { person, passkeys: [], applications: [], sessions: [], now: 1 }));
  assert.equal(account.headers.get('cross-origin-opener-policy'), 'same-origin');
});

test('SEC-125 the page of a code tells nobody its address', async () => {
  const response = await get((look) => codePage(look, { destination: {}, code: 'ABCDEF' }), { 'accept-encoding': 'br' });
  assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(response.headers.get('content-encoding'), null, 'a code is never compressed beside text of the request');
  assert.match(await response.text(), /"forget":"\/login\/alternative\/code"/);
});

test('SEC-014 a form for an application can be posted there and nowhere else, and its values stay values', async () => {
  const fields = { code: 'x', state: '"><svg onload=1>' };
  const response = await get((look) => onwardPage(look, { action: 'https://rp.example/cb;a,b?x=1', fields }));
  const csp = response.headers.get('content-security-policy') ?? '';
  assert.match(csp, /; form-action https:\/\/rp\.example\/cb%3Ba%2Cb; /);
  assert.equal(response.headers.get('referrer-policy'), 'strict-origin');
  const body = await response.text();
  assert.match(body, /name="state" value="&quot;&gt;&lt;svg onload=1&gt;"/);
  assert.equal(body.match(/<script(?! type="application\/json" id="data">)/g)?.length, 1);
  assert.match(body, /<script type="module" src="[^"]+" nonce="[\w-]+"><\/script>/);
});

test('a form that takes a refusal to an application does not say that somebody is in', async () => {
  const words = async (fields: Record<string, string>) =>
    /<h1>(.*)<\/h1>/.exec(await (await get((look) => onwardPage(look, { action: 'https://rp.example/cb', fields }))).text())?.[1];
  assert.equal(await words({ code: 'x', iss: 'y' }), 'You are in');
  assert.equal(await words({ error: 'access_denied', iss: 'y' }), 'Back, without signing in');
});

test('somebody who gave no name is named once, by the one they have', async () => {
  const card = async (displayName: string) => {
    const page = await get((look) => signOutPage(look, { username: 'milton', displayName }));
    return (await page.text()).match(/milton/g)?.length;
  };
  assert.deepEqual([await card('Milton Rivera'), await card(''), await card('milton')], [1, 1, 1]);
});

test('what peeks out of the pocket is the first letter of a name, or its first sign where it has no letter', async () => {
  for (const [name, sign] of [
    ['paperless', 'P'],
    ['🎬 Jellyfin', 'J'],
    ['  ürlaub', 'Ü'],
    ['🏠', '🏠'],
    ['👨‍👩‍👧', '👨‍👩‍👧'],
    ['!?', '!'],
  ] as const) {
    const page = await get((look) => onwardPage(look, { action: 'https://rp.example/cb', fields: {}, client: { id: 'x', name } }));
    assert.ok((await page.text()).includes(`<span class="card" aria-hidden="true">${sign}</span>`), name);
  }
});

test('a form target is a source that CSP can say', () => {
  assert.equal(formTarget('https://rp.example:8443/a/b?c=d#e'), 'https://rp.example:8443/a/b');
  assert.equal(formTarget('http://[::1]:3000/cb'), 'http:');
  assert.equal(formTarget('com.example.app:/cb'), 'com.example.app:');
});

test('SEC-015 what a request says is only ever text on a page', async () => {
  const evil = `"><script>x</script><img src=x onerror=y>'`;
  const response = await get((look) =>
    errorPage(look, {
      reason: evil,
      status: 400,
      error: evil,
      description: evil,
      requestId: evil,
      client: { id: evil, name: evil, hasLogo: true, hasDarkLogo: false, launchUrl: 'javascript:alert(1)' },
    }),
  );
  const body = await response.text();
  assert.equal(body.match(/<script(?! type="application\/json" id="data">)/g)?.length, 1);
  assert.equal(body.match(/<img/g)?.length, 1, 'the logo');
  assert.ok(!body.includes('javascript:'));
  assert.ok(!/["']\s*onerror/.test(body));
});

test('data for the script cannot end its block', async () => {
  const body = await (
    await get((look) => signInPage(look, { ceremony: { options: { x: '</script><b>\u2028' }, seconds: 1 }, destination: {} }))
  ).text();
  const [, data] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(body) ?? [];
  assert.equal(JSON.parse(data ?? '').options.x, '</script><b>\u2028');
});

test('pages are sent in the coding the browser knows', async () => {
  const plain = await (await get(signIn)).text();
  const shape = (text: string) => text.replace(/nonce="[^"]+"/g, '');
  const br = await get(signIn, { 'accept-encoding': 'gzip, deflate, br' });
  assert.equal(br.headers.get('content-encoding'), 'br');
  assert.equal(shape(brotliDecompressSync(Buffer.from(await br.arrayBuffer())).toString()), shape(plain));
  const gzip = await get(signIn, { 'accept-encoding': 'gzip, br;q=0' });
  assert.equal(gzip.headers.get('content-encoding'), 'gzip');
  assert.equal(shape(gunzipSync(Buffer.from(await gzip.arrayBuffer())).toString()), shape(plain));
});

test('a first visit is small: the sign-in page and all it needs, compressed', async () => {
  const page = Buffer.from(await (await get(signIn, { 'accept-encoding': 'br' })).arrayBuffer()).length;
  let total = page;
  for (const path of [assets.style, assets.script, assets.webauthn, assets.icon]) {
    const response = assets.respond(path, 'gzip, br');
    assert.match(response?.headers.get('cache-control') ?? '', /immutable/);
    total += (await response!.arrayBuffer()).byteLength;
  }
  assert.ok(total < 13_500, `${total} bytes`);
});

test('the language of a page follows the switch, then the browser it was remembered in, then the application, then the browser', async () => {
  const at = (query: string, cookie: string, accept: string, uiLocales: string[]) => {
    const renderer = createRenderer({ appUrl: 'https://a.test', random: systemRandom, assets, site: async () => ours });
    const app = new Hono<Env>().get('*', (c) => renderer.render(c, signIn, { uiLocales }));
    return app.request(`/login${query}`, { headers: { cookie, 'accept-language': accept } });
  };
  const of = async (...from: Parameters<typeof at>) => (await at(...from)).headers.get('content-language');
  assert.equal(await of('?lang=de', 'locale=es', 'en', ['es']), 'de');
  assert.equal(await of('', 'locale=es', 'en', ['de']), 'es');
  assert.equal(await of('', '', 'en', ['fr', 'de-CH']), 'de');
  assert.equal(await of('?lang=xx', 'locale=%00', 'es-MX,en;q=0.1', []), 'es');
  assert.equal(await of('', '', 'fr', []), 'en');
  assert.match(
    (await at('?lang=de', '', '', [])).headers.get('set-cookie') ?? '',
    /^locale=de; Max-Age=31536000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
});

test('an initial is a letter of any script, a sign where there is none, and never half a character', () => {
  assert.equal(initials('Milton Rivera'), 'MR');
  assert.equal(initials('  "holo"  '), 'H');
  assert.equal(initials('Ana María de la Cruz'), 'AC');
  assert.equal(initials('山田 太郎'), '山太');
  assert.equal(initials('🦊'), '🦊');
});
