import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { application } from '../testing/applications.ts';
import { browser } from '../testing/browser.ts';
import { person } from '../testing/people.ts';
import { answerOf, type RelyingParty, relyingParty, sentBy, type Visitor } from '../testing/relying-party.ts';
import { type World, world } from '../testing/world.ts';

async function installation(t: TestContext) {
  const w = await world(t);
  const milton = await person(w, { username: 'milton', groups: ['familia'] });
  const rp = await relyingParty(w, await application(w));
  return { w, milton, rp };
}

/** Asks, and answers the id of the interaction that begins. */
async function begin(w: World, rp: RelyingParty, visitor: Pick<Visitor, 'visit'>, parameters = {}) {
  const begun = await rp.begin(parameters);
  const response = await rp.ask(visitor, begun);
  const id = new URL(response.headers.get('location') ?? '', w.config.appUrl).searchParams.get('interaction');
  assert.ok(id, `no interaction: ${response.status} ${response.headers.get('location')}`);
  return { ...begun, id, response };
}
const complete = async (visitor: Pick<Visitor, 'request'>, id: string, step: string, more: object = {}) => {
  const response = await visitor.request(`/api/oidc/interactions/${id}/complete`, { method: 'POST', json: { step, ...more } });
  return {
    status: response.status,
    body: (await response.json()) as { redirectUrl?: string; interaction?: { currentStep: string }; code?: string },
  };
};
const codes = async ({ database: { db } }: World) => db.selectFrom('oauth_grant').selectAll().execute();

test('an interaction tells the browser that began it what is asked, and nobody else', async (t) => {
  const { w, milton, rp } = await installation(t);
  const { id } = await begin(w, rp, milton, { scope: 'openid profile email' });
  const response = await milton.request(`/api/oidc/interactions/${id}`);
  const body = (await response.json()) as Record<string, unknown>;
  assert.equal(body.id, id);
  assert.deepEqual(body.scopes, ['openid', 'profile', 'email']);
  assert.deepEqual(
    (body.scopeInfo as { key: string }[]).map(({ key }) => key),
    ['openid', 'profile', 'email'],
  );
  assert.equal((body.client as { name: string }).name, 'Paperless');
  assert.equal(body.currentStep, 'authenticate');
  assert.deepEqual(body.requiredSteps, ['authenticate', 'consent']);
  assert.equal((await w.request(`/api/oidc/interactions/${id}`)).status, 404);
  assert.equal((await browser(w).request(`/api/oidc/interactions/${id}`)).status, 404);
});

test('a sign-in that is refused on the way to an application is logged with its name', async (t) => {
  const { w, milton, rp } = await installation(t);
  const { id } = await begin(w, rp, milton);
  const stranger = await person(w, { username: 'stranger' });
  const tries: [string, object][] = [
    ['/interaction/passkey', { json: { interaction: id, response: { id: 'x' } } }],
    ['/interaction/passkey', { json: { interaction: id, response: await stranger.answersLogin() } }],
    ['/login/alternative/code', { form: { interaction: id, code: 'wr0ng1' } }],
  ];
  for (const [path, init] of tries) {
    const before = w.log.lines.length;
    const { status } = await milton.request(path, init);
    const told = w.log.lines.slice(before).filter(({ message }) => message.includes('unauthorized'));
    assert.deepEqual([status < 500, told.map(({ fields }) => fields.client)], [true, [rp.app.id]], `${path}: ${status}`);
  }
  await browser(w).request('/login/alternative/code', { form: { interaction: id, code: 'wr0ng1' } });
  assert.equal(w.log.lines.at(-1)?.fields.client, undefined, 'another browser knows nothing of it');
});

test('an interaction is over after an hour, and after its answer', async (t) => {
  const { w, milton, rp } = await installation(t);
  const { id } = await begin(w, rp, milton);
  await milton.signIn();
  w.clock.advance(3600);
  assert.equal((await milton.request(`/api/oidc/interactions/${id}`)).status, 404);
  assert.equal((await milton.visit(`/authorize?interaction=${id}`)).status, 410);
  const next = await begin(w, rp, milton);
  await rp.walk(milton, next.response);
  assert.equal((await milton.visit(`/authorize?interaction=${next.id}`)).status, 410);
});

