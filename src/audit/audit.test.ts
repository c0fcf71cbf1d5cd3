import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditRows, withSession } from '../testing/administration.ts';
import { person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';
import { INTERNAL } from './contract.ts';
import { createLocate } from './locate.ts';

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const entries: { event: string; user?: string; client?: string; ip?: string; reason?: string }[] = [
  { event: 'SIGN_IN', user: 'ann' },
  { event: 'CLIENT_AUTHORIZATION', user: 'ann', client: 'Paperless' },
  { event: 'CLIENT_AUTHORIZATION', user: 'bea', client: 'Immich', ip: '203.0.113.9' },
  { event: 'SIGN_IN', user: 'bea', ip: '203.0.113.9', reason: 'user-disabled' },
];
async function withEntries(w: World) {
  const people = { ann: await person(w, { username: 'ann' }), bea: await person(w, { username: 'bea' }) };
  for (const { event, user, client, ip = '192.168.1.7', reason } of entries) {
    w.clock.advance(1);
    const who = people[user as keyof typeof people];
    await w.app.services.audit.record(w.database.db, {
      event,
      user: { id: who.id, username: who.username },
      client: client ? { id: client.toLowerCase(), name: client } : undefined,
      reason,
      data: { detail: 'x' },
      origin: { requestId: 'r', ip, userAgent: firefox },
    });
  }
  return people;
}

test('an entry says when, what, who, from where and with what', async (t) => {
  const w = await world(t);
  const { bea } = await withEntries(w);
  const { data, pagination } = (await w.api('GET', '/api/audit-logs/all')).body;
  assert.equal(pagination.totalItems, 4);
  const { id, createdAt, ...entry } = data[1];
  assert.deepEqual([typeof id, Date.parse(createdAt)], ['string', (w.clock.now() - 1) * 1000]);
  assert.deepEqual(entry, {
    event: 'CLIENT_AUTHORIZATION',
    ipAddress: '203.0.113.9',
    country: '',
    city: '',
    device: 'Firefox on Linux',
    userID: bea.id,
    username: 'bea',
    actorUsername: '',
    data: { detail: 'x', clientName: 'Immich' },
  });
  assert.equal(data[0].data.reason, 'user-disabled');
});

test('the whole log is filtered by event, user, client and place, and sorted', async (t) => {
  const w = await world(t);
  const { ann } = await withEntries(w);
  const found = async (query: string) =>
    ((await w.api('GET', `/api/audit-logs/all?${query}`)).body.data as { event: string; username: string }[]).map(
      (e) => `${e.username} ${e.event}`,
    );
  const [a1, a2, b1, b2] = ['ann SIGN_IN', 'ann CLIENT_AUTHORIZATION', 'bea CLIENT_AUTHORIZATION', 'bea SIGN_IN'];
  assert.deepEqual(await found(''), [b2, b1, a2, a1], 'newest first');
  assert.deepEqual(await found('sort[column]=createdAt'), [a1, a2, b1, b2]);
  assert.deepEqual(await found('filters[event]=SIGN_IN'), [b2, a1]);
  assert.deepEqual(await found(`filters[userID]=${ann.id}`), [a2, a1]);
  assert.deepEqual(await found('filters[clientName]=Paperless&filters[clientName]=Immich'), [b1, a2]);
  assert.deepEqual(await found('filters[location]=internal'), [a2, a1]);
  assert.deepEqual(await found('filters[location]=external&filters[event]=SIGN_IN'), [b2]);
  for (const all of ['filters[location]=nowhere', 'filters[location]=internal&filters[location]=external'])
    assert.deepEqual(await found(all), [b2, b1, a2, a1]);
  assert.deepEqual(await found('filters[location]=nowhere&filters[location]=external'), [b2, b1]);
  for (const column of ['event', 'ipAddress', 'country', 'city', 'userAgent'])
    assert.equal((await found(`sort[column]=${column}`)).length, 4, column);
});

test('the filters offer the names that occur', async (t) => {
  const w = await world(t);
  assert.deepEqual(
    [(await w.api('GET', '/api/audit-logs/filters/client-names')).body, (await w.api('GET', '/api/audit-logs/filters/users')).body],
    [[], {}],
  );
  const { ann, bea } = await withEntries(w);
  assert.deepEqual((await w.api('GET', '/api/audit-logs/filters/client-names')).body, ['Immich', 'Paperless']);
  assert.deepEqual((await w.api('GET', '/api/audit-logs/filters/users')).body, { [ann.id]: 'ann', [bea.id]: 'bea' });
});

test('people see what concerns them, and only that', async (t) => {
  const w = await world(t);
  const { ann, bea } = await withEntries(w);
  const call = await withSession(ann);
  const own = (await call('GET', `/api/audit-logs?filters[userID]=${bea.id}`)).body;
  assert.deepEqual(new Set(own.data.map((e: { username: string }) => e.username)), new Set(['ann']));
  assert.deepEqual((await call('GET', '/api/audit-logs?filters[event]=SIGN_IN')).body.pagination.totalItems, 1);
  for (const path of ['all', 'filters/users', 'filters/client-names'])
    assert.equal((await call('GET', `/api/audit-logs/${path}`)).status, 403, path);
});

test('somebody sees in their own log what an administrator did to them', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await w.api('PUT', `/api/users/${ann.id}`, { firstName: 'Anna' });
  const call = await withSession(ann);
  const [entry] = (await call('GET', '/api/audit-logs?filters[event]=USER_UPDATED')).body.data;
  assert.match(entry.actorUsername, /^static-api-user-/);
});

