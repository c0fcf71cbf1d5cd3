import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeJwt } from 'jose';
import { type Application, application, basic, post, refresh, token } from '../testing/applications.ts';
import { type Person, person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const ask = async (w: World, app: Application, scope = 'openid profile email') =>
  (await post(w, '/api/oidc/device/authorize', { client_id: app.id, scope }, app.isPublic ? {} : { authorization: basic(app) })).body;
const poll = (w: World, app: Application, device_code: string) => token(w, app, { grant_type: DEVICE, device_code });
const verify = (who: Person, code: string) => who.request(`/api/oidc/device/verify?code=${code}`, { method: 'POST' });
const deny = (who: Person, code: string) => who.request(`/api/oidc/device/deny?code=${code}`, { method: 'POST' });
const info = (who: Person, code: string) => who.request(`/api/oidc/device/info?code=${code}`);

const setting = async (w: World, over: Parameters<typeof application>[1] = {}) => {
  const milton = await person(w, { username: 'milton', groups: ['familia'] });
  await milton.signIn();
  return { milton, app: await application(w, over) };
};

test('a device gets tokens after a person let it in with its code, as it was shown or typed by hand', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const asked = await ask(w, app);
  assert.match(asked.user_code, /^E[A-HJKMNP-Z2-9]{7}$/);
  assert.equal(asked.verification_uri, `${w.config.appUrl}/device`);
  assert.equal(asked.verification_uri_complete, `${w.config.appUrl}/device?user_code=${asked.user_code}`);
  assert.equal((await poll(w, app, asked.device_code)).body.error, 'authorization_pending');
  const typed = asked.user_code.toLowerCase().replace(/^(....)/, '$1-');
  const shown = await (await info(milton, typed)).json();
  assert.deepEqual(shown.scope, ['openid', 'profile', 'email']);
  assert.equal(shown.client.name, 'Paperless');
  assert.equal(shown.authorizationRequired, true);
  assert.equal((await verify(milton, typed)).status, 204);
  w.clock.advance(5);
  const { status, body } = await poll(w, app, asked.device_code);
  assert.equal(status, 200);
  assert.equal(decodeJwt(body.id_token).sub, milton.id);
  assert.equal((await refresh(w, app, body.refresh_token)).status, 200);
  assert.equal((await poll(w, app, asked.device_code)).body.error, 'invalid_grant', 'a device code works once');
  const next = await ask(w, app);
  assert.equal((await (await info(milton, next.user_code)).json()).authorizationRequired, false, 'the consent stands');
});

test('somebody may let in several devices at the same moment', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  for (let round = 0; round < 5; round++) {
    const asked = await Promise.all(Array.from({ length: 12 }, () => ask(w, app)));
    const approved = await Promise.all(asked.map(({ user_code }) => verify(milton, user_code)));
    assert.deepEqual(new Set(approved.map(({ status }) => status)), new Set([204]));
  }
});

test('a device that was told no stops asking, and an unanswered one is told that its time is over', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { is_public: 1 });
  const first = await ask(w, app);
  assert.equal((await info(milton, first.user_code)).status, 200);
  assert.equal((await deny(milton, first.user_code)).status, 204);
  assert.equal((await poll(w, app, first.device_code)).body.error, 'access_denied');
  assert.equal((await verify(milton, first.user_code)).status, 400, 'no cannot be turned into yes');
  const second = await ask(w, app);
  w.clock.advance(second.expires_in);
  assert.equal((await poll(w, app, second.device_code)).body.error, 'expired_token');
  await milton.signIn();
  assert.equal((await verify(milton, second.user_code)).status, 400);
});

test('SEC-175 somebody outside of the allowed group can neither see, approve nor redeem', async (t) => {
  const w = await world(t);
  const { milton } = await setting(w);
  const holo = await person(w, { username: 'holo', groups: ['admins'] });
  await holo.signIn();
  const app = await application(w, { name: 'Grafana', groups: ['admins'] });
  const asked = await ask(w, app);
  const refused = await verify(milton, asked.user_code);
  assert.equal(refused.status, 403);
  assert.match((await refused.json()).error, /not allowed/);
  const other = await ask(w, app);
  assert.equal((await verify(holo, other.user_code)).status, 204);
  await w.database.db.deleteFrom('user_group_member').where('user_id', '=', holo.id).execute();
  assert.equal((await poll(w, app, other.device_code)).body.error, 'invalid_grant');
});