test('rows of interactions that are over can be cleared away, and no others', async (t) => {
  const { w, milton, rp } = await installation(t);
  await begin(w, rp, milton);
  w.clock.advance(3601);
  const { id } = await begin(w, rp, milton);
  assert.equal(await w.app.services.interactions.sweep(w.clock.now()), 1);
  assert.equal((await milton.request(`/api/oidc/interactions/${id}`)).status, 200);
});

test('SEC-147 an interaction approved in another browser gives the one that began it nothing', async (t) => {
  const { w, milton, rp } = await installation(t);
  const attacker = browser(w);
  const { id } = await begin(w, rp, attacker);
  await milton.signIn();
  await begin(w, rp, milton);
  assert.equal((await complete(milton, id, 'authenticate')).status, 404);
  assert.equal((await complete(milton, id, 'consent')).status, 404);
  assert.equal((await milton.visit(`/authorize?interaction=${id}`)).status, 410);
  assert.match((await attacker.visit(`/authorize?interaction=${id}`)).headers.get('location') ?? '', /^\/interaction\?/);
  assert.equal((await codes(w)).length, 0);
});

/** All orders of the steps of two interactions, each in its own order. */
const interleavings = (a: string[], b: string[]): string[][] =>
  a.length === 0 || b.length === 0
    ? [[...a, ...b]]
    : [...interleavings(a.slice(1), b).map((rest) => [a[0]!, ...rest]), ...interleavings(a, b.slice(1)).map((rest) => [b[0]!, ...rest])];

for (const order of interleavings(['A login', 'A consent', 'A answer'], ['B login', 'B consent', 'B answer']))
  test(`SEC-148 two flows in one browser stay apart: ${order.join(', ')}`, async (t) => {
    const { w, milton, rp: a } = await installation(t);
    const b = await relyingParty(w, await application(w, { name: 'Grafana' }));
    const flows = {
      A: { rp: a, ...(await begin(w, a, milton, { scope: 'openid email' })) },
      B: { rp: b, ...(await begin(w, b, milton, { scope: 'openid profile' })) },
    };
    await milton.signIn();
    for (const entry of order) {
      const [name, what] = entry.split(' ') as ['A' | 'B', string];
      const { rp, id, checks } = flows[name];
      if (what === 'login') assert.equal((await complete(milton, id, 'authenticate')).status, 200);
      else if (what === 'consent') assert.ok((await complete(milton, id, 'consent')).body.redirectUrl);
      else {
        const sent = await sentBy(w, await milton.visit(`/authorize?interaction=${id}`));
        assert.ok(sent);
        const tokens = await rp.exchange({ sent, checks });
        assert.equal(tokens.scope, name === 'A' ? 'openid email' : 'openid profile');
        assert.deepEqual(tokens.claims()?.aud, [name === 'A' ? a.app.id : b.app.id]);
        assert.equal((await complete(milton, id, 'consent')).status, 404, 'a second approval');
        assert.equal((await milton.visit(`/authorize?interaction=${id}`)).status, 410);
      }
    }
  });

test('applications that a browser opens all at once, days after it was here last, are all signed in to', async (t) => {
  const { w, milton, rp } = await installation(t);
  await rp.signIn(milton);
  w.clock.advance(14 * 86_400);
  // None of them waits for the cookie that another one's answer brings.
  const asked = await Promise.all([rp.begin(), rp.begin(), rp.begin()].map(async (begun) => rp.ask(milton, await begun)));
  await milton.signIn();
  for (const response of asked) {
    const resumed = await milton.visit(response.headers.get('location') ?? '');
    const sent = await sentBy(w, await milton.visit(resumed.headers.get('location') ?? ''));
    assert.ok(sent && answerOf(sent).has('code'), `${resumed.status}`);
  }
});

