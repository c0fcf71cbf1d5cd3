import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { browser } from '../../testing/browser.ts';
import { person } from '../../testing/people.ts';
import { type World, world } from '../../testing/world.ts';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>';
const put = async ({ request, config }: World, path: string, file: Buffer | string) => {
  const body = new FormData();
  body.set('file', new File([typeof file === 'string' ? file : new Uint8Array(file)], 'x'));
  const headers = { 'x-api-key': config.staticApiKey ?? '' };
  assert.equal((await request(path, { method: 'PUT', headers, body })).status, 204);
};
const upload = (w: World, path: string, svg = SVG) => put(w, `/api/application-images/${path}`, svg);
const signInPage = async (w: World) => {
  const response = await browser(w).visit('/login');
  return { html: await response.text(), csp: response.headers.get('content-security-policy') ?? '' };
};
const installation = async (...from: Parameters<typeof world>) => {
  const w = await world(...from);
  await person(w, { username: 'ann' });
  return w;
};

test('what administrators choose for the look is on the sign-in page at once: name, logo, background, icon, colour, stillness', async (t) => {
  const w = await installation(t);
  const before = (await signInPage(w)).html;
  assert.doesNotMatch(before, /<style|application-images|<b>/);
  for (const path of ['logo', 'logo?light=false', 'background', 'favicon']) await upload(w, path);
  await w.api('PUT', '/api/application-configuration', { appName: 'Casa <Rivera>', accentColor: 'teal', disableAnimations: 'true' });
  const { html, csp } = await signInPage(w);
  assert.match(html, /<title>Welcome back · Casa &lt;Rivera&gt;<\/title>/);
  assert.match(html, /<b>Casa &lt;Rivera&gt;<\/b>/);
  assert.match(html, /<div class="tucked own">.*<img src="\/api\/application-images\/logo\?v=[\w-]+&amp;size=small"/);
  assert.match(html, /<link rel="icon" href="\/api\/application-images\/favicon\?v=[\w-]+" type="image\/svg\+xml">/);
  assert.match(html, /<body class="pictured"/);
  const [, nonce, style] = /<style nonce="([\w-]+)">([^<]*)<\/style>/.exec(html) ?? [];
  assert.ok(csp.includes(`style-src 'self' 'nonce-${nonce}'`));
  assert.match(style ?? '', /--thread:#008080;--on-thread:#fff/);
  assert.match(style ?? '', /--picture:url\(\/api\/application-images\/background\?v=[\w-]+\)/);
  assert.match(style ?? '', /animation:none/);
});

test('every image of a page may be kept for ever, and a new one has a new address', async (t) => {
  const w = await installation(t);
  await upload(w, 'logo');
  const address = async () =>
    /src="(\/api\/application-images\/logo\?v=[\w-]+)&amp;size=small"/.exec((await signInPage(w)).html)?.[1] ?? '';
  const caching = async (path: string) => (await w.request(path)).headers.get('cache-control');
  const first = await address();
  assert.equal(await caching(first), 'public, max-age=31536000, immutable');
  await upload(w, 'logo', SVG.replace('8', '9'));
  assert.notEqual(await address(), first);
  assert.equal(await caching(await address()), 'public, max-age=31536000, immutable');
  assert.equal(await caching(first), 'public, max-age=900, stale-while-revalidate=86400', 'the old address has the new image, for a while');
});

test('without a logo of its own, or when it was removed, an installation shows our key', async (t) => {
  const w = await installation(t);
  await upload(w, 'logo');
  await w.api('DELETE', '/api/application-images/logo');
  const { html } = await signInPage(w);
  assert.match(html, /<div class="tucked"><span class="card"><svg/);
  assert.doesNotMatch(html, /application-images/);
});

test('a change that another process made is seen a few seconds later', async (t) => {
  const w = await installation(t);
  await signInPage(w);
  await w.database.db
    .insertInto('image')
    .values({ key: 'app/background', type: 'image/png', bytes: new Uint8Array([1]), hash: 'elsewhere', updated_at: 1 })
    .execute();
  assert.doesNotMatch((await signInPage(w)).html, /elsewhere/);
  w.clock.advance(5);
  assert.match((await signInPage(w)).html, /background\?v=elsewhere/);
});

test('while the images cannot be read, pages keep the look they had', async (t) => {
  const w = await installation(t);
  await upload(w, 'logo');
  const { schema } = w.database.db;
  await schema.alterTable('image').renameTo('image_away').execute();
  w.clock.advance(60);
  const page = await browser(w).visit('/nowhere', { headers: { accept: 'text/html' } });
  await schema.alterTable('image_away').renameTo('image').execute();
  assert.equal(page.status, 404);
  assert.match(await page.text(), /application-images\/logo\?v=/);
});

test('who is signed in is shown with their picture: their own, else the default, else their initials', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  const face = async () => /<span class="face" aria-hidden="true">(.*?)<\/span>/.exec(await (await ann.visit('/logout')).text())?.[1];
  const dot = (colour: string) =>
    sharp({ create: { width: 8, height: 8, channels: 3, background: colour } })
      .png()
      .toBuffer();
  assert.match((await face()) ?? '', /^\p{Lu}{1,2}$/u);
  await put(w, '/api/application-images/default-profile-picture', await dot('red'));
  const standard = await face();
  await put(w, `/api/users/${ann.id}/profile-picture`, await dot('blue'));
  const own = await face();
  assert.notEqual(own, standard);
  for (const shown of [standard, own])
    assert.match(shown ?? '', new RegExp(`^<img src="/api/users/${ann.id}/profile-picture\\.png\\?v=[\\w-]+" alt=""`));
  const address = /src="([^"]+)"/.exec(own ?? '')?.[1] ?? '';
  assert.equal((await w.request(address)).headers.get('cache-control'), 'public, max-age=31536000, immutable');
});
