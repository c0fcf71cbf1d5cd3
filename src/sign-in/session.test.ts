import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { application } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { answerOf, relyingParty, sentBy } from '../testing/relying-party.ts';
import { world } from '../testing/world.ts';

async function installation(t: TestContext, over: Parameters<typeof application>[1] = {}) {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const app = await application(w, over);
  const rp = await relyingParty(w, app);
  /** The error an authorization request is answered with at once; undefined when it was not answered with one. */
  const errorOf = async (visitor: typeof milton, parameters: Record<string, string | undefined>) => {
    const response = await rp.ask(visitor, await rp.begin(parameters));
    const sent = await sentBy(w, response);
    return sent ? answerOf(sent).get('error') : undefined;
  };
  return { w, milton, app, rp, errorOf };
}

test('oidcc-prompt-none-not-logged-in: login_required by redirect', async (t) => {
  const { milton, errorOf } = await installation(t);
  assert.equal(await errorOf(milton, { prompt: 'none' }), 'login_required');
});

test('oidcc-prompt-none-logged-in: silent, with the same sub and auth_time', async (t) => {
  const { w, milton, rp } = await installation(t);
  const first = await rp.signIn(milton);
  w.clock.advance(100);
  const second = await rp.signIn(milton, { prompt: 'none' });
  assert.deepEqual(second.steps, []);
  assert.equal(second.claims?.sub, first.claims?.sub);
  assert.equal(second.claims?.auth_time, first.claims?.auth_time);
});

test('oidcc-prompt-login: a second sign-in is demanded and auth_time is the new one', async (t) => {
  const { w, milton, rp } = await installation(t);
  const first = await rp.signIn(milton);
  w.clock.advance(10);
  const second = await rp.signIn(milton, { prompt: 'login' });
  assert.deepEqual(second.steps, ['reauthenticate']);
  assert.equal(second.claims?.auth_time, Number(first.claims?.auth_time) + 10);
});

test('oidcc-max-age-1: signs in anew when the age has passed, with a later auth_time', async (t) => {
  const { w, milton, rp } = await installation(t);
  const first = await rp.signIn(milton);
  w.clock.advance(2);
  const second = await rp.signIn(milton, { max_age: '1' });
  assert.deepEqual(second.steps, ['reauthenticate']);
  assert.equal(second.claims?.auth_time, Number(first.claims?.auth_time) + 2);
});

test('oidcc-max-age-10000: does not sign in anew, auth_time is there and equal', async (t) => {
  const { w, milton, rp } = await installation(t);
  const first = await rp.signIn(milton, { max_age: '15000' });
  w.clock.advance(60);
  const second = await rp.signIn(milton, { max_age: '10000' });
  assert.deepEqual(second.steps, []);
  assert.equal(second.claims?.auth_time, first.claims?.auth_time);
});

test('oidcc-id-token-hint: with prompt=none the same person is answered, whatever the age of the hint', async (t) => {
  const { w, milton, rp } = await installation(t);
  const first = await rp.signIn(milton);
  w.clock.advance(3000);
  await milton.signIn();
  w.clock.advance(3000);
  const second = await rp.signIn(milton, { prompt: 'none', id_token_hint: first.tokens.id_token });
  assert.equal(second.claims?.sub, first.claims?.sub);
});

test('an id_token_hint of another person fails: at once with prompt=none, else when somebody else signs in', async (t) => {
  const { w, milton, rp, errorOf } = await installation(t);
  const holo = await person(w, { username: 'holo' });
  const { tokens } = await rp.signIn(holo);
  await rp.signIn(milton);
  assert.equal(await errorOf(milton, { prompt: 'none', id_token_hint: tokens.id_token }), 'login_required');
  const { sent, steps } = await rp.authorize(milton, { id_token_hint: tokens.id_token });
  assert.deepEqual(steps, ['authenticate']);
  assert.equal(answerOf(sent).get('error'), 'login_required');
});