test('SEC-149 consent is to what was asked, whatever the browser sends along', async (t) => {
  const { w, milton, rp } = await installation(t);
  const holo = await person(w, { username: 'holo' });
  const other = await application(w, { name: 'Evil' });
  const { id, checks } = await begin(w, rp, milton, { scope: 'openid' });
  await milton.signIn();
  const forged = {
    scope: 'openid email groups',
    scopes: ['email'],
    client_id: other.id,
    clientId: other.id,
    redirect_uri: 'https://evil.test',
    userId: holo.id,
  };
  await complete(milton, id, 'consent', forged);
  assert.equal((await milton.visit(`/authorize?interaction=${id}&scope=openid+email`)).status, 400, 'another scope');
  const again = `/authorize?interaction=${id}&scope=openid&redirect_uri=https://evil.test/&state=forged&client_id=${rp.app.id}`;
  const sent = await sentBy(w, await milton.visit(again));
  assert.ok(sent);
  assert.ok(sent.url.href.startsWith('https://app.example.com/callback?'));
  assert.equal((await rp.exchange({ sent, checks })).scope, 'openid');
  const consent = await w.database.db.selectFrom('consent').selectAll().execute();
  assert.deepEqual(
    consent.map((row) => [row.user_id, row.client_id, row.scopes]),
    [[milton.id, rp.app.id, '["openid"]']],
  );
});

test('SEC-149 an interaction resumed under another client id is refused', async (t) => {
  const { w, milton, rp } = await installation(t);
  const { id } = await begin(w, rp, milton);
  const response = await milton.visit(`/authorize?interaction=${id}&client_id=other`);
  assert.deepEqual([response.status, response.headers.get('location')], [400, null]);
});

test('SEC-150 another site cannot approve: its request has no place here', async (t) => {
  const { w, milton, rp } = await installation(t);
  const { id } = await begin(w, rp, milton);
  await milton.signIn();
  for (const headers of [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' },
    { 'sec-fetch-site': 'same-site', origin: 'https://evil.example.test' },
  ]) {
    const response = await milton.request(`/api/oidc/interactions/${id}/complete`, { method: 'POST', json: { step: 'consent' }, headers });
    assert.equal(response.status, 403);
  }
  assert.equal((await codes(w)).length, 0);
});

test('SEC-152 consent shown to one person is not given by another who signed in meanwhile', async (t) => {
  const { w, milton, rp } = await installation(t);
  const holo = await person(w, { username: 'holo' });
  const { id } = await begin(w, rp, milton);
  await milton.signIn();
  assert.equal((await complete(milton, id, 'authenticate')).body.interaction?.currentStep, 'consent');
  await holo.signIn();
  milton.plant('__Host-access_token', holo.cookie('__Host-access_token') ?? '');
  const submitted = await complete(milton, id, 'consent');
  assert.equal(submitted.body.redirectUrl, undefined);
  assert.equal(submitted.body.interaction?.currentStep, 'consent', 'is asked anew, as the other person');
  assert.equal((await w.database.db.selectFrom('consent').selectAll().execute()).length, 0);
  assert.equal((await codes(w)).length, 0);
  const { flow } = w.app.services;
  const shownToMilton = {
    id,
    step: 'consent',
    person: milton.id,
    browser: milton.cookie('__Host-browser'),
    session: milton.cookie('__Host-access_token'),
  } as const;
  assert.deepEqual(
    await flow.complete({ ...shownToMilton, origin: { requestId: 'r', ip: '', userAgent: '' } }),
    { kind: 'next' },
    'a page names whom it was shown to',
  );
});

