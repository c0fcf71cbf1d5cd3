import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser } from '../testing/browser.ts';
import { type Person, person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';

const COOKIE = '__Host-access_token';
type Listed = { id: string; current: boolean; userAgent: string; ipAddress: string; lastSeenAt: string; expiresAt: string }[];
const listed = async (b: Pick<Person, 'request'>, path = '/api/users/me/sessions') => (await (await b.request(path)).json()) as Listed;
const standing = async (b: Pick<Person, 'request'>) => (await b.request('/api/users/me')).status;
const minutes = (n: number) => n * 60;

/** A grant of an application in the session the browser has now. */
async function grantIn(w: World, ann: Person, scope: string): Promise<() => Promise<boolean>> {
  const { body } = await w.api('POST', '/api/oidc/clients', { name: 'App', callbackURLs: ['https://app.test/cb'] });
  const [current] = (await listed(ann)).filter((s) => s.current);
  const id = crypto.randomUUID();
  const now = w.clock.now();
  const times = {
    created_at: now,
    expires_at: now + 86_400,
    auth_time: now,
    code_hash: null,
    code_expires_at: null,
    code_used_at: null,
    revoked_at: null,
  };
  const { db } = w.database;
  const row = {
    id,
    client_id: body.id,
    user_id: ann.id,
    session_id: current?.id ?? null,
    kind: 'authorization_code',
    scope,
    resource: null,
    amr: '[]',
    request: '{}',
  };
  await db
    .insertInto('oauth_grant')
    .values({ ...row, ...times })
    .execute();
  return async () =>
    (await db.selectFrom('oauth_grant').select('revoked_at').where('id', '=', id).executeTakeFirstOrThrow()).revoked_at !== null;
}

test('a person sees where they are signed in, and which of it is this browser', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  w.clock.advance(minutes(5));
  await ann.otherBrowser().login();
  const sessions = await listed(ann);
  assert.deepEqual(
    sessions.map((s) => [s.current, s.ipAddress]),
    [
      [false, '127.0.0.1'],
      [true, '127.0.0.1'],
    ],
  );
  assert.equal(sessions[0]?.expiresAt, new Date((w.clock.now() + 30 * 86_400) * 1000).toISOString().replace('.000', ''));
});

test('a person ends one session, all others, or all, and each is over at once', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const [one, two, three] = [ann.otherBrowser(), ann.otherBrowser(), ann.otherBrowser()];
  for (const b of [one, two, three]) await b.login();
  const mine = (await listed(two)).find((s) => s.current);
  assert.equal((await one.request(`/api/users/me/sessions/${mine?.id}`, { method: 'DELETE' })).status, 204);
  assert.deepEqual([await standing(one), await standing(two), await standing(three)], [200, 401, 200]);
  assert.equal((await one.request(`/api/users/me/sessions/${mine?.id}`, { method: 'DELETE' })).status, 404);
  assert.equal((await one.request('/api/users/me/sessions?keepCurrent=true', { method: 'DELETE' })).status, 204);
  assert.deepEqual([await standing(one), await standing(three)], [200, 401]);
  const everywhere = await one.request('/api/users/me/sessions', { method: 'DELETE' });
  assert.match(everywhere.headers.getSetCookie().join(), /__Host-access_token=;.*Max-Age=0/);
  assert.equal(await standing(one), 401);
  const told = await w.database.db.selectFrom('audit_log').select('event').where('event', '=', 'SESSION_REVOKED').execute();
  assert.equal(told.length, 3);
});

test('an administrator ends anybody’s sessions; somebody else’s are not there for others', async (t) => {
  const w = await world(t);
  const boss = await person(w, { username: 'boss', admin: true });
  const ann = await person(w, { username: 'ann' });
  const bob = await person(w, { username: 'bob' });
  for (const p of [boss, ann, bob]) await p.login();
  const [session] = await listed(boss, `/api/users/${ann.id}/sessions`);
  assert.deepEqual([session?.current, (await listed(ann))[0]?.id], [false, session?.id]);
  assert.equal((await bob.request(`/api/users/me/sessions/${session?.id}`, { method: 'DELETE' })).status, 404);
  assert.equal((await bob.request(`/api/users/${ann.id}/sessions`)).status, 403);
  assert.equal((await bob.request(`/api/users/${ann.id}/sessions/${session?.id}`, { method: 'DELETE' })).status, 403);
  assert.equal((await boss.request(`/api/users/${bob.id}/sessions/${session?.id}`, { method: 'DELETE' })).status, 404);
  assert.equal((await boss.request(`/api/users/${ann.id}/sessions/${session?.id}`, { method: 'DELETE' })).status, 204);
  assert.deepEqual([await standing(ann), await standing(bob)], [401, 200]);
  assert.equal((await boss.request(`/api/users/${bob.id}/sessions`, { method: 'DELETE' })).status, 204);
  assert.equal(await standing(bob), 401);
  for (const method of ['GET', 'DELETE'])
    assert.equal((await boss.request(`/api/users/${crypto.randomUUID()}/sessions`, { method })).status, 404);
});

