import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Person, person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';

const PROOF = '__Secure-reauthentication_token';
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
const sessionOf = async (browser: Pick<Person, 'request'>) => {
  const sessions = (await (await browser.request('/api/users/me/sessions')).json()) as { id: string; current: boolean }[];
  return sessions.find((s) => s.current)?.id as string;
};
const take = (w: World, value: string, id: string, userId: string) =>
  w.app.services.passkeys.takeReauthentication(w.database.db, value, { id, userId });

test('a passkey proves a signed-in person again, and only their own passkeys are asked for', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  w.clock.advance(1000);
  const options = (await (await ann.request('/api/webauthn/reauthenticate/start')).json()) as { allowCredentials: { id: string }[] };
  assert.deepEqual(
    options.allowCredentials.map((c) => c.id),
    ann.device.credentials.map((c) => c.id),
  );
  assert.equal((await ann.reauthenticate({ userHandle: null })).status, 204);
  const id = await sessionOf(ann);
  assert.deepEqual(await take(w, ann.cookie(PROOF) as string, id, ann.id), { authTime: w.clock.now() });
});

test('a passkey sign-in less than a minute ago is the proof itself; a code is none', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const prove = () => ann.request('/api/webauthn/reauthenticate', { method: 'POST' });
  await ann.login();
  const signedInAt = w.clock.now();
  w.clock.advance(59);
  assert.equal((await prove()).status, 204);
  assert.deepEqual(await take(w, ann.cookie(PROOF) as string, await sessionOf(ann), ann.id), { authTime: signedInAt });
  w.clock.advance(1);
  const late = await prove();
  assert.deepEqual([late.status, await codeOf(late)], [401, 'reauthentication_required']);
  ann.jar.delete('__Host-session');
  assert.equal(await codeOf(await prove()), 'missing_session_id');
});

// Attack: who got hold of a one-time code does what needs the person's passkey.
test('SEC-107 a session made with a code proves nothing until a passkey is used in it', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn({ amr: 'otp' });
  await ann.answersReauthentication();
  for (const body of [undefined, {}, { amr: ['phr'] }, [], 'passkey']) {
    const refused = await ann.request('/api/webauthn/reauthenticate', body === undefined ? { method: 'POST' } : { json: body });
    assert.equal(refused.status, 401, JSON.stringify(body));
    assert.equal(ann.cookie(PROOF), undefined);
  }
  assert.equal((await ann.reauthenticate()).status, 204);
  const sessions = (await (await ann.request('/api/users/me/sessions')).json()) as { authMethods: string[] }[];
  assert.deepEqual(
    sessions.map((s) => s.authMethods),
    [['phr']],
  );
});

test('SEC-108 a proof counts once, for three minutes, in the session and for the person it was made by', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const bob = await person(w, { username: 'bob' });
  await ann.login();
  await bob.login();
  const other = ann.otherBrowser();
  await other.login();
  await ann.reauthenticate();
  const proof = ann.cookie(PROOF) as string;
  const mine = await sessionOf(ann);
  assert.equal(await take(w, proof, await sessionOf(bob), bob.id), undefined);
  assert.equal(await take(w, proof, await sessionOf(other), ann.id), undefined);
  assert.equal(await take(w, `${proof.slice(0, -1)}_`, mine, ann.id), undefined);
  const taken = await Promise.all(Array.from({ length: 20 }, () => take(w, proof, mine, ann.id)));
  assert.equal(taken.filter((x) => x !== undefined).length, 1);

  await ann.reauthenticate();
  const late = ann.cookie(PROOF) as string;
  w.clock.advance(180);
  assert.equal(await take(w, late, await sessionOf(ann), ann.id), undefined);
});

test('SEC-108 another person’s passkey proves nothing', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const bob = await person(w, { username: 'bob' });
  await ann.login();
  const options = (await (await ann.request('/api/webauthn/reauthenticate/start')).json()) as Parameters<typeof bob.device.assert>[0];
  const refused = await ann.sendsReauthentication(bob.device.assert(options));
  assert.deepEqual([refused.status, await codeOf(refused), ann.cookie(PROOF)], [401, 'webauthn_authentication_failed', undefined]);
});

test('SEC-139 proving oneself again gives the session a new value, and the old one is dead', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const before = ann.cookie('__Host-access_token') as string;
  const id = await sessionOf(ann);
  await ann.reauthenticate();
  assert.notEqual(ann.cookie('__Host-access_token'), before);
  assert.equal(await sessionOf(ann), id);
  const old = ann.otherBrowser();
  old.plant('__Host-access_token', before);
  assert.equal((await old.request('/api/users/me')).status, 401);
});

test('SEC-139 the old value is dead as well where a program brings it in the Authorization header', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const id = await sessionOf(ann);
  const bearer = { headers: { authorization: `Bearer ${ann.cookie('__Host-access_token')}` } };
  ann.jar.delete('__Host-access_token');
  const options = await (await ann.request('/api/webauthn/reauthenticate/start', bearer)).json();
  assert.equal((await ann.request('/api/webauthn/reauthenticate', { json: ann.device.assert(options), ...bearer })).status, 204);
  assert.equal(await sessionOf(ann), id);
  assert.equal((await w.request('/api/users/me', bearer)).status, 401);
});

test('SEC-067 signing out ends the proof with the session', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  await ann.reauthenticate();
  const [proof, session, value] = [ann.cookie(PROOF) as string, await sessionOf(ann), ann.cookie('__Host-access_token') as string];
  assert.equal((await ann.request('/api/webauthn/logout', { method: 'POST' })).status, 204);
  assert.deepEqual([ann.cookie(PROOF), ann.cookie('__Host-access_token')], [undefined, undefined]);
  assert.equal(await take(w, proof, session, ann.id), undefined);
  ann.plant('__Host-access_token', value);
  for (const path of [
    '/api/users/me',
    '/api/users/me/sessions',
    '/api/webauthn/credentials',
    '/api/webauthn/register/start',
    '/api/webauthn/reauthenticate/start',
  ]) {
    assert.equal((await ann.request(path)).status, 401, path);
  }
});