test('SEC-176 a user code that one person opened cannot be answered by another', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const holo = await person(w, { username: 'holo' });
  await holo.signIn();
  const asked = await ask(w, app);
  assert.equal((await info(milton, asked.user_code)).status, 200);
  for (const attempt of [info, verify, deny]) assert.equal((await attempt(holo, asked.user_code)).status, 400);
  assert.equal((await verify(milton, asked.user_code)).status, 204);
});

test('SEC-177 fifty parallel polls after the approval give one token response', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { id_token_alg: 'ES256' });
  const asked = await ask(w, app);
  assert.equal((await verify(milton, asked.user_code)).status, 204);
  const answers = await Promise.all(Array.from({ length: 50 }, () => poll(w, app, asked.device_code)));
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
});

test('SEC-179 after ten wrong user codes a person has to wait', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const asked = await ask(w, app);
  for (let guess = 0; guess < 10; guess++) assert.equal((await verify(milton, `EWRNG${100 + guess}`)).status, 400);
  const blocked = await verify(milton, 'EWRNG999');
  assert.equal(blocked.status, 429);
  assert.ok(Number(blocked.headers.get('retry-after')) > 0);
  assert.equal((await verify(milton, asked.user_code)).status, 429, 'the right code does not help either');
  assert.equal((await poll(w, app, asked.device_code)).body.error, 'authorization_pending');
});

test('SEC-180 opening the complete link lets nobody in, and another site cannot approve', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const asked = await ask(w, app);
  assert.equal((await info(milton, asked.user_code)).status, 200);
  assert.equal((await poll(w, app, asked.device_code)).body.error, 'authorization_pending');
  const foreign = await milton.request(`/api/oidc/device/verify?code=${asked.user_code}`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' },
  });
  assert.equal(foreign.status, 403);
});

test('SEC-181 polling faster than the interval is answered slow_down and the interval grows', async (t) => {
  const w = await world(t);
  const { app } = await setting(w);
  const asked = await ask(w, app);
  assert.equal((await poll(w, app, asked.device_code)).body.error, 'authorization_pending');
  w.clock.advance(4);
  assert.equal((await poll(w, app, asked.device_code)).body.error, 'slow_down');
  w.clock.advance(9);
  assert.equal((await poll(w, app, asked.device_code)).body.error, 'slow_down', 'ten seconds are asked for now');
  w.clock.advance(15);
  assert.equal((await poll(w, app, asked.device_code)).body.error, 'authorization_pending');
});

test('a client that asks for a fresh passkey touch gets it for devices, too', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { requires_reauthentication: 1 });
  const asked = await ask(w, app);
  assert.equal((await (await info(milton, asked.user_code)).json()).reauthenticationRequired, true);
  const without = await verify(milton, asked.user_code);
  assert.deepEqual([without.status, (await without.json()).code], [401, 'reauthentication_required']);
  w.clock.advance(120);
  assert.equal((await milton.reauthenticate()).status, 204);
  assert.equal((await verify(milton, asked.user_code)).status, 204);
  const { body } = await poll(w, app, asked.device_code);
  assert.equal(decodeJwt(body.id_token).auth_time, w.clock.now());
});

test('a device may be given tokens of a year like anybody else', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w, { access_token_minutes: 525_600, refresh_token_minutes: 525_600 });
  const asked = await ask(w, app);
  await verify(milton, asked.user_code);
  const given = (await poll(w, app, asked.device_code)).body;
  assert.equal(given.expires_in, 365 * 86_400);
  w.clock.advance(364 * 86_400);
  assert.equal((await refresh(w, app, given.refresh_token)).status, 200);
});

test('a device code is worth nothing to another client, nor as an authorization code', async (t) => {
  const w = await world(t);
  const { milton, app } = await setting(w);
  const other = await application(w, { name: 'Other' });
  const asked = await ask(w, app);
  assert.equal((await poll(w, other, asked.device_code)).body.error, 'invalid_grant');
  assert.equal((await verify(milton, asked.user_code)).status, 204);
  assert.equal((await poll(w, other, asked.device_code)).body.error, 'invalid_grant');
  assert.equal((await token(w, app, { grant_type: 'authorization_code', code: asked.device_code })).body.error, 'invalid_grant');
  assert.equal((await poll(w, app, asked.device_code)).status, 200);
});
