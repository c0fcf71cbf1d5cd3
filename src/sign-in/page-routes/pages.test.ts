import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROUTES } from '../../routes.ts';
import type { Overrides } from '../../testing/authenticator.ts';
import { browser } from '../../testing/browser.ts';
import { person } from '../../testing/people.ts';
import { type World, world } from '../../testing/world.ts';
import { type MessageKey, translator } from '../pages/messages.ts';

const html = { accept: 'text/html' };
const refusals = (w: World) => w.log.lines.filter(({ message }) => message.includes('unauthorized'));

test('SEC-019 no page of the way in can be framed, signed in or not', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const paths = ROUTES.filter(
    ({ method, home, path }) => method === 'get' && home === 'sign-in' && !/^\/(api|\.well-known|assets)\//.test(path),
  )
    .map(({ path }) => path.replace(/\{\w+\}/, 'ABC123'))
    .concat('/nowhere', '/authorize?client_id=x');
  assert.ok(paths.length > 15);
  for (const visitor of [browser(w), ann]) {
    for (const path of paths) {
      const { headers, status } = await visitor.visit(path, { headers: html });
      assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path);
      assert.equal(headers.get('x-frame-options'), 'DENY', path);
      assert.match(headers.get('cache-control') ?? '', /no-store/, path);
      assert.ok(status < 500, `${path}: ${status}`);
      if (path !== '/account') assert.notEqual(headers.get('cross-origin-opener-policy'), 'same-origin', `${path} would cut a popup off`);
    }
    await ann.signIn();
  }
});

test('an installation without an administrator says so instead of asking for a passkey', async (t) => {
  const w = await world(t);
  const page = await browser(w).visit('/login');
  assert.match(await page.text(), /Nobody lives here yet/);
  assert.equal((await browser(w).visit('/signup/setup?secret=wrong')).status, 403);
  assert.deepEqual(
    refusals(w).map(({ fields }) => [fields.reason, JSON.stringify(fields).includes('wrong')]),
    [['forbidden', false]],
  );
});

test('who looks for pages of administration is told where it happens, and how to get in when locked out', async (t) => {
  const w = await world(t);
  for (const path of ['/settings/admin', '/settings/admin/users', '/settings/admin/users/x'])
    assert.equal((await browser(w).visit(path)).headers.get('location'), '/admin', path);
  const page = await (await browser(w).visit('/admin')).text();
  assert.match(page, /href="\/api\/docs"/);
  assert.match(page, /<strong>one-time-access-token<\/strong>/);
});

test('a browser that asks for an icon by its old address gets it', async (t) => {
  const { headers } = await browser(await world(t)).visit('/favicon.ico');
  assert.equal(headers.get('location'), '/api/application-images/favicon');
});

test('HARD-31 a password manager learns where passkeys are made and managed here', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const answer = await ann.visit('/.well-known/passkey-endpoints');
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  const { enroll, manage } = (await answer.json()) as { enroll: string; manage: string };
  assert.equal((await ann.visit('/.well-known/change-password')).headers.get('location'), '/account');
  await ann.signIn();
  for (const url of [enroll, manage]) assert.equal((await ann.visit(url)).status, 200, url);
});

test('a form that cannot be read as one is a bad request, on every page that takes forms', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  const rows = ROUTES.filter(
    ({ method, path }) => method === 'post' && !path.startsWith('/api/') && !/passkey$|reauthenticate$/.test(path),
  );
  assert.ok(rows.length >= 8);
  for (const { path } of rows) {
    for (const type of ['multipart/form-data', 'multipart/form-data; boundary=x']) {
      const { status } = await ann.visit(path.replace(/\{\w+\}/, 'x'), {
        method: 'POST',
        body: 'a=b',
        headers: { ...html, 'content-type': type },
      });
      assert.ok(status < 500, `${path} ${type}: ${status}`);
    }
  }
});

