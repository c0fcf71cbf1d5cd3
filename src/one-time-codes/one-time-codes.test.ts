import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goDuration } from '../platform/duration.ts';
import { browser } from '../testing/browser.ts';
import { person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';
import { normalizeCode } from './code.ts';

const issue = async (w: World, userId: string, ttl?: number | string): Promise<string> => {
  const { status, body } = await w.api('POST', `/api/users/${userId}/one-time-access-token`, ttl === undefined ? {} : { ttl });
  assert.equal(status, 201, JSON.stringify(body));
  return body.token;
};
const enter = (w: World, code: string, ip?: string) => browser(w).request(`/api/one-time-access-token/${code}`, { method: 'POST', ip });
const wrongCodes = (length: number, count: number) => Array.from({ length: count }, (_, n) => String(n).padStart(length, '2'));

test('a one-time code signs a person in once', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton', passkey: false });
  const code = await issue(w, milton.id);
  const visitor = browser(w);
  const first = await visitor.request(`/api/one-time-access-token/${code}`, { method: 'POST' });
  assert.equal(first.status, 200);
  assert.equal(((await first.json()) as { id: string }).id, milton.id);
  const sessions = (await (await visitor.request('/api/users/me/sessions')).json()) as { authMethods: string[] }[];
  assert.deepEqual(sessions[0]?.authMethods, ['otp']);
  assert.equal((await enter(w, code)).status, 401);
  const events = await w.database.db.selectFrom('audit_log').select('event').where('event', '=', 'TOKEN_SIGN_IN').execute();
  assert.equal(events.length, 1);
});

test('the code is as long as its life asks for', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton' });
  const lengths = [
    [undefined, 6],
    [0, 6],
    [900, 6],
    ['15m', 6],
    ['900s', 6],
    ['0.25h', 6],
    [901, 12],
    ['1h', 12],
    ['1h30m', 12],
    ['744h', 12],
  ] as const;
  for (const [ttl, length] of lengths) assert.equal((await issue(w, id, ttl)).length, length, String(ttl));
  const { status } = await w.api('POST', `/api/users/${id}/one-time-access-token`);
  assert.equal(status, 201);
  for (const ttl of [1, '1s', -5, '-5m', '745h', 32 * 86_400, '5', 'soon', '5m ', true, [], {}]) {
    const refused = await w.api('POST', `/api/users/${id}/one-time-access-token`, { ttl });
    assert.equal(refused.status, 400, JSON.stringify(ttl));
  }
});

test('Go durations are read as Go reads them', () => {
  const cases: [string, number | undefined][] = [
    ['15m', 900],
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['.5s', 0.5],
    ['1500ms', 1.5],
    ['+2s', 2],
    ['-2s', -2],
    ['0', 0],
    ['', undefined],
    ['s', undefined],
    ['1', undefined],
    ['1d', undefined],
    ['1h 30m', undefined],
    ['1.s', 1],
    ['.s', undefined],
    ['1e3s', undefined],
  ];
  for (const [text, seconds] of cases) assert.equal(goDuration(text), seconds, text);
});

test('a code may be typed in any case, and I, L and O are read as what they look like', async (t) => {
  assert.equal(normalizeCode('iLoabc'), '110ABC');
  for (const typed of ['', '12345', '1234567', 'ABCDE-', 'ABC DEF', 'ÄBCDEF', '12345678901', 'ABCDEFGHJKMNP']) {
    assert.equal(normalizeCode(typed), undefined, typed);
  }
  const w = await world(t);
  const { id } = await person(w, { username: 'milton' });
  const code = await issue(w, id);
  assert.equal((await enter(w, code.toLowerCase().replaceAll('1', 'l').replaceAll('0', 'o'))).status, 200);
});

test('an administrator who is only a user manager makes no code for an administrator', async (t) => {
  const w = await world(t);
  const boss = await person(w, { username: 'boss', admin: true });
  const manager = await person(w, { username: 'manager' });
  const milton = await person(w, { username: 'milton' });
  await w.database.db.updateTable('user').set({ role: 'user_manager' }).where('id', '=', manager.id).execute();
  await manager.signIn();
  const ask = (id: string) => manager.request(`/api/users/${id}/one-time-access-token`, { json: {} });
  assert.equal((await ask(milton.id)).status, 201);
  assert.equal((await ask(boss.id)).status, 403);
  await milton.signIn();
  assert.equal((await milton.request(`/api/users/${milton.id}/one-time-access-token`, { json: {} })).status, 403);
});

