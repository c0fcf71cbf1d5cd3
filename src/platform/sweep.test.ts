import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf } from '../testing/administration.ts';
import { application, basic, codeFor, post, redeem } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { relyingParty } from '../testing/relying-party.ts';
import { recordingLog, world } from '../testing/world.ts';
import { sweepAll } from './sweep.ts';

const TABLES = [
  'interaction',
  'pushed_request',
  'device_request',
  'oauth_grant',
  'oauth_token',
  'webauthn_challenge',
  'reauthentication',
  'session',
  'one_time_code',
  'api_key',
] as const;

test('what is over is cleared away, and what lives stays', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const app = await application(w);
  const rp = await relyingParty(w, app);
  const fill = async () => {
    await rp.ask(milton.otherBrowser(), await rp.begin());
    const { url } = await rp.begin();
    await post(w, '/api/oidc/par', Object.fromEntries(url.searchParams), { authorization: basic(app) });
    await post(w, '/api/oidc/device/authorize', { scope: 'openid' }, { authorization: basic(app) });
    await redeem(w, app, await codeFor(w, app, milton));
    await milton.login();
    await milton.reauthenticate();
    await milton.request('/api/webauthn/login/start');
    await w.api('POST', `/api/users/${milton.id}/one-time-access-token`, { ttl: '1h' });
    await keyOf(w, milton, { expiresAt: w.clock.now() + 60 });
  };
  const counts = async () => {
    const of = (table: (typeof TABLES)[number]) =>
      w.database.db
        .selectFrom(table)
        .select((e) => e.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow();
    return Promise.all(TABLES.map(async (table) => [table, Number((await of(table)).n)]));
  };
  await fill();
  const before = await counts();
  for (const [table, n] of before) assert.ok(Number(n) > 0, String(table));
  await sweepAll(w.app.sweeps, w.log);
  assert.deepEqual(await counts(), before, 'all of it lives');
  w.clock.advance(400 * 86_400);
  await sweepAll(w.app.sweeps, w.log);
  assert.deepEqual(
    await counts(),
    TABLES.map((table) => [table, 0]),
  );
  assert.deepEqual(
    w.log.lines.filter(({ message }) => message.includes('error')),
    [],
  );
});

test('no sweep takes more of a table at once than it was told', async (t) => {
  const w = await world(t);
  const app = await application(w);
  const { db } = w.database;
  const now = w.clock.now();
  const some = [0, 1, 2];
  await db
    .insertInto('used_assertion')
    .values(some.map((n) => ({ jti_hash: `${n}`, expires_at: now + 60 })))
    .execute();
  for (const n of some) {
    await post(w, '/api/oidc/device/authorize', { scope: 'openid' }, { authorization: basic(app) });
    await w.request('/api/device-login/requests', { method: 'POST', headers: { 'content-type': 'application/json' } });
    await w.request('/api/webauthn/login/start');
    const somebody = await person(w, { username: `person-${n}` });
    await somebody.signIn();
    await w.api('POST', `/api/users/${somebody.id}/one-time-access-token`, { ttl: '1h' });
    await keyOf(w, somebody, { expiresAt: now + 60 });
  }
  w.clock.advance(400 * 86_400);
  const swept: Record<string, string> = {
    device_request: 'devices',
    used_assertion: 'assertions',
    webauthn_challenge: 'ceremonies',
    session: 'sessions',
    one_time_code: 'one-time codes',
    api_key: 'API keys',
    device_login: 'device sign-ins',
  };
  for (const [table, sweep] of Object.entries(swept)) {
    const left = async () =>
      (
        await db
          .selectFrom(table as 'session')
          .selectAll()
          .execute()
      ).length;
    const before = await left();
    assert.ok(before >= 2, `${table}: ${before}`);
    await w.app.sweeps[sweep]?.(1);
    assert.equal(await left(), before - 1, table);
  }
});

test('a key that expired can be renewed for ninety days, and one without an end is never removed', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await keyOf(w, ann);
  await keyOf(w, ann, { expiresAt: w.clock.now() + 60 });
  const left = async () => (await w.database.db.selectFrom('api_key').select('id').execute()).length;
  for (const [seconds, keys] of [
    [60 + 90 * 86_400 - 1, 2],
    [1, 1],
    [1000 * 86_400, 1],
  ] as const) {
    w.clock.advance(seconds);
    await w.app.sweeps['API keys']?.(500);
    assert.equal(await left(), keys);
  }
});

test('a sweep goes on while it finds a whole batch, and one that fails is logged and stops no other', async () => {
  const log = recordingLog();
  const found = [500, 500, 3];
  let others = 0;
  await sweepAll(
    {
      many: async () => found.shift() ?? assert.fail('swept once too often'),
      broken: async () => {
        throw new Error('the disk is full');
      },
      other: async () => ++others,
    },
    log,
  );
  assert.deepEqual([found, others], [[], 1]);
  assert.deepEqual(log.lines, [{ level: 'error', message: 'clean-up error', fields: { what: 'broken', error: 'the disk is full' } }]);
});
