import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser } from '../testing/browser.ts';
import { type Person, person } from '../testing/people.ts';
import { world } from '../testing/world.ts';

type Listed = { id: string; name: string; lastUsedAt: string | null }[];
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

test('a person names and removes their passkeys, but not the last', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const second = await ann.addPasskey();
  await ann.login();
  const renamed = await ann.request(`/api/webauthn/credentials/${second}`, { method: 'PATCH', json: { name: '  Key on my ring ' } });
  assert.deepEqual([renamed.status, ((await renamed.json()) as { name: string }).name.trim()], [200, 'Key on my ring']);
  for (const name of ['', 'x'.repeat(51), 'a\u0000b', 7, null]) {
    assert.equal((await ann.request(`/api/webauthn/credentials/${second}`, { method: 'PATCH', json: { name } })).status, 400, String(name));
  }
  assert.equal((await ann.request(`/api/webauthn/credentials/${second}`, { method: 'DELETE' })).status, 204);
  const [last] = (await (await ann.request('/api/webauthn/credentials')).json()) as Listed;
  const refused = await ann.request(`/api/webauthn/credentials/${last?.id}`, { method: 'DELETE' });
  assert.deepEqual([refused.status, await codeOf(refused)], [409, 'last_passkey']);
  const removed = await w.database.db
    .selectFrom('audit_log')
    .select(['username', 'actor_username'])
    .where('event', '=', 'PASSKEY_REMOVED')
    .execute();
  assert.deepEqual(
    removed.map((r) => [r.username, r.actor_username]),
    [['ann', null]],
  );
});

test('passkeys that were added in one second are listed in the order in which they were added', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', passkey: false });
  await ann.signIn();
  const added: string[] = [];
  for (let i = 0; i < 6; i++) {
    const response = await ann.register({ ignoreExcluded: true });
    assert.equal(response.status, 200);
    added.push(((await response.json()) as { id: string }).id);
  }
  const listed = (await (await ann.request('/api/webauthn/credentials')).json()) as Listed;
  assert.deepEqual(
    listed.map(({ id }) => id),
    added,
  );
});

test('of two passkeys removed at the same time one stays', async (t) => {
  const w = await world(t);
  for (let round = 1; round <= 10; round++) {
    const ann = await person(w, { username: `ann${round}` });
    await ann.addPasskey();
    await ann.signIn();
    const both = (await (await ann.request('/api/webauthn/credentials')).json()) as Listed;
    const answers = await Promise.all(both.map(({ id }) => ann.request(`/api/webauthn/credentials/${id}`, { method: 'DELETE' })));
    assert.deepEqual(answers.map((r) => r.status).sort(), [204, 409]);
    const left = await w.database.db.selectFrom('passkey').select('id').where('user_id', '=', ann.id).execute();
    assert.equal(left.length, 1);
  }
});

test('an administrator sees anybody’s passkeys and removes them, the last one too', async (t) => {
  const w = await world(t);
  const boss = await person(w, { username: 'boss', admin: true });
  const ann = await person(w, { username: 'ann' });
  await boss.signIn();
  const path = `/api/users/${ann.id}/webauthn-credentials`;
  const [only] = (await (await boss.request(path)).json()) as Listed;
  assert.equal((await boss.request(`${path}/${only?.id}`, { method: 'DELETE' })).status, 204);
  assert.equal((await boss.request(`${path}/${only?.id}`, { method: 'DELETE' })).status, 404);
  assert.equal((await ann.login()).status, 401);
  assert.equal((await boss.request('/api/users/7b1f3a0e-3c55-4c0c-9f1e-52f0f0a6a2b1/webauthn-credentials')).status, 404);
  const row = await w.database.db.selectFrom('audit_log').selectAll().where('event', '=', 'PASSKEY_REMOVED').executeTakeFirstOrThrow();
  assert.deepEqual([row.username, row.actor_username, JSON.parse(row.data).actorUsername], ['ann', 'boss', 'boss']);
  await ann.signIn();
  assert.equal((await ann.request(path)).status, 403);
  assert.equal((await ann.request(`${path}/${only?.id}`, { method: 'DELETE' })).status, 403);
});

