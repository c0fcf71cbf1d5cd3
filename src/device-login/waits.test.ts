import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { httpServer } from '../platform/http/server.ts';
import type { Pause } from '../platform/pause.ts';
import { browser } from '../testing/browser.ts';
import { person } from '../testing/people.ts';
import { world } from '../testing/world.ts';
import { createWaits } from './waits.ts';

/** A pause that lasts until it is cut short, and what says how many have begun and ended. */
function endless() {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const pause: Pause = async (_ms, over) => {
    const cut = over.aborted ? undefined : once(over, 'abort');
    begun.resolve();
    await cut;
    ended.resolve();
  };
  return { pause, begun: begun.promise, ended: ended.promise };
}

async function asking(t: TestContext, pause: Pause) {
  const w = await world(t, {}, { pause });
  const tv = browser(w);
  const made = (await (await tv.request('/api/device-login/requests', { method: 'POST' })).json()) as { id: string; userCode: string };
  const path = `/api/device-login/requests/${made.id}/exchange`;
  const cookie = `__Secure-device_login_token=${tv.cookie('__Secure-device_login_token')}`;
  return { w, tv, made, path, cookie, ask: () => tv.request(path, { method: 'POST' }) };
}
const decision = ({ w, made }: Awaited<ReturnType<typeof asking>>) =>
  w.database.db.selectFrom('device_login').select('decision').where('id', '=', made.id).executeTakeFirst();

test('a browser that waits is signed in the moment somebody approves', async (t) => {
  const { pause, begun } = endless();
  const { w, made, ask } = await asking(t, pause);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  await ann.reauthenticate();
  const answer = ask();
  await begun;
  const approved = await ann.request('/api/device-login/verification/decision', { json: { code: made.userCode, decision: 'approve' } });
  assert.equal(approved.status, 204);
  assert.equal((await answer).status, 200);
});

test('a decision made by another replica is seen at the next look', async (t) => {
  let looks = 0;
  const { w, made, ask } = await asking(t, async () => {
    looks += 1;
    if (looks === 3) await w.database.db.updateTable('device_login').set({ decision: 'denied' }).where('id', '=', made.id).execute();
  });
  assert.equal((await ask()).status, 403);
  assert.equal(looks, 3);
});

test('a request that ends while its browser waits is answered so', async (t) => {
  const { w, ask } = await asking(t, async () => w.clock.advance(5));
  w.clock.advance(290);
  assert.equal((await ask()).status, 401);
});

test('on a slow machine a question is answered after 25 seconds all the same', async (t) => {
  let looks = 0;
  const { w, ask } = await asking(t, async () => {
    looks += 1;
    w.clock.advance(5);
  });
  assert.deepEqual([(await ask()).status, looks], [202, 5]);
});

test('a question nobody decides about is answered after 25 looks a second apart, and may be put again at once', async (t) => {
  const pauses: number[] = [];
  const { ask } = await asking(t, async (ms) => void pauses.push(ms));
  const answer = await ask();
  assert.deepEqual([answer.status, await answer.json(), answer.headers.get('retry-after')], [202, { status: 'pending' }, null]);
  assert.deepEqual(pauses, Array(25).fill(1000));
});

/** The world behind the real server: an exchange under way over a connection of its own. */
async function overTheWire(t: TestContext, { w, path, cookie }: Awaited<ReturnType<typeof asking>>) {
  const http = httpServer({
    fetch: w.app.fetch,
    endpoints: w.app.endpoints,
    config: w.config,
    log: w.log,
    isUpload: () => false,
    secretPaths: [],
  });
  await http.listen(0, '127.0.0.1');
  t.after(() => http.drain(0));
  const { port } = http.server.address() as AddressInfo;
  const headers = { host: 'auth.example.test', cookie, origin: w.config.appUrl, 'content-type': 'application/json' };
  const sent = request({ port, method: 'POST', path, headers });
  sent.end('{}');
  return { http, sent };
}

test('a browser that goes away waits no longer, and spends no approval', async (t) => {
  const { pause, begun, ended } = endless();
  const asked = await asking(t, pause);
  const { sent } = await overTheWire(t, asked);
  sent.on('error', () => {});
  await begun;
  const { id } = await person(asked.w, { username: 'ann' });
  await asked.w.database.db
    .updateTable('device_login')
    .set({ decision: 'approved', user_id: id })
    .where('id', '=', asked.made.id)
    .execute();
  sent.destroy();
  await ended;
  // Another question of the same browser comes after whatever the first one still did.
  assert.equal((await decision(asked))?.decision, 'approved');
  assert.equal((await asked.ask()).status, 200);
});

test('REL-22 a stop sends the browsers that wait away, to ask again', async (t) => {
  const { pause, begun } = endless();
  const asked = await asking(t, pause);
  const { http, sent } = await overTheWire(t, asked);
  await begun;
  asked.w.app.stopWaiting();
  const [[answer]] = await Promise.all([once(sent, 'response') as Promise<[IncomingMessage]>, http.drain(60_000)]);
  assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [202, '3']);
  const later = await asked.ask();
  assert.deepEqual([later.status, later.headers.get('retry-after')], [202, '3']);
});

test('of too many that wait the next is sent away at once', async () => {
  const { pause, begun } = endless();
  const waits = createWaits({ pause, most: 2 });
  const { signal } = new AbortController();
  const first = [waits.forWord('a', signal), waits.forWord('b', signal)];
  await begun;
  assert.equal(await waits.forWord('c', signal), false);
  waits.wake('a');
  assert.equal(await first[0], true);
  const third = waits.forWord('c', signal);
  waits.stop();
  assert.deepEqual([await first[1], await third], [false, false]);
});