test('the command line makes a code by name or address', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton', email: 'Milton@example.test' });
  const origin = { requestId: 'cli', ip: '', userAgent: 'command line' };
  for (const name of ['milton', 'MILTON', 'milton@EXAMPLE.test']) {
    const code = await w.app.services.oneTimeCodes.issueFor(name, 3600, origin);
    assert.equal(code.length, 12);
    assert.equal((await enter(w, code)).status, 200);
  }
  await assert.rejects(w.app.services.oneTimeCodes.issueFor('nobody', 3600, origin), { code: 'user_not_found' });
  const staticUser = await w.database.db.selectFrom('user').select('username').where('is_static', '=', 1).executeTakeFirstOrThrow();
  await assert.rejects(w.app.services.oneTimeCodes.issueFor(staticUser.username, 3600, origin), { code: 'user_not_found' });
  assert.equal(milton.username, 'milton');
});

// Attack: take somebody's address as one's username, so that their way back in leads into one's own account, and what they add there is one's own.
test('the command line makes no code for a text that is one person’s username and another’s address', async (t) => {
  const w = await world(t);
  await person(w, { username: 'holo', email: 'holo@example.test' });
  const own = await person(w, { username: 'milton@example.test', email: 'Milton@example.test' });
  await person(w, { username: 'Holo@example.test', email: 'mallory@example.test' });
  const origin = { requestId: 'cli', ip: '', userAgent: 'command line' };
  const issue = (name: string) => w.app.services.oneTimeCodes.issueFor(name, 3600, origin);
  await assert.rejects(issue('holo@example.test'), { code: 'validation_failed', message: /username .* address of another/ });
  assert.equal((await issue('holo')).length, 12);
  const redeemed = await enter(w, await issue('milton@example.test'));
  assert.equal(((await redeemed.json()) as { id: string }).id, own.id, 'both are theirs');
});

// Attack: try all codes, from many addresses so that no limit per address counts.
test('SEC-115 ten wrong guesses end a short code, wherever they come from', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton' });
  const code = await issue(w, id);
  for (const [n, wrong] of wrongCodes(6, 9).entries()) assert.equal((await enter(w, wrong, `192.0.2.${n}`)).status, 401);
  const spared = await issue(w, (await person(w, { username: 'kate' })).id);
  assert.equal((await enter(w, '2222ZZ', '198.51.100.7')).status, 401);
  assert.equal((await enter(w, code, '203.0.113.9')).status, 401);
  assert.equal((await enter(w, spared, '203.0.113.9')).status, 200);
});

test('SEC-115 a hundred wrong guesses end a long code, and guesses at short ones do not', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton' });
  const code = await issue(w, id, '1h');
  for (const wrong of wrongCodes(6, 20)) await enter(w, wrong);
  for (const wrong of wrongCodes(12, 99)) await enter(w, wrong);
  const row = await w.database.db.selectFrom('one_time_code').select('failures').executeTakeFirstOrThrow();
  assert.equal(row.failures, 99);
  await enter(w, '2222222222ZZ');
  assert.equal((await enter(w, code)).status, 401);
});

// Attack: all guesses in one burst, so that they are tried before the first is counted.
test('SEC-116 of two hundred parallel guesses at most the cap is tried', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton' });
  const code = await issue(w, id);
  const guesses = [...wrongCodes(6, 199), code].map((guess, n) => enter(w, guess, `192.0.2.${n % 250}`));
  const statuses = (await Promise.all(guesses)).map((r) => r.status);
  assert.deepEqual([...new Set(statuses)], [401]);
});

test('SEC-118 fifty parallel redemptions of one code give one session', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton' });
  const code = await issue(w, id, '1h');
  const statuses = (await Promise.all(Array.from({ length: 50 }, () => enter(w, code)))).map((r) => r.status);
  assert.equal(statuses.filter((s) => s === 200).length, 1);
  const sessions = await w.database.db.selectFrom('session').select('id').where('user_id', '=', id).execute();
  assert.equal(sessions.length, 1);
});

