import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Browser, browser } from '../testing/browser.ts';
import { type Person, person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';

type Request = {
  id: string;
  userCode: string;
  verificationUri: string;
  verificationUriComplete: string;
  expiresAt: string;
  interval: number;
};
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
const asks = async (b: Browser, ip = '203.0.113.7') => {
  const response = await b.request('/api/device-login/requests', { method: 'POST', ip });
  assert.equal(response.status, 201);
  return (await response.json()) as Request;
};
const exchange = (b: Browser, { id }: Request) => b.request(`/api/device-login/requests/${id}/exchange`, { method: 'POST' });
const decide = (p: Pick<Person, 'request'>, code: string, decision: string) =>
  p.request('/api/device-login/verification/decision', { json: { code, decision } });
const television = (w: World) =>
  browser(w, { userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36' });

test('a person signs another browser in after they saw who asks', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const tv = television(w);
  const request = await asks(tv);
  assert.match(request.userCode, /^P[A-HJKMNP-Z]{7}$/);
  assert.deepEqual(
    [request.verificationUri, request.verificationUriComplete, request.interval],
    ['https://auth.example.test/device', `https://auth.example.test/device?user_code=${request.userCode}`, 3],
  );
  assert.equal((await exchange(tv, request)).status, 202);

  const shown = await ann.request('/api/device-login/verification', { json: { code: request.userCode.toLowerCase() } });
  const { device, ...who } = (await shown.json()) as Record<string, string>;
  assert.deepEqual(who, { userCode: request.userCode, ipAddress: '203.0.113.7', country: '', city: '', expiresAt: request.expiresAt });
  assert.match(String(device), /Chrome.*Windows/);
  await ann.reauthenticate();
  assert.equal((await decide(ann, request.userCode, 'approve')).status, 204);

  const signedIn = await exchange(tv, request);
  assert.equal(signedIn.status, 200);
  assert.equal(((await signedIn.json()) as { id: string }).id, ann.id);
  const sessions = (await (await tv.request('/api/users/me/sessions')).json()) as { current: boolean; authMethods: string[] }[];
  assert.deepEqual(sessions.find((s) => s.current)?.authMethods, ['otp']);
  const row = await w.database.db.selectFrom('audit_log').selectAll().where('event', '=', 'REMOTE_SIGN_IN').executeTakeFirstOrThrow();
  assert.deepEqual([row.username, JSON.parse(row.data).deviceIpAddress], ['ann', '203.0.113.7']);
});

test('a refused browser is told so, and nobody is asked for their passkey to refuse', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  const tv = television(w);
  const request = await asks(tv);
  assert.equal((await decide(ann, request.userCode, 'deny')).status, 204);
  const refused = await exchange(tv, request);
  assert.deepEqual([refused.status, await codeOf(refused)], [403, 'device_login_denied']);
  assert.equal((await decide(ann, request.userCode, 'approve')).status, 404);
});

test('to approve takes a passkey less than a minute ago', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  const request = await asks(television(w));
  const tries = async () => (await decide(ann, request.userCode, 'approve')).status;
  assert.equal(await tries(), 401);
  await ann.reauthenticate();
  w.clock.advance(60);
  assert.equal(await tries(), 401);
  await ann.reauthenticate();
  assert.equal(await tries(), 204);
});

// Attack: whoever sees or guesses the request's id takes the session that was approved for another browser.
test('SEC-114 an approval is for the browser that asked, and the cookie goes to its exchange only', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const [tv, thief] = [television(w), browser(w)];
  const made = await tv.request('/api/device-login/requests', { method: 'POST' });
  const request = (await made.json()) as Request;
  const path = `/api/device-login/requests/${request.id}/exchange`;
  assert.match(
    made.headers.getSetCookie().join(),
    new RegExp(`^__Secure-device_login_token=[\\w-]{43}; Max-Age=900; Path=${path}; HttpOnly; Secure; SameSite=Lax$`),
  );
  const own = await asks(thief);
  await ann.reauthenticate();
  await decide(ann, request.userCode, 'approve');
  const without = await browser(w).request(path, { method: 'POST' });
  assert.deepEqual([without.status, await codeOf(without)], [401, 'device_login_expired']);
  thief.plant('__Secure-device_login_token', thief.cookie('__Secure-device_login_token') as string);
  assert.equal((await thief.request(path, { method: 'POST' })).status, 401);
  assert.equal((await exchange(thief, own)).status, 202);
  assert.equal((await exchange(tv, request)).status, 200);
});

test('SEC-114 a request lives for five minutes, approved or not', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const tv = television(w);
  const request = await asks(tv);
  await ann.login();
  await ann.reauthenticate();
  w.clock.advance(30);
  assert.equal((await decide(ann, request.userCode, 'approve')).status, 204);
  const late = await asks(tv);
  w.clock.advance(270);
  tv.plant('__Secure-device_login_token', 'A'.repeat(43));
  assert.equal((await exchange(tv, request)).status, 401);
  w.clock.advance(30);
  assert.equal((await ann.request('/api/device-login/verification', { json: { code: late.userCode } })).status, 404);
});

test('SEC-118 an approval signs in once, also when it is exchanged fifty times at once', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const tv = television(w);
  const request = await asks(tv);
  await ann.reauthenticate();
  await decide(ann, request.userCode, 'approve');
  const statuses = (await Promise.all(Array.from({ length: 50 }, () => exchange(tv, request)))).map((r) => r.status);
  assert.deepEqual([statuses.filter((s) => s === 200).length, statuses.filter((s) => s === 401).length], [1, 49]);
});

test('of two decisions at once one counts', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const tv = television(w);
  const request = await asks(tv);
  await ann.reauthenticate();
  const [approved, denied] = await Promise.all([decide(ann, request.userCode, 'approve'), decide(ann, request.userCode, 'deny')]);
  assert.deepEqual([approved.status, denied.status].sort(), [204, 404]);
  assert.equal((await exchange(tv, request)).status, approved.status === 204 ? 200 : 403);
});

test('SEC-064 somebody disabled after they approved signs no browser in', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const tv = television(w);
  const request = await asks(tv);
  await ann.reauthenticate();
  await decide(ann, request.userCode, 'approve');
  await w.api('PUT', `/api/users/${ann.id}`, { disabled: true });
  const sessions = () => w.database.db.selectFrom('session').select('id').execute();
  const before = await sessions();
  const refused = await exchange(tv, request);
  assert.deepEqual([refused.status, await codeOf(refused)], [403, 'user_disabled']);
  assert.deepEqual(await sessions(), before);
});

test('wrong codes are counted by person, and the right one does not help any more', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  const request = await asks(television(w));
  const look = (code: string) => ann.request('/api/device-login/verification', { json: { code } });
  assert.equal((await look(request.userCode)).status, 200);
  for (let n = 0; n < 10; n++) assert.equal((await look('PAAAAAAA')).status, 404);
  assert.equal((await look('PAAAAAAA')).status, 429);
  assert.equal((await look(request.userCode)).status, 429);
  const bob = await person(w, { username: 'bob' });
  await bob.signIn();
  assert.equal((await bob.request('/api/device-login/verification', { json: { code: request.userCode } })).status, 200);
});

test('neither strangers nor API keys look at requests or decide', async (t) => {
  const w = await world(t);
  const request = await asks(television(w));
  for (const path of ['/api/device-login/verification', '/api/device-login/verification/decision']) {
    const json = { code: request.userCode, decision: 'approve' };
    assert.equal((await browser(w).request(path, { json })).status, 401);
    assert.equal((await w.api('POST', path, json)).status, 403);
  }
});
