import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser } from '../testing/browser.ts';
import { person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';

const HOLO = { username: 'holo', firstName: 'Holo', lastName: '', email: 'holo@example.test' };
const secretOf = async (w: World) => new URL((await w.app.services.setUp.setupLink())!).searchParams.get('secret')!;
const administrators = async (w: World) =>
  w.database.db.selectFrom('user').select('username').where('is_admin', '=', 1).where('is_static', '=', 0).execute();

test('the link printed at start makes the first administrator and signs them in', async (t) => {
  const w = await world(t);
  const visitor = browser(w);
  assert.equal((await visitor.request('/api/signup/setup')).status, 204);
  const made = await visitor.request('/api/signup/setup', { json: { ...HOLO, secret: await secretOf(w) } });
  assert.equal(made.status, 200);
  const user = (await made.json()) as { isAdmin: boolean; displayName: string };
  assert.deepEqual([user.isAdmin, user.displayName], [true, 'Holo']);
  assert.equal((await visitor.request('/api/users')).status, 200);
  const audited = await w.database.db.selectFrom('audit_log').select(['event', 'username']).execute();
  assert.deepEqual(
    audited.map(({ event, username }) => [event, username]),
    [['ACCOUNT_CREATED', 'holo']],
  );
});

test('the secret may come in the body, the query or a header', async (t) => {
  for (const place of ['body', 'query', 'header']) {
    const w = await world(t);
    const secret = await secretOf(w);
    const response = await browser(w).request(place === 'query' ? `/api/signup/setup?secret=${secret}` : '/api/signup/setup', {
      json: place === 'body' ? { ...HOLO, secret } : HOLO,
      headers: place === 'header' ? { 'x-setup-secret': secret } : {},
    });
    assert.equal(response.status, 200, place);
  }
});

test('without the secret of the last start nobody becomes administrator', async (t) => {
  const w = await world(t);
  const first = await secretOf(w);
  const second = await secretOf(w);
  for (const secret of [undefined, '', 'x', first, `${second}x`, second.slice(1)]) {
    const response = await browser(w).request('/api/signup/setup', { json: { ...HOLO, secret } });
    assert.equal(response.status, 403, String(secret));
  }
  assert.deepEqual(await administrators(w), []);
  assert.equal((await browser(w).request('/api/signup/setup', { json: { ...HOLO, secret: second } })).status, 200);
});

test('SEC-137 fifty parallel set-ups make one administrator, and none ever after', async (t) => {
  // With limits, as everywhere: nobody guesses a secret of 256 bits, and who sets up next to others learns that it is done.
  const w = await world(t, { disableRateLimiting: false });
  const secret = await secretOf(w);
  const attempt = (n: number) => browser(w).request('/api/signup/setup', { json: { ...HOLO, username: `holo${n}`, email: null, secret } });
  const statuses = (await Promise.all(Array.from({ length: 50 }, (_, n) => attempt(n)))).map((r) => r.status);
  assert.deepEqual([statuses.filter((s) => s === 200).length, statuses.filter((s) => s === 409).length], [1, 49]);
  assert.equal((await administrators(w)).length, 1);

  await w.database.db.deleteFrom('user').where('is_static', '=', 0).execute();
  assert.equal((await browser(w).request('/api/signup/setup')).status, 404);
  assert.equal((await attempt(51)).status, 409);
  assert.equal(await w.app.services.setUp.setupLink(), undefined);
  await w.app.services.setUp.prepare();
  assert.equal((await attempt(52)).status, 409);
  assert.deepEqual(await administrators(w), []);
});

test('the set-up is closed where people are, and the user behind STATIC_API_KEY is nobody', async (t) => {
  const w = await world(t);
  assert.equal((await w.api('GET', '/api/users')).status, 200);
  const secret = await secretOf(w);
  await person(w, { username: 'ann' });
  assert.equal((await browser(w).request('/api/signup/setup')).status, 404);
  assert.equal((await browser(w).request('/api/signup/setup', { json: { ...HOLO, secret } })).status, 409);
  await w.app.services.setUp.prepare();
  await w.database.db.deleteFrom('user').where('username', '=', 'ann').execute();
  assert.equal((await browser(w).request('/api/signup/setup', { json: { ...HOLO, secret } })).status, 409);
});

test('what is wrong with the form is told field by field, and the link still works', async (t) => {
  const w = await world(t);
  const secret = await secretOf(w);
  const wrong = await browser(w).request('/api/signup/setup', {
    json: { username: '', email: 'nobody', firstName: 'x'.repeat(51), secret },
  });
  assert.equal(wrong.status, 400);
  const body = (await wrong.json()) as { code: string; details: { fields: { field: string }[] } };
  assert.deepEqual([body.code, body.details.fields.map((f) => f.field).sort()], ['validation_failed', ['email', 'firstName', 'username']]);
  assert.equal((await browser(w).request('/api/signup/setup', { json: { ...HOLO, secret } })).status, 200);
});