test('the first administrator: a mistake is marked, the form keeps what was typed, and then the passkey comes', async (t) => {
  const w = await world(t);
  const b = browser(w);
  const link = new URL((await w.app.services.setUp.setupLink()) ?? '');
  const shown = await b.visit(`/signup/setup${link.search}`);
  assert.equal(shown.status, 200);
  const secret = link.searchParams.get('secret') ?? '';
  const again = await b.visit('/signup/setup', { form: { secret, username: '"><b>', firstName: 'Holo', email: 'nope' } });
  assert.equal(again.status, 400);
  const text = await again.text();
  assert.match(text, /name="username" value="&quot;&gt;&lt;b&gt;"[^>]* aria-invalid="true"/);
  assert.match(text, /name="email"[^>]* aria-invalid="true"/);
  assert.doesNotMatch(text, /name="firstName"[^>]* aria-invalid/);
  const nameless = await b.visit('/signup/setup', { form: { secret, username: 'holo', firstName: '   ' } });
  assert.match(await nameless.text(), /name="firstName"[^>]* aria-invalid="true"/);

  assert.equal((await b.visit('/signup/setup', { form: { secret: 'wrong', username: 'holo', firstName: 'Holo' } })).status, 403);
  const made = await b.visit('/signup/setup', { form: { secret, username: 'holo', firstName: 'Holo', lastName: '', email: '' } });
  assert.equal(made.status, 303);
  assert.equal(made.headers.get('location'), '/signup/add-passkey');
  assert.match(await (await b.visit('/signup/add-passkey')).text(), /Now your passkey, Holo/);

  const late = await browser(w).visit('/signup/setup', { form: { secret, username: 'late', firstName: 'Late' } });
  assert.equal(late.headers.get('location'), '/login');
});

test('the set-up with a mistake in it can be read in another language, and is still the set-up', async (t) => {
  const w = await world(t);
  const b = browser(w);
  const secret = new URL((await w.app.services.setUp.setupLink()) ?? '').searchParams.get('secret') ?? '';
  const again = await (await b.visit('/signup/setup', { form: { secret, username: '-' } })).text();
  const inGerman = /href="([^"]*lang=de)"/.exec(again)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const shown = await b.visit(inGerman);
  assert.deepEqual([shown.status, /<html lang="de"/.test(await shown.text())], [200, true]);
});

test('who signs in on the way to nothing lands on the home page that administrators chose', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await w.api('PUT', '/api/application-configuration', { homePageUrl: 'https://home.example.com/' });
  const landed = async (query: string) => {
    const page = await (await ann.visit(`/login${query}`)).text();
    const data = JSON.parse(/id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '{}');
    const answer = await ann.request(data.finish, { json: { ...data.extra, response: ann.device.assert(data.options) } });
    const { next } = (await answer.json()) as { next: string };
    const again = (await ann.visit(`/login${query}`)).headers.get('location');
    await ann.visit('/logout', { method: 'POST' });
    return [next, again];
  };
  assert.deepEqual(await landed(''), ['https://home.example.com/', 'https://home.example.com/']);
  assert.deepEqual(await landed('?redirect=/account'), ['/account', '/account']);
});

test('the sign-in page brings the challenge along, and one answer signs in and says where to go', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const page = await (await ann.visit('/login?redirect=/account')).text();
  const data = JSON.parse(/id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '{}');
  assert.equal(data.finish, '/interaction/passkey');
  const response = ann.device.assert(data.options);
  const answer = await ann.request(data.finish, { json: { ...data.extra, response } });
  assert.deepEqual(await answer.json(), { next: '/account' });
  assert.match(await (await ann.visit('/account')).text(), /Hello, Ann/);
  const twice = await ann.request(data.finish, { json: { response } });
  assert.equal(((await twice.json()) as { code: string }).code, 'invalid_webauthn_session');
});

test('what an authenticator got wrong is named, and the page has a sentence for it in the language it speaks', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const data = async (path: string) =>
    JSON.parse(/id="data">(.*?)<\/script>/s.exec(await (await ann.visit(`${path}?lang=de`)).text())?.[1] ?? '{}');
  const told = async (finish: string, response: unknown) => {
    const refused = await ann.request(finish, { json: { response } });
    return ((await refused.json()) as { details?: { problem?: string } }).details?.problem ?? '';
  };
  const english = translator('en');
  const signingIn: [problem: string, Overrides][] = [
    ['address', { origin: 'https://elsewhere.example' }],
    ['untouched', { up: false }],
    ['unstored', { userHandle: null }],
    ['unsound', { be: false, bs: true }],
    ['changed', { be: false, bs: false }],
  ];
  for (const [problem, overrides] of signingIn) {
    const { options, finish, words } = await data('/login');
    assert.equal(await told(finish, ann.device.assert(options, overrides)), problem);
    assert.notEqual(words[problem], undefined, problem);
    assert.notEqual(words[problem], english(`passkey.${problem}` as MessageKey, { address: w.config.appUrl }));
  }
  await ann.login();
  await w.api('PUT', '/api/application-configuration', { webauthnAuthenticatorAttachment: 'cross-platform' });
  const { options, finish, words } = await data('/signup/add-passkey');
  const made = ann.device.register(options, { ignoreExcluded: true });
  assert.equal(await told(finish, made), 'roaming');
  assert.match(words.roaming, /anderen Geräts/);
});