// Attack: a session on a stolen device, which without any passkey left would need no fresh proof to add the thief’s own.
test('with the last passkey that an administrator removes the person’s sessions end, so that none of them adds another one', async (t) => {
  const w = await world(t);
  const boss = await person(w, { username: 'boss', admin: true });
  const ann = await person(w, { username: 'ann' });
  await boss.signIn();
  await ann.login();
  await ann.addPasskey();
  w.clock.advance(1800);
  const remove = async (of: Person, i = 0) => {
    const path = `/api/users/${of.id}/webauthn-credentials`;
    const passkeys = (await (await boss.request(path)).json()) as Listed;
    assert.equal((await boss.request(`${path}/${passkeys[i]?.id}`, { method: 'DELETE' })).status, 204);
  };
  const begins = async (of: Person) => (await of.request('/api/webauthn/register/start')).status;
  await remove(ann);
  assert.equal((await ann.request('/api/users/me')).status, 200, 'another passkey is left');
  await remove(ann);
  assert.deepEqual([await begins(ann), (await ann.request('/api/users/me')).status], [401, 401]);
  const row = await w.database.db
    .selectFrom('audit_log')
    .select('data')
    .where('event', '=', 'PASSKEY_REMOVED')
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow();
  assert.equal(JSON.parse(row.data).sessions, '1');
  // One’s own session stays: it would be the last way in.
  await remove(boss);
  assert.equal(await begins(boss), 200);
});

test('SEC-109 neither an API key nor an access token goes through a ceremony or changes a passkey', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', admin: true });
  await ann.signIn();
  const made = await ann.request('/api/api-keys', { json: { name: 'mine', expiresAt: null } });
  assert.equal(made.status, 201);
  const { token } = (await made.json()) as { token: string };
  const [passkey] = (await (await ann.request('/api/webauthn/credentials')).json()) as Listed;
  const calls: [string, string, unknown?][] = [
    ['GET', '/api/webauthn/register/start'],
    ['POST', '/api/webauthn/register/finish', {}],
    ['GET', '/api/webauthn/reauthenticate/start'],
    ['POST', '/api/webauthn/reauthenticate', {}],
    ['PATCH', `/api/webauthn/credentials/${passkey?.id}`, { name: 'theirs' }],
    ['DELETE', `/api/webauthn/credentials/${passkey?.id}`],
  ];
  for (const [method, path, json] of calls) {
    for (const headers of [
      { 'x-api-key': token },
      { authorization: `Bearer ${token}` },
      { authorization: 'Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA' },
    ]) {
      const { status } = await browser(w).request(path, { method, json, headers: headers as unknown as Record<string, string> });
      assert.ok(status === 401 || status === 403, `${method} ${path}: ${status}`);
    }
  }
  assert.equal(((await (await ann.request('/api/webauthn/credentials')).json()) as Listed)[0]?.name, passkey?.name);
});

test('SEC-110 another person’s passkey is not there to be listed, renamed or removed', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const bob = await person(w, { username: 'bob' });
  const second = await bob.addPasskey();
  await ann.signIn();
  const path = `/api/webauthn/credentials/${second}`;
  assert.equal((await ann.request(path, { method: 'PATCH', json: { name: 'mine' } })).status, 404);
  assert.equal((await ann.request(path, { method: 'DELETE' })).status, 404);
  const listed = (await (await ann.request('/api/webauthn/credentials')).json()) as Listed;
  assert.equal(
    listed.some(({ id }) => id === second),
    false,
  );
  assert.equal((await bob.login()).status, 200);
});

test('the list tells when a passkey was last used', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const [passkey] = (await (await ann.request('/api/webauthn/credentials')).json()) as Listed;
  assert.equal(passkey?.lastUsedAt, new Date(w.clock.now() * 1000).toISOString().replace('.000', ''));
});

// Attack: a key that may only write users takes an administrator's way in, or their sessions, away.
test('SEC-186 a limited key of an administrator has no say over administrators', async (t) => {
  const w = await world(t);
  const boss = await person(w, { username: 'boss', admin: true });
  const ann = await person(w, { username: 'ann' });
  await boss.login();
  await ann.login();
  await ann.addPasskey();
  const made = await boss.request('/api/api-keys', { json: { name: 'sync', expiresAt: null, scopes: ['users:write'] } });
  const { token } = (await made.json()) as { token: string };
  const asKey = (method: string, path: string, json?: unknown) =>
    browser(w).request(path, { method, json, headers: { 'x-api-key': token } });
  const of = async (id: string) => {
    const [passkey] = await w.database.db.selectFrom('passkey').select('id').where('user_id', '=', id).execute();
    const [session] = await w.database.db.selectFrom('session').select('id').where('user_id', '=', id).execute();
    return [
      (await asKey('DELETE', `/api/users/${id}/webauthn-credentials/${passkey?.id}`)).status,
      (await asKey('DELETE', `/api/users/${id}/sessions/${session?.id}`)).status,
      (await asKey('DELETE', `/api/users/${id}/sessions`)).status,
      (await asKey('POST', `/api/users/${id}/one-time-access-token`, {})).status,
    ];
  };
  assert.deepEqual(await of(boss.id), [403, 403, 403, 403]);
  assert.deepEqual(await of(ann.id), [204, 204, 204, 201]);
});
