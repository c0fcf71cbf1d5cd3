import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Browser, browser } from '../../testing/browser.ts';
import { type Person, person } from '../../testing/people.ts';
import { type World, world } from '../../testing/world.ts';

const userAgent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36';
const html = { accept: 'text/html' };

interface Data {
  options: { challenge: string };
  wait: { url: string; next: string };
}
const dataOf = (text: string): Data => JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/.exec(text)?.[1] ?? '{}');

/** A browser that shows its code, asking from 203.0.113.7. */
async function waiting(w: World, query = '') {
  const b = browser(w, { userAgent });
  const text = await (await b.visit(`/login/alternative/device${query}`, { ip: '203.0.113.7', headers: html })).text();
  const { wait } = dataOf(text);
  const code = /class="user-code">(P\w+)</.exec(text)?.[1] ?? '';
  return { b, text, code, wait, ask: (who: Browser = b) => who.request(wait.url, { json: {} }) };
}
const question = async (p: Pick<Person, 'visit'>, code: string) => (await p.visit(`/device?user_code=${code}`, { headers: html })).text();
const approve = (p: Person, code: string, page: string) => {
  const response = p.device.assert(dataOf(page).options as Parameters<Person['device']['assert']>[0]);
  return p.request('/device/approve', { json: { user_code: code, response } });
};
/** Signed in with a passkey this moment. */
async function ann(w: World) {
  const made = await person(w, { username: 'ann' });
  await made.login();
  return made;
}

test('SEC-114 a person sees the code and who asks from where; their touch signs in that browser and no other', async (t) => {
  const w = await world(t);
  const ann_ = await ann(w);
  const tv = await waiting(w, '?redirect=%2Fdevice');
  assert.match(tv.text, /<svg class="qr"[^>]*role="img"/);
  assert.match(tv.text, /data-left>5:00</, 'as long as the code lives');
  assert.equal(tv.wait.next, '/device');
  assert.equal((await tv.ask()).status, 202);

  const page = await question(ann_, tv.code);
  for (const shown of [tv.code, 'Chrome on Windows', '203.0.113.7']) assert.ok(page.includes(shown), shown);
  const approved = await approve(ann_, tv.code, page);
  assert.deepEqual([approved.status, await approved.json()], [200, { next: '/device?done=approved' }]);

  const thief = browser(w);
  assert.equal((await tv.ask(thief)).status, 401);
  assert.equal((await tv.ask()).status, 200);
  assert.equal(((await (await tv.b.request('/api/users/me')).json()) as { id: string }).id, ann_.id);
  assert.equal((await ann_.request('/api/users/me')).status, 200);
});

test('SEC-146 SEC-153 opening the link approves nothing, nor does a fresh session, a proof in the cookie, a form or an empty answer', async (t) => {
  const w = await world(t);
  const ann_ = await ann(w);
  const tv = await waiting(w);
  const page = await question(ann_, tv.code);
  await ann_.reauthenticate();
  for (const decision of ['approve', 'allow', '']) {
    assert.equal((await ann_.visit('/device', { form: { user_code: tv.code, decision }, headers: html })).status, 200);
  }
  for (const body of [{}, { user_code: tv.code }, { user_code: tv.code, response: null }, { user_code: tv.code, decision: 'approve' }]) {
    assert.ok((await ann_.request('/device/approve', { json: body })).status >= 400);
  }
  assert.equal((await tv.ask()).status, 202);
  await question(ann_, tv.code);
  assert.equal((await tv.ask()).status, 202);
  // One touch, one decision.
  const last = await question(ann_, tv.code);
  assert.equal((await approve(ann_, tv.code, last)).status, 200);
  assert.ok((await approve(ann_, tv.code, last)).status >= 400);
  assert.ok((await approve(ann_, tv.code, page)).status >= 400);
});

test('SEC-150 another site can neither approve nor deny', async (t) => {
  const w = await world(t);
  const ann_ = await ann(w);
  const tv = await waiting(w);
  const headers = { origin: 'https://evil.example' };
  const form = { user_code: tv.code, decision: 'deny' };
  assert.equal((await ann_.visit('/device', { site: 'cross-site', form, headers })).status, 403);
  const json = { user_code: tv.code, response: {} };
  assert.equal((await ann_.request('/device/approve', { json, headers: { ...headers, 'sec-fetch-site': 'cross-site' } })).status, 403);
  assert.equal((await tv.ask()).status, 202);
});

test('to refuse takes no passkey, a visitor signs in first, and a code nobody shows is marked', async (t) => {
  const w = await world(t);
  const ann_ = await ann(w);
  const tv = await waiting(w);
  const visitor = await browser(w).visit(`/device?user_code=${tv.code}`);
  assert.equal(visitor.headers.get('location'), `/login?redirect=${encodeURIComponent(`/device?user_code=${tv.code}`)}`);
  const unknown = await ann_.visit('/device?user_code=PAAAAAAA', { headers: html });
  assert.deepEqual([unknown.status, /aria-invalid/.test(await unknown.text())], [404, true]);
  assert.equal((await ann_.visit('/device', { form: { user_code: tv.code, decision: 'deny' }, headers: html })).status, 200);
  assert.equal((await tv.ask()).status, 403);
  assert.match(await (await tv.b.visit('/login/alternative/device?over=denied')).text(), /Your other device said no/);
});

test('who is signed in is not shown a code, and a bookmark of Pocket ID’s leads to the profile', async (t) => {
  const w = await world(t);
  const ann_ = await ann(w);
  assert.equal((await ann_.visit('/login/alternative/device')).headers.get('location'), '/account');
  for (const path of ['/settings', '/settings/account', '/settings/apps'])
    assert.equal((await ann_.visit(path)).headers.get('location'), '/account', path);
});

test('who tried too many codes is told for how long nothing helps', async (t) => {
  const w = await world(t);
  const ann_ = await ann(w);
  for (let i = 0; i < 10; i++) await question(ann_, `EWRNG${100 + i}`);
  assert.match(await question(ann_, 'EWRNG999'), /Wait 60 minutes, then try again/);
  w.clock.advance(3541);
  assert.match(await question(ann_, 'EWRNG999'), /Wait a minute, then try again/);
});