test('SEC-128 wherever a redirect is named, it ends on our origin', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  for (const redirect of [
    '//evil.test',
    '/\\evil.test',
    'https:evil.test',
    'javascript:alert(1)',
    '/..//evil.test',
    '/%0d%0aSet-Cookie:a=b',
  ]) {
    const location = (await ann.visit(`/login?redirect=${encodeURIComponent(redirect)}`)).headers.get('location') ?? '';
    assert.equal(new URL(location, w.config.appUrl).origin, w.config.appUrl, redirect);
    const next = (
      (await (await ann.request('/interaction/passkey', { json: { redirect, response: await ann.answersLogin() } })).json()) as {
        next: string;
      }
    ).next;
    assert.equal(new URL(next, w.config.appUrl).origin, w.config.appUrl, redirect);
  }
});

test('a code that is refused is answered in words and logged as a refusal, without the code', async (t) => {
  const w = await world(t);
  const page = await browser(w).visit('/login/alternative/code', { form: { code: 'wr0ng-1' }, headers: html });
  assert.equal(page.status, 401);
  assert.match(await page.text(), /doesn’t work any more/);
  assert.equal(refusals(w).length, 1);
  assert.equal(refusals(w)[0]?.fields.reason, 'token_invalid_or_expired');
  assert.doesNotMatch(JSON.stringify(w.log.lines), /wr0ng/i);
  const byScript = await browser(w).request('/login/alternative/code', {
    form: { code: 'abc' },
    headers: { accept: 'application/json', 'accept-language': 'de' },
  });
  assert.match(((await byScript.json()) as { sentence: string }).sentence, /6 oder 12/);
});

test('SEC-123 another site can post no code for a person, with or without cookies', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', passkey: false });
  const { body } = await w.api('POST', `/api/users/${ann.id}/one-time-access-token`, { ttl: 600 });
  const forged = await ann.visit('/login/alternative/code', { form: { code: body.token }, site: 'cross-site', headers: html });
  assert.equal(forged.status, 403);
  assert.deepEqual(
    forged.headers.getSetCookie().filter((line) => line.includes('access_token')),
    [],
  );
  const own = await ann.visit('/login/alternative/code', { form: { code: body.token } });
  assert.equal(own.headers.get('location'), '/signup/add-passkey');
});

test('SEC-015 nothing a request says comes back as markup', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const evil = '"><script>x</script>';
  const text = encodeURIComponent(evil);
  const parameters = [
    'error',
    'error_description',
    'error_hint',
    'login_hint',
    'ui_locales',
    'client_id',
    'scope',
    'redirect_uri',
    'state',
  ];
  const paths = [
    ...parameters.map((name) => `/authorize?response_type=code&client_id=x&${name}=${text}`),
    ...parameters.map((name) => `/interaction/error?${name}=${text}`),
    ...['redirect', 'interaction', 'lang', 'code'].flatMap((name) =>
      ['/login', '/login/alternative', '/login/alternative/code', '/interaction'].map((path) => `${path}?${name}=${text}`),
    ),
    `/lc/${text}`,
    `/signup/setup?secret=${text}`,
    `/device?user_code=${text}`,
    `/account?done=${text}&problem=${text}`,
    `/${text}`,
    `/assets/${text}`,
    `/api/oidc/end-session?id_token_hint=${text}&post_logout_redirect_uri=${text}`,
  ];
  for (const visitor of [browser(w), ann]) {
    for (const path of paths) {
      const body = await (await visitor.visit(path, { headers: { ...html, 'user-agent': evil, 'accept-language': evil } })).text();
      assert.ok(!body.includes('<script>x') && !body.includes('x</script>'), path);
    }
    await ann.signIn();
  }
});

test('signing out ends the session, asks first, and other sites cannot do it', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  assert.match(await (await ann.visit('/logout')).text(), /Sign out of/);
  assert.equal((await ann.visit('/logout', { form: {}, site: 'cross-site' })).status, 403);
  const out = await ann.visit('/logout', { form: {} });
  assert.equal(out.status, 303);
  assert.equal(out.headers.get('clear-site-data'), '"storage"');
  assert.match(await (await ann.visit('/logout')).text(), /You are signed out/);
  assert.equal((await ann.visit('/account')).headers.get('location'), '/login?redirect=%2Faccount');
});

