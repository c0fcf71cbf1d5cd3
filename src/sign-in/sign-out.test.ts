import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { application, refresh, userinfoStatus } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { answerOf, relyingParty, sentBy } from '../testing/relying-party.ts';
import { APP_URL, world } from '../testing/world.ts';

const AFTER = 'https://app.example.com/signed-out';
const OUR_PAGE = `${APP_URL}/logout`;

async function signedIn(t: TestContext, { scope = 'openid profile offline_access' } = {}) {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const app = await application(w, { logout_callback_urls: JSON.stringify([AFTER, 'https://*.app.example.com/bye']) });
  const rp = await relyingParty(w, app);
  const { tokens } = await rp.signIn(milton, { scope });
  const hint = tokens.id_token ?? '';
  /** Where the browser is sent, and whether the person is signed in afterwards. */
  const endSession = async (parameters: Record<string, string>, visitor = milton) => {
    const query = new URLSearchParams(parameters);
    const response = await visitor.visit(`/api/oidc/end-session${query.size ? `?${query}` : ''}`, { site: 'cross-site' });
    const silent = await sentBy(w, await rp.ask(milton, await rp.begin({ prompt: 'none', scope })));
    return {
      status: response.status,
      to: response.headers.get('location'),
      signedIn: silent !== undefined && answerOf(silent).has('code'),
    };
  };
  return { w, milton, app, rp, tokens, hint, endSession };
}