test('SEC-153 no step is taken without the one before it, nor by saying that it was', async (t) => {
  const { w, milton, rp } = await installation(t);
  const { id } = await begin(w, rp, milton, { prompt: 'select_account login consent' });
  assert.equal((await complete(milton, id, 'consent')).status, 401, 'nobody is signed in');
  const visitor = milton;
  await visitor.signIn();
  w.clock.advance(5);
  const again = await begin(w, rp, visitor, { prompt: 'select_account login consent' });
  for (const step of ['reauthenticate', 'consent']) assert.equal((await complete(visitor, again.id, step)).status, 400, step);
  const flags = { success: true, done: true, completed: ['select_account', 'reauthenticate', 'consent'] };
  assert.equal((await complete(visitor, again.id, 'consent', flags)).status, 400);
  for (const json of [{}, { step: '' }, { step: 'everything' }, { step: ['consent'] }, null])
    assert.equal((await visitor.request(`/api/oidc/interactions/${again.id}/complete`, { method: 'POST', json })).status, 400);
  assert.equal((await complete(visitor, again.id, 'select_account')).body.interaction?.currentStep, 'reauthenticate');
  assert.equal((await complete(visitor, again.id, 'consent')).status, 400);
  assert.equal((await complete(visitor, again.id, 'reauthenticate')).status, 401, 'there was no ceremony');
  await visitor.reauthenticate();
  assert.equal((await complete(visitor, again.id, 'reauthenticate')).body.interaction?.currentStep, 'consent');
  assert.equal((await codes(w)).length, 0);
  assert.ok((await complete(visitor, again.id, 'consent')).body.redirectUrl);
});

test('a finished interaction asked for many times at once gives one answer', async (t) => {
  const { w, milton, rp } = await installation(t);
  const { id } = await begin(w, rp, milton);
  await milton.signIn();
  await complete(milton, id, 'consent');
  const responses = await Promise.all(Array.from({ length: 20 }, () => milton.visit(`/authorize?interaction=${id}`)));
  assert.equal(responses.filter((response) => response.status === 302).length, 1);
  assert.equal((await codes(w)).length, 1);
});

test('taking a step twice is no mistake', async (t) => {
  const { w, milton, rp } = await installation(t);
  await milton.signIn();
  const { id } = await begin(w, rp, milton, { prompt: 'select_account consent' });
  await complete(milton, id, 'select_account');
  assert.equal((await complete(milton, id, 'select_account')).body.interaction?.currentStep, 'consent');
  assert.ok((await complete(milton, id, 'consent')).body.redirectUrl);
  assert.ok((await complete(milton, id, 'consent')).body.redirectUrl);
  assert.ok((await complete(milton, id, 'authenticate')).body.redirectUrl);
});

test('a client whose callback was taken away meanwhile gets no answer', async (t) => {
  const { w, milton, rp } = await installation(t);
  const { id } = await begin(w, rp, milton);
  await milton.signIn();
  await complete(milton, id, 'consent');
  await w.database.db.updateTable('client').set({ callback_urls: '["https://app.example.com/moved"]' }).execute();
  assert.equal((await milton.visit(`/authorize?interaction=${id}`)).status, 410);
  assert.equal((await codes(w)).length, 0);
});

test('cancelling answers access_denied with state and iss, once', async (t) => {
  const { w, milton, rp } = await installation(t);
  const { id, checks } = await begin(w, rp, milton, { response_mode: 'fragment' });
  const from = { id, browser: milton.cookie('__Host-browser'), origin: { requestId: 'r', ip: '', userAgent: '' } };
  const sent = await w.app.services.flow.cancel(from);
  assert.ok(sent.kind === 'redirect');
  const answer = answerOf({ url: new URL(sent.url) });
  assert.deepEqual([answer.get('error'), answer.get('state'), answer.get('iss')], ['access_denied', checks.expectedState, w.config.appUrl]);
  assert.equal((await w.app.services.flow.cancel(from)).kind, 'gone');
});

test('SEC-141 two session cookies, or a binding cookie tossed in, count as none', async (t) => {
  const { w, milton, rp } = await installation(t);
  const holo = await person(w, { username: 'holo' });
  await milton.signIn();
  await holo.signIn();
  const values = [milton, holo].map((one) => `__Host-access_token=${one.cookie('__Host-access_token')}`);
  for (const cookie of [values.join('; '), values.toReversed().join('; ')]) {
    const { url } = await rp.begin({ prompt: 'none' });
    const response = await w.request(url.href, { headers: { cookie } });
    assert.match(response.headers.get('location') ?? '', /error=login_required/);
  }
});