test('what applications got in a session ends with it; offline access outlives a plain sign-out', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const online = await grantIn(w, ann, 'openid profile');
  const offline = await grantIn(w, ann, 'openid offline_access');
  assert.deepEqual([await online(), await offline()], [false, false]);
  await ann.request('/api/webauthn/logout', { method: 'POST' });
  assert.deepEqual([await online(), await offline()], [true, false]);

  await ann.login();
  const again = await grantIn(w, ann, 'openid offline_access');
  await ann.request('/api/users/me/sessions', { method: 'DELETE' });
  assert.equal(await again(), true);
});

test('signing in again in the same browser keeps what applications got there', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const revoked = await grantIn(w, ann, 'openid');
  await ann.login();
  assert.equal(await revoked(), false);
  assert.equal((await listed(ann)).length, 1);
  await ann.request('/api/users/me/sessions', { method: 'DELETE' });
  assert.equal(await revoked(), true);
});

test('somebody else signing in in the same browser ends the session that was there', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const bob = await person(w, { username: 'bob' });
  await ann.login();
  const revoked = await grantIn(w, ann, 'openid');
  bob.plant(COOKIE, ann.cookie(COOKIE) as string);
  await bob.login();
  assert.deepEqual([await standing(ann), await standing(bob), await revoked()], [401, 200, true]);
});

test('the last use is written at most once a minute', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const writes = async () => {
    const before = w.statements.length;
    await standing(ann);
    return w.statements.slice(before).filter((sql) => sql.startsWith('update "session"')).length;
  };
  assert.equal(await writes(), 0);
  w.clock.advance(59);
  assert.equal(await writes(), 0);
  w.clock.advance(1);
  assert.deepEqual([await writes(), await writes()], [1, 0]);
});

test('the cookies are what a browser protects best', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const set = (await ann.login()).headers.getSetCookie();
  assert.match(set.join('\n'), /^__Host-access_token=[\w-]{51}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/m);
  const plain = await world(t, { appUrl: 'http://localhost:1411', internalAppUrl: 'http://localhost:1411' });
  const bob = await person(plain, { username: 'bob' });
  const overHttp = (await bob.login()).headers.getSetCookie();
  assert.match(overHttp.join('\n'), /^access_token=[\w-]{51}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/m);
});

test('SEC-139 a session value planted before the sign-in is never an authenticated one', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const planted = 'A'.repeat(43);
  ann.plant(COOKIE, planted);
  await ann.login();
  assert.notEqual(ann.cookie(COOKIE), planted);
  const attacker = browser(w);
  attacker.plant(COOKIE, planted);
  assert.equal(await standing(attacker), 401);

  const own = await person(w, { username: 'eve' });
  await own.login();
  const evesValue = own.cookie(COOKIE) as string;
  const victim = ann.otherBrowser();
  victim.plant(COOKIE, evesValue);
  await victim.login();
  attacker.plant(COOKIE, evesValue);
  assert.deepEqual([await standing(attacker), await standing(victim)], [401, 200]);
});

// Attack: a page of a neighbouring host sets a second cookie of the same name.
test('SEC-141 of two session cookies none counts, and none of another form', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const eve = await person(w, { username: 'eve' });
  await ann.login();
  await eve.login();
  const [mine, theirs] = [ann.cookie(COOKIE) as string, eve.cookie(COOKIE) as string];
  const withCookies = async (cookie: string) => (await w.request('/api/users/me', { headers: { cookie } })).status;
  assert.equal(await withCookies(`${COOKIE}=${mine}`), 200);
  const tossed = [
    `${COOKIE}=${mine}; ${COOKIE}=${theirs}`,
    `${COOKIE}=${theirs}; ${COOKIE}=${mine}`,
    `${COOKIE}=${mine}; ${COOKIE}=${mine}`,
    `access_token=${theirs}`,
    `"${COOKIE}"=${theirs}`,
    `${COOKIE}="${theirs}"`,
    `$Version=1; "$Path"=/; ${COOKIE} =${theirs}`,
    `${COOKIE}=${theirs},`,
    `__host-access_token=${theirs}`,
    `x${COOKIE}=${theirs}`,
  ];
  for (const cookie of tossed) assert.equal(await withCookies(cookie), 401, cookie);
  for (const beside of [`access_token=${theirs}`, `x=${COOKIE}=${theirs}`, `$Version=1`, `"${COOKIE}=${theirs}"`]) {
    const { id } = (await (await w.request('/api/users/me', { headers: { cookie: `${beside}; ${COOKIE}=${mine}` } })).json()) as {
      id: string;
    };
    assert.equal(id, ann.id, beside);
  }
});