test('SEC-078 an access token, and SEC-071 an unsigned token, name nobody as id_token_hint', async (t) => {
  const { milton, rp, errorOf } = await installation(t);
  const { tokens } = await rp.signIn(milton);
  const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${tokens.id_token?.split('.')[1]}.`;
  for (const id_token_hint of [tokens.access_token, unsigned, 'nonsense']) {
    assert.equal(await errorOf(milton, { prompt: 'none', id_token_hint }), 'login_required');
    assert.deepEqual((await rp.signIn(milton, { id_token_hint })).steps, [], 'and is ignored otherwise');
  }
});

test('SEC-022 prompt=none without consent answers consent_required and never a page', async (t) => {
  const { milton, errorOf } = await installation(t);
  await milton.signIn();
  assert.equal(await errorOf(milton, { prompt: 'none' }), 'consent_required');
});

test('SEC-022 prompt=none answers access_denied to somebody who may not use the application', async (t) => {
  const w = await world(t);
  await person(w, { username: 'holo', groups: ['admin'] });
  const milton = await person(w, { username: 'milton', groups: ['familia'] });
  const rp = await relyingParty(w, await application(w, { groups: ['admin'] }));
  await milton.signIn();
  const response = await rp.ask(milton, await rp.begin({ prompt: 'none' }));
  const sent = await sentBy(w, response);
  assert.equal(sent && answerOf(sent).get('error'), 'access_denied');
});

for (const parameters of [{ max_age: '0' }, { prompt: 'login' }] as Record<string, string>[])
  test(`SEC-023 ${JSON.stringify(parameters)} with a live session demands a ceremony, and no later request can leave it out`, async (t) => {
    const { w, milton, rp } = await installation(t);
    await rp.signIn(milton);
    const before = w.clock.now();
    w.clock.advance(5);
    const { url } = await rp.begin(parameters);
    const response = await rp.ask(milton, { url });
    const id = new URL(response.headers.get('location') ?? '', w.config.appUrl).searchParams.get('interaction') ?? '';
    for (const path of [
      `/authorize?interaction=${id}`,
      `/authorize?interaction=${id}&prompt=none`,
      `/authorize?interaction=${id}&max_age=10000`,
    ]) {
      const resumed = await milton.visit(path);
      assert.match(resumed.headers.get('location') ?? '', /^\/interaction\?/, path);
    }
    const done = await milton.request(`/api/oidc/interactions/${id}/complete`, { method: 'POST', json: { step: 'reauthenticate' } });
    assert.equal(done.status, 401, 'no proof');
    const { sent } = await rp.walk(milton, response);
    const code = answerOf(sent).get('code');
    assert.ok(code);
    const grant = await w.database.db.selectFrom('oauth_grant').select('auth_time').orderBy('created_at', 'desc').executeTakeFirst();
    assert.ok((grant?.auth_time ?? 0) > before);
  });

test('a reauthentication of before the request does not answer prompt=login', async (t) => {
  const { w, milton, rp } = await installation(t);
  await rp.signIn(milton);
  await milton.reauthenticate();
  w.clock.advance(5);
  const response = await rp.ask(milton, await rp.begin({ prompt: 'login' }));
  const id = new URL(response.headers.get('location') ?? '', w.config.appUrl).searchParams.get('interaction') ?? '';
  const done = await milton.request(`/api/oidc/interactions/${id}/complete`, { method: 'POST', json: { step: 'reauthenticate' } });
  assert.equal(done.status, 401);
});

test('a client that demands reauthentication gets a passkey ceremony each time, also after a one-time code', async (t) => {
  const { w, milton, rp } = await installation(t, { requires_reauthentication: 1 });
  const first = await rp.signIn(milton);
  assert.deepEqual(first.steps, ['authenticate', 'consent'], 'a passkey sign-in is one');
  w.clock.advance(1);
  assert.deepEqual((await rp.signIn(milton)).steps, ['reauthenticate']);

  const visitor = { ...milton.otherBrowser() };
  const begun = await rp.begin();
  const response = await rp.ask(visitor, begun);
  await visitor.signIn({ amr: 'otp' });
  const id = new URL(response.headers.get('location') ?? '', w.config.appUrl).searchParams.get('interaction') ?? '';
  const done = await visitor.request(`/api/oidc/interactions/${id}/complete`, { method: 'POST', json: { step: 'authenticate' } });
  const body = (await done.json()) as { interaction: { currentStep: string } };
  assert.equal(body.interaction.currentStep, 'reauthenticate');
});

test('SEC-156 a session that is idle for too long, or over, is none: the person signs in again', async (t) => {
  const { w, milton, rp } = await installation(t);
  await rp.signIn(milton);
  w.clock.advance(59 * 60);
  assert.deepEqual((await rp.signIn(milton)).steps, [], 'use keeps it alive');
  w.clock.advance(59 * 60);
  assert.deepEqual((await rp.signIn(milton)).steps, []);
  w.clock.advance(60 * 60);
  assert.deepEqual((await rp.signIn(milton)).steps, ['authenticate']);
});

test('a session revoked in the middle of an interaction ends it at the next step', async (t) => {
  const { w, milton, rp } = await installation(t);
  await milton.signIn();
  const response = await rp.ask(milton, await rp.begin());
  const id = new URL(response.headers.get('location') ?? '', w.config.appUrl).searchParams.get('interaction') ?? '';
  await w.app.services.sessions.revokeAll(milton.id, { requestId: 'r', ip: '', userAgent: '' });
  const done = await milton.request(`/api/oidc/interactions/${id}/complete`, { method: 'POST', json: { step: 'consent' } });
  assert.equal(done.status, 401);
  assert.match((await milton.visit(`/authorize?interaction=${id}`)).headers.get('location') ?? '', /^\/interaction\?/);
});

test('a database that fails makes nobody out of whoever is signed in', async (t) => {
  const { w, milton } = await installation(t);
  await milton.signIn();
  const { db } = w.database;
  await sql`alter table session rename to session_away`.execute(db);
  const page = await milton.visit('/account');
  const change = await milton.visit('/account/sessions/end-others', { form: {} });
  await sql`alter table session_away rename to session`.execute(db);
  assert.deepEqual([page.status, change.status], [500, 500]);
  assert.equal((await milton.visit('/account')).status, 200);
});