test('SEC-119 a code is dead one second after its end though nothing swept it', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton' });
  const last = await issue(w, id, 600);
  w.clock.advance(600);
  assert.equal((await enter(w, last)).status, 401);
  const code = await issue(w, id, 600);
  w.clock.advance(599);
  assert.equal((await enter(w, code)).status, 200);
});

test('SEC-120 a newer code, another address, a new passkey or disabling ends older codes', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const ends: Record<string, () => Promise<unknown>> = {
    'a newer code': () => issue(w, milton.id),
    'another address': () => w.api('PUT', `/api/users/${milton.id}`, { email: 'other@example.test' }),
    'a new passkey': async () => {
      await milton.signIn();
      assert.equal((await milton.register({ ignoreExcluded: true })).status, 200);
    },
    disabling: async () => {
      await w.api('PUT', `/api/users/${milton.id}`, { disabled: true });
      await w.api('PUT', `/api/users/${milton.id}`, { disabled: false });
    },
    deleting: () => w.api('DELETE', `/api/users/${milton.id}`),
  };
  for (const [what, end] of Object.entries(ends)) {
    const code = await issue(w, milton.id);
    await end();
    assert.equal((await enter(w, code)).status, 401, what);
  }
});

test('SEC-064 a disabled person gets no session from a code, which stays as it is', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton', disabled: true });
  const code = await issue(w, id);
  const refused = await enter(w, code);
  assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [403, 'user_disabled']);
  assert.deepEqual(refused.headers.getSetCookie(), []);
  assert.equal((await w.database.db.selectFrom('session').selectAll().execute()).length, 0);
  await w.database.db.updateTable('user').set({ disabled: 0 }).where('id', '=', id).execute();
  assert.equal((await enter(w, code)).status, 200);
});

// Attack: a mail scanner follows every link.
test('SEC-123 looking at a code with GET or HEAD neither uses it up nor signs in', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton' });
  const code = await issue(w, id);
  for (const path of [`/api/one-time-access-token/${code}`, `/lc/${code}`, `/login/alternative/code?code=${code}`]) {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      const looked = await browser(w).visit(path, { method });
      assert.equal(
        looked.headers.getSetCookie().some((cookie) => cookie.includes('access_token=')),
        false,
        `${method} ${path}`,
      );
    }
  }
  const framed = await browser(w).request(`/api/one-time-access-token/${code}`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' },
  });
  assert.equal(framed.status, 403);
  assert.equal((await enter(w, code)).status, 200);
});

test('SEC-125 a code is in no log line and no audit row', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton', disabled: true });
  const code = await issue(w, id, '1h');
  await enter(w, code);
  await w.database.db.updateTable('user').set({ disabled: 0 }).where('id', '=', id).execute();
  await enter(w, code);
  await enter(w, code);
  assert.equal(JSON.stringify(w.log.lines).includes(code), false);
  const rows = [
    await w.database.db.selectFrom('audit_log').selectAll().execute(),
    await w.database.db.selectFrom('one_time_code').selectAll().execute(),
  ];
  assert.equal(JSON.stringify(rows).includes(code), false);
});

test('a code alone opens nothing that was stored for it', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton' });
  const code = await issue(w, id);
  const row = await w.database.db.selectFrom('one_time_code').selectAll().executeTakeFirstOrThrow();
  assert.match(row.code_hash, /^[\w-]{43}$/);
  assert.equal((await enter(w, row.code_hash)).status, 401);
  assert.equal((await enter(w, code)).status, 200);
});

test('a code that is entered while its owner is deleted signs in or not, and nobody waits for the other', async (t) => {
  const w = await world(t);
  for (let round = 0; round < 8; round++) {
    const { id } = await person(w, { username: `milton${round}`, passkey: false });
    const code = await issue(w, id);
    const [entered, deleted] = await Promise.all([enter(w, code), w.api('DELETE', `/api/users/${id}`)]);
    // Signed in and gone before they could be shown: not found.
    assert.ok([200, 401, 404].includes(entered.status), `${entered.status}`);
    assert.equal(deleted.status, 204);
  }
});