test('SEC-156 a session ends when it is not used, and in any case after thirty days, whatever the cookie says', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const value = ann.cookie(COOKIE) as string;
  const keeps = async () => (await w.request('/api/users/me', { headers: { cookie: `${COOKIE}=${value}` } })).status;
  w.clock.advance(minutes(60) - 1);
  assert.equal(await keeps(), 200);
  w.clock.advance(minutes(60));
  assert.equal(await keeps(), 401);
  assert.deepEqual(
    await w.database.db
      .selectFrom('session')
      .select('id')
      .execute()
      .then((rows) => rows.length),
    1,
  );

  const bob = await person(w, { username: 'bob' });
  await bob.login();
  const bobs = bob.cookie(COOKIE) as string;
  const used = async () => (await w.request('/api/users/me', { headers: { cookie: `${COOKIE}=${bobs}` } })).status;
  const end = w.clock.now() + 30 * 86_400;
  while (w.clock.now() + minutes(59) < end) {
    w.clock.advance(minutes(59));
    assert.equal(await used(), 200);
  }
  w.clock.set(end - 1);
  assert.equal(await used(), 200);
  w.clock.set(end);
  assert.equal(await used(), 401);

  await w.api('PUT', '/api/application-configuration', { sessionDuration: '5' });
  await bob.login();
  w.clock.advance(minutes(5));
  assert.equal(await standing(bob), 401);
});

test('SEC-062 a demoted administrator loses the rights with the next request', async (t) => {
  const w = await world(t);
  const boss = await person(w, { username: 'boss', admin: true });
  const second = await person(w, { username: 'second', admin: true });
  await boss.login();
  assert.equal((await boss.request('/api/users')).status, 200);
  const { status } = await w.api('PUT', `/api/users/${boss.id}`, { isAdmin: false });
  assert.equal(status, 200);
  assert.equal((await boss.request('/api/users')).status, 403);
  assert.equal((await boss.request(`/api/users/${second.id}/sessions`)).status, 403);
  assert.equal((await boss.request(`/api/users/${second.id}/webauthn-credentials`)).status, 403);
  assert.equal((await boss.request(`/api/users/${second.id}/one-time-access-token`, { json: {} })).status, 403);
});

test('SEC-067 after signing out the old cookie opens nothing', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const value = ann.cookie(COOKIE) as string;
  assert.equal((await ann.request('/api/webauthn/logout', { method: 'POST' })).status, 204);
  assert.equal(ann.cookie(COOKIE), undefined);
  ann.plant(COOKIE, value);
  assert.equal(await standing(ann), 401);
  assert.equal((await w.request('/api/users/me', { headers: { authorization: `Bearer ${value}` } })).status, 401);
  assert.equal((await ann.request('/api/webauthn/logout', { method: 'POST' })).status, 401);
});

test('SEC-067 signing out ends the session of a program that brings it in the Authorization header, too', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const bearer = { headers: { authorization: `Bearer ${ann.cookie(COOKIE)}` } };
  assert.equal((await w.request('/api/webauthn/logout', { method: 'POST', ...bearer })).status, 204);
  assert.equal((await w.request('/api/users/me', bearer)).status, 401);
  assert.equal(await standing(ann), 401);
});

test('SEC-062 disabling somebody ends their sessions for good', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  await w.api('PUT', `/api/users/${ann.id}`, { disabled: true });
  assert.ok([401, 403].includes(await standing(ann)));
  await w.api('PUT', `/api/users/${ann.id}`, { disabled: false });
  assert.equal(await standing(ann), 401);
});

test('sweeping removes what is over and nothing that counts', async (t) => {
  const w = await world(t);
  const { sessions, passkeys, oneTimeCodes } = w.app.services;
  const ann = await person(w, { username: 'ann' });
  const bob = await person(w, { username: 'bob' });
  await ann.login();
  await ann.reauthenticate();
  const waiting = await ann.answersLogin();
  const code = (await w.api('POST', `/api/users/${bob.id}/one-time-access-token`, { ttl: '4m' })).body.token;
  assert.deepEqual([await sessions.sweep(), await passkeys.sweep(), await oneTimeCodes.sweep()], [0, 0, 0]);
  assert.equal((await ann.sendsLogin(waiting)).status, 200);

  await ann.answersLogin();
  w.clock.advance(300);
  assert.deepEqual([await sessions.sweep(), await passkeys.sweep(), await oneTimeCodes.sweep()], [0, 2, 1]);
  assert.equal(await standing(ann), 200);
  assert.equal((await browser(w).request(`/api/one-time-access-token/${code}`, { method: 'POST' })).status, 401);
  w.clock.advance(minutes(60));
  assert.equal(await sessions.sweep(), 1);
});