test('rows older than the retention go, the others stay', async (t) => {
  const w = await world(t, { auditLogRetentionDays: 30 });
  await withEntries(w);
  w.clock.advance(30 * 86_400 - 2);
  assert.equal(await w.app.services.auditLists.removeOld(), 1);
  assert.equal((await w.api('GET', '/api/audit-logs/all')).body.pagination.totalItems, 3);
  assert.equal(await w.app.services.auditLists.removeOld(), 0);
});

test('SEC-195 no route of the API changes or removes an audit row', async (t) => {
  const w = await world(t);
  await withEntries(w);
  const [row] = await auditRows(w, 'SIGN_IN');
  for (const method of ['PUT', 'PATCH', 'DELETE', 'POST']) {
    for (const path of ['/api/audit-logs', `/api/audit-logs/${row!.id}`, '/api/audit-logs/all']) {
      assert.ok([404, 405].includes((await w.api(method, path, method === 'DELETE' ? undefined : {})).status), `${method} ${path}`);
    }
  }
  assert.equal((await w.database.db.selectFrom('audit_log').selectAll().execute()).length, 4);
});

const places: Record<string, string> = {
  '127.0.0.1': 'localhost',
  '::1': 'localhost',
  '10.1.2.3': 'LAN',
  '172.31.0.1': 'LAN',
  'fd12::1': 'LAN',
  'fe80::1': 'LAN',
  '::ffff:192.168.1.1': 'LAN',
  '100.100.1.1': 'Tailscale',
  'fd7a:115c:a1e0::7': 'Tailscale',
};
test('addresses at home are told from those beyond', () => {
  const locate = createLocate(() => ({ country: 'Spain', city: 'Madrid' }));
  for (const [ip, city] of Object.entries(places)) assert.deepEqual(locate(ip), { country: INTERNAL, city }, ip);
  for (const ip of ['203.0.113.9', '2001:4860:4860::8888', '172.32.0.1'])
    assert.deepEqual(locate(ip), { country: 'Spain', city: 'Madrid' }, ip);
  assert.deepEqual(locate('not an address'), { country: '', city: '' });
});

test('what happened in one second is listed in the order in which it happened, on every page', async (t) => {
  const w = await world(t);
  const reasons = Array.from({ length: 30 }, (_, i) => `reason ${i}`);
  const origin = { requestId: 'r', ip: '192.168.1.7', userAgent: firefox };
  await Promise.all(reasons.map((reason) => w.app.services.audit.record(w.database.db, { event: 'SIGN_IN', reason, origin })));
  for (const [direction, expected] of [
    ['asc', reasons],
    ['desc', [...reasons].reverse()],
  ] as const) {
    const listed: string[] = [];
    for (const page of [1, 2, 3, 4]) {
      const { data } = (await w.api('GET', `/api/audit-logs/all?sort[column]=createdAt&sort[direction]=${direction}&limit=8&page=${page}`))
        .body;
      listed.push(...data.map((entry: { data: { reason: string } }) => entry.data.reason));
    }
    assert.deepEqual(listed, expected);
  }
});