const modified = (token: string) => {
  const [head, body, signature] = token.split('.') as [string, string, string];
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
  return `${head}.${Buffer.from(JSON.stringify({ ...claims, extra: 1 })).toString('base64url')}.${signature}`;
};
const unsigned = (token: string) => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`;

type Case = [module: string, parameters: (hint: string) => Record<string, string>, to: string, signedIn: boolean];
/** Ten requests of the certification plan, and our own neighbours of them. */
const CASES: Case[] = [
  [
    'oidcc-rp-initiated-logout',
    (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: AFTER, state: 'a b&c' }),
    `${AFTER}?state=a+b%26c`,
    false,
  ],
  ['oidcc-rp-initiated-logout-no-state', (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: AFTER }), AFTER, false],
  ['oidcc-rp-initiated-logout-no-post-logout-redirect-uri', (id_token_hint) => ({ id_token_hint, state: 's' }), OUR_PAGE, false],
  [
    'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri',
    (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: 'https://evil.test/', state: 's' }),
    OUR_PAGE,
    true,
  ],
  [
    'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri',
    (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: `${AFTER}?x=1` }),
    OUR_PAGE,
    true,
  ],
  [
    'oidcc-rp-initiated-logout-modified-id-token-hint',
    (hint) => ({ id_token_hint: modified(hint), post_logout_redirect_uri: AFTER, state: 's' }),
    OUR_PAGE,
    true,
  ],
  [
    'oidcc-rp-initiated-logout-bad-id-token-hint',
    () => ({ id_token_hint: 'nonsense', post_logout_redirect_uri: AFTER, state: 's' }),
    OUR_PAGE,
    true,
  ],
  ['oidcc-rp-initiated-logout-no-id-token-hint', () => ({ post_logout_redirect_uri: AFTER, state: 's' }), OUR_PAGE, true],
  ['oidcc-rp-initiated-logout-no-params', () => ({}), OUR_PAGE, true],
  ['oidcc-rp-initiated-logout-only-state', () => ({ state: 's' }), OUR_PAGE, true],
  ['SEC-071 an unsigned hint', (hint) => ({ id_token_hint: unsigned(hint), post_logout_redirect_uri: AFTER }), OUR_PAGE, true],
  [
    'SEC-068 user information in the URI',
    (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: 'https://app.example.com@evil.test/signed-out' }),
    OUR_PAGE,
    true,
  ],
  ['SEC-068 a suffix to the URI', (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: `${AFTER}.evil.test` }), OUR_PAGE, true],
  [
    'a URI that a pattern stands for',
    (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: 'https://x.app.example.com/bye' }),
    'https://x.app.example.com/bye',
    false,
  ],
  ['client_id without a hint', () => ({ client_id: 'x', post_logout_redirect_uri: AFTER }), OUR_PAGE, true],
  [
    'client_id other than the hint says',
    (id_token_hint) => ({ id_token_hint, client_id: 'x', post_logout_redirect_uri: AFTER }),
    OUR_PAGE,
    true,
  ],
];

for (const [module, parameters, to, stays] of CASES)
  test(`${module} → ${to === OUR_PAGE ? 'our page' : 'back to the application'}, ${stays ? 'still signed in' : 'signed out'}`, async (t) => {
    const { hint, endSession } = await signedIn(t);
    assert.deepEqual(await endSession(parameters(hint)), { status: 302, to, signedIn: stays });
  });

test('SEC-068 a hint of another client, and an access token as hint, end nothing', async (t) => {
  const { w, milton, tokens, endSession } = await signedIn(t);
  const other = await relyingParty(w, await application(w));
  const { tokens: theirs } = await other.signIn(milton);
  const registeredElsewhere = { id_token_hint: theirs.id_token ?? '', post_logout_redirect_uri: AFTER };
  assert.deepEqual(await endSession(registeredElsewhere), { status: 302, to: OUR_PAGE, signedIn: true });
  const accessToken = { id_token_hint: tokens.access_token, post_logout_redirect_uri: AFTER };
  assert.deepEqual(await endSession(accessToken), { status: 302, to: OUR_PAGE, signedIn: true }, 'SEC-078');
});

test('a hint of another person than the one signed in ends nobody', async (t) => {
  const { w, rp, milton, endSession } = await signedIn(t);
  const holo = await person(w, { username: 'holo' });
  const { tokens } = await rp.signIn(holo);
  assert.deepEqual(await endSession({ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: AFTER }, milton), {
    status: 302,
    to: OUR_PAGE,
    signedIn: true,
  });
});

test('signing out at an application ends its tokens too, also those for offline use', async (t) => {
  const { w, app, tokens, hint, endSession } = await signedIn(t);
  await endSession({ id_token_hint: hint, post_logout_redirect_uri: AFTER });
  assert.equal(await userinfoStatus(w, tokens.access_token), 401);
  assert.equal((await refresh(w, app, tokens.refresh_token ?? '')).body.error, 'invalid_grant');
});

test('an expired hint still signs out, and so does one whose session is over', async (t) => {
  const { w, app, tokens, hint, endSession } = await signedIn(t);
  w.clock.advance(5 * 3600);
  assert.equal((await endSession({ id_token_hint: hint, post_logout_redirect_uri: AFTER })).to, AFTER);
  assert.equal((await refresh(w, app, tokens.refresh_token ?? '')).body.error, 'invalid_grant');
});

test('SEC-067 the cookie of before is dead after signing out, and the browser is told to forget it', async (t) => {
  const { w, milton, hint } = await signedIn(t);
  const cookie = milton.cookie('__Host-access_token') ?? '';
  const response = await milton.visit(`/api/oidc/end-session?id_token_hint=${hint}`);
  assert.ok(response.headers.getSetCookie().some((line) => /^__Host-access_token=;.*Max-Age=0/i.test(line)));
  const replayed = await w.request('/api/users/me', { headers: { cookie: `__Host-access_token=${cookie}` } });
  assert.equal(replayed.status, 401);
});

test('a form posted by the application signs out by going once around, since a cross-site post has no cookies', async (t) => {
  const { w, milton, hint } = await signedIn(t);
  const posted = await w.request('/api/oidc/end-session', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site', origin: 'https://app.example.com' },
    body: new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: AFTER }).toString(),
  });
  assert.equal(posted.status, 303);
  const followed = await milton.visit(posted.headers.get('location') ?? '', { site: 'cross-site' });
  assert.equal(followed.headers.get('location'), AFTER);
  assert.equal(milton.cookie('__Host-access_token'), undefined);
});

test('the ID token of somebody in very many groups, longer than any URL, signs out by a form', async (t) => {
  const w = await world(t);
  const groups = Array.from({ length: 300 }, (_, i) => `a-group-with-quite-a-long-name-${i}`);
  const milton = await person(w, { username: 'milton', groups });
  const rp = await relyingParty(w, await application(w, { logout_callback_urls: JSON.stringify([AFTER]) }));
  const { tokens } = await rp.signIn(milton, { scope: 'openid groups' });
  const hint = tokens.id_token ?? '';
  assert.ok(hint.length > 8192, `${hint.length} characters`);
  const form = { id_token_hint: hint, post_logout_redirect_uri: AFTER };
  const posted = await milton.visit('/api/oidc/end-session', { form, site: 'same-site' });
  assert.equal(posted.headers.get('location'), AFTER);
  assert.equal(milton.cookie('__Host-access_token'), undefined);
  assert.equal(await userinfoStatus(w, tokens.access_token), 401);
});

test('SEC-018 a page of another origin cannot sign anybody out by script', async (t) => {
  const { milton, hint } = await signedIn(t);
  const response = await milton.request(`/api/oidc/end-session?id_token_hint=${hint}`, { headers: { origin: 'https://evil.test' } });
  assert.equal(response.headers.get('access-control-allow-credentials'), null);
});

test('SEC-059 when the database fails while signing out nobody is told that it worked', async (t) => {
  const { w, milton, tokens, hint } = await signedIn(t);
  const { db } = w.database;
  await sql`alter table session rename to session_away`.execute(db);
  const response = await milton.visit(`/api/oidc/end-session?id_token_hint=${hint}&post_logout_redirect_uri=${encodeURIComponent(AFTER)}`);
  assert.equal(response.status, 500);
  await sql`alter table session_away rename to session`.execute(db);
  assert.equal(await userinfoStatus(w, tokens.access_token), 200);
});

for (const way of ['by the application', 'by the person'] as const)
  test(`what an application was refused is not told after a sign-out that went well, ${way}`, async (t) => {
    const { milton, hint } = await signedIn(t);
    const refused = { id_token_hint: hint, post_logout_redirect_uri: 'https://evil.test/' };
    const told = async () => {
      await milton.visit(`/api/oidc/end-session?${new URLSearchParams(refused)}`, { site: 'cross-site' });
      return milton.cookie('logout_refused');
    };
    assert.equal(await told(), '1');
    const page = await milton.visit('/logout');
    assert.equal(milton.cookie('logout_refused'), undefined, 'the page says it once');
    await told();
    if (way === 'by the application') await milton.visit(`/api/oidc/end-session?id_token_hint=${hint}`, { site: 'cross-site' });
    else await milton.visit('/logout', { form: {} });
    const after = await milton.visit('/logout');
    assert.match(await page.text(), /data-refused/);
    assert.doesNotMatch(await after.text(), /data-refused/);
  });