test('nobody touches another person’s passkeys and sessions through the profile', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const bob = await person(w, { username: 'bob' });
  await ann.signIn();
  await bob.signIn();
  const theirs = await bob.addPasskey();
  const sessions = await w.app.services.sessions.listOf(bob.id);
  for (const path of [`passkeys/${theirs}/remove`, `passkeys/${theirs}/rename`, `sessions/${sessions[0]?.id}/end`]) {
    const answer = await ann.visit(`/account/${path}`, { form: { name: 'mine' } });
    assert.equal(answer.headers.get('location'), '/account?problem=gone', path);
  }
  assert.equal((await w.app.services.passkeyList.listOf(bob.id)).length, 2);
  assert.equal((await w.app.services.sessions.listOf(bob.id)).length, 1);
});

test('an id that could not even be kept is not there, on either database', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  for (const path of ['passkeys/a%00b/remove', 'passkeys/a%00b/rename', 'sessions/a%00b/end', 'applications/remove']) {
    const answer = await ann.visit(`/account/${path}`, { form: { name: 'mine', client: 'a\0b' } });
    assert.equal(answer.headers.get('location'), '/account?problem=gone', path);
  }
});

test('a passkey’s name has 1 to 50 characters, however many bytes they are', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  const [own] = await w.app.services.passkeyList.listOf(ann.id);
  const rename = async (name: string) =>
    (await ann.visit(`/account/passkeys/${own?.id}/rename`, { form: { name } })).headers.get('location');
  assert.equal(await rename('  '), '/account?problem=name');
  assert.equal(await rename('é'.repeat(51)), '/account?problem=name');
  assert.equal(await rename('🦊'.repeat(50)), '/account?done=saved');
});

test('a session that is no longer fresh proves itself before a passkey is added', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  w.clock.advance(3000);
  const page = await (await ann.visit('/signup/add-passkey?redirect=/account')).text();
  assert.match(page, /Is it still you, Ann\?/);
  const data = JSON.parse(/id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '{}');
  const answer = await ann.request(data.finish, { json: { ...data.extra, response: ann.device.assert(data.options) } });
  const { next } = (await answer.json()) as { next: string };
  assert.equal(next, '/signup/add-passkey?redirect=%2Faccount');
  assert.match(await (await ann.visit(next)).text(), /Now your passkey, Ann/);
});

test('a failure is a page for a browser and JSON for a program, and its reference finds the log line', async (t) => {
  const w = await world(t);
  const b = browser(w);
  const page = await b.visit('/account/passkeys/x/rename', { headers: html });
  assert.equal(page.status, 405);
  assert.match(await page.text(), /can’t be used that way/);
  const forged = await b.visit('/logout', { form: {}, site: 'cross-site', headers: html });
  const reference = /cross_site_request · ([0-9A-F]{4}-[0-9A-F]{4})/.exec(await forged.text())?.[1];
  assert.equal(refusals(w).at(-1)?.fields.ref, reference);
  assert.equal((await b.request('/interaction/reauthenticate', { json: {} })).status, 401);
});

test('a page too says when to come back', async (t) => {
  const w = await world(t, { disableRateLimiting: false });
  const visitor = browser(w);
  let page = await visitor.visit('/login/alternative/device', { headers: html });
  for (let n = 0; n < 100 && page.status === 200; n++) page = await visitor.visit('/login/alternative/device', { headers: html });
  assert.equal(page.status, 429);
  assert.ok(Number(page.headers.get('retry-after')) > 0);
  assert.match(page.headers.get('content-type') ?? '', /html/);
});

test('of a report about a policy only the directive is logged', async (t) => {
  const w = await world(t);
  const report = {
    type: 'csp-violation',
    body: { effectiveDirective: 'script-src-elem', blockedURL: 'https://error.example/unauthorized' },
  };
  const headers = { 'content-type': 'application/reports+json' };
  const sent = await w.request('/api/csp-reports', {
    method: 'POST',
    headers,
    body: JSON.stringify([report, { body: { effectiveDirective: 'error\nunauthorized' } }]),
  });
  assert.equal(sent.status, 204);
  const text = JSON.stringify(w.log.lines);
  assert.match(text, /script-src-elem/);
  assert.doesNotMatch(text, /unauthorized|error/);
});
