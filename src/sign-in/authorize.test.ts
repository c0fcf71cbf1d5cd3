import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { application } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { answerOf, relyingParty, sentBy } from '../testing/relying-party.ts';
import { type World, world } from '../testing/world.ts';
import { shortId } from './view.ts';

const events = async ({ database: { db } }: World) =>
  (await db.selectFrom('audit_log').selectAll().orderBy('created_at').execute()).map(({ event, username, client_name, reason, data }) => ({
    event,
    username,
    client_name,
    reason,
    data: JSON.parse(data) as Record<string, string>,
  }));

async function homelab(t: TestContext, { groups = ['admin'] } = {}) {
  const w = await world(t);
  const holo = await person(w, { username: 'holo', groups: ['admin'], admin: true });
  w.clock.advance(1);
  const milton = await person(w, { username: 'milton', groups: ['familia'] });
  const app = await application(w, { name: 'Grafana', groups });
  const rp = await relyingParty(w, app);
  return { w, holo, milton, app, rp };
}

/** Statements of a piece of work, without the words that open and close a transaction. */
async function statementsOf(w: World, work: () => Promise<unknown>): Promise<string[]> {
  w.statements.length = 0;
  await work();
  return w.statements.filter((sql) => !/^(begin|commit|savepoint|release|start transaction)/i.test(sql));
}

test('authorize with a session and standing consent takes three statements, its audit row included', async (t) => {
  const { w, holo, rp } = await homelab(t);
  await rp.signIn(holo);
  const begun = await rp.begin();
  const statements = await statementsOf(w, async () => {
    const sent = await sentBy(w, await rp.ask(holo, begun));
    assert.ok(sent && answerOf(sent).has('code'));
  });
  assert.equal(statements.length, 3, statements.join('\n'));
});

test('times of last use are written at most once a minute', async (t) => {
  const { w, holo, rp } = await homelab(t);
  await rp.signIn(holo);
  const updates = async () => (await statementsOf(w, async () => rp.ask(holo, await rp.begin()))).filter((sql) => sql.startsWith('update'));
  w.clock.advance(59);
  assert.deepEqual(await updates(), []);
  w.clock.advance(61);
  const writes = await updates();
  assert.deepEqual(writes.map((sql) => /update "(\w+)"/.exec(sql)?.[1]).sort(), ['consent', 'session']);
  const { last_used_at } = await w.database.db.selectFrom('consent').select('last_used_at').executeTakeFirstOrThrow();
  assert.equal(last_used_at, w.clock.now());
  assert.deepEqual(await updates(), []);
});

test('the audit log has the first authorization apart from the later ones, with the name of the application', async (t) => {
  const { w, holo, rp } = await homelab(t);
  await rp.signIn(holo, { scope: 'openid' });
  await rp.signIn(holo, { scope: 'openid' });
  await rp.signIn(holo, { scope: 'openid email' });
  const authorizations = (await events(w)).filter(({ event }) => event.endsWith('CLIENT_AUTHORIZATION'));
  assert.deepEqual(authorizations.map(({ event }) => event).sort(), [
    'CLIENT_AUTHORIZATION',
    'NEW_CLIENT_AUTHORIZATION',
    'NEW_CLIENT_AUTHORIZATION',
  ]);
  for (const row of authorizations) assert.deepEqual([row.username, row.client_name, row.data.clientName], ['holo', 'Grafana', 'Grafana']);
});

test('consent is asked once for a set of scopes, again for a wider one, and never shrinks', async (t) => {
  const { w, holo, rp } = await homelab(t);
  assert.deepEqual((await rp.signIn(holo, { scope: 'openid email' })).steps, ['authenticate', 'consent']);
  assert.deepEqual((await rp.signIn(holo, { scope: 'openid' })).steps, []);
  assert.deepEqual((await rp.signIn(holo, { scope: 'openid groups' })).steps, ['consent']);
  assert.deepEqual((await rp.signIn(holo, { scope: 'openid email groups' })).steps, []);
  const { scopes } = await w.database.db.selectFrom('consent').select('scopes').executeTakeFirstOrThrow();
  assert.deepEqual(JSON.parse(scopes), ['openid', 'email', 'groups']);
});

test('a client that skips consent is still listed as authorized', async (t) => {
  const w = await world(t);
  const holo = await person(w, { username: 'holo' });
  const rp = await relyingParty(w, await application(w, { skip_consent: 1 }));
  assert.deepEqual((await rp.signIn(holo)).steps, ['authenticate']);
  assert.equal((await w.database.db.selectFrom('consent').selectAll().execute()).length, 1);
});

test('a person outside of the allowed groups is told which group, whom to ask, and an id that finds the log line', async (t) => {
  const { w, milton, rp } = await homelab(t);
  await milton.signIn();
  const response = await rp.ask(milton, await rp.begin());
  assert.equal(response.status, 403);
  assert.equal(response.headers.get('location'), null, 'the application learns nothing');
  const html = await response.text();
  for (const words of ['Grafana', 'Admin', 'Familia', 'Holo Example', 'not-in-allowed-group']) assert.ok(html.includes(words), words);
  const ref = shortId(response.headers.get('x-request-id') ?? '');
  assert.ok(html.includes(ref));
  const [line, ...others] = w.log.lines.filter(({ fields }) => fields.ref === ref);
  assert.deepEqual(others, []);
  assert.match(line?.message ?? '', /unauthorized/);
  assert.deepEqual([line?.fields.reason, line?.fields.client, line?.fields.user], ['not-in-allowed-group', rp.app.id, milton.id]);
  const refused = (await events(w)).filter(({ event }) => event === 'ACCESS_REFUSED');
  assert.deepEqual(
    refused.map(({ username, client_name, reason }) => [username, client_name, reason]),
    [['milton', 'Grafana', 'not-in-allowed-group']],
  );
});

test('somebody refused may let another person sign in to the same request', async (t) => {
  const { w, milton, holo, rp } = await homelab(t);
  await milton.signIn();
  const begun = await rp.begin();
  await rp.ask(milton, begun);
  const { id } = await w.database.db.selectFrom('interaction').select('id').executeTakeFirstOrThrow();
  await holo.signIn();
  milton.plant('__Host-access_token', holo.cookie('__Host-access_token') ?? '');
  const response = new Response(null, { status: 302, headers: { location: `/interaction?interaction=${id}` } });
  const { sent } = await rp.walk({ ...milton, signIn: holo.signIn }, response);
  assert.equal((await rp.exchange({ sent, checks: begun.checks })).claims()?.sub, holo.id);
});

test('a group taken away in the middle of an interaction refuses at the next step', async (t) => {
  const { w, holo, rp } = await homelab(t);
  await holo.signIn();
  const { url } = await rp.begin();
  const id = new URL((await rp.ask(holo, { url })).headers.get('location') ?? '', w.config.appUrl).searchParams.get('interaction');
  await w.database.db.deleteFrom('user_group_member').where('user_id', '=', holo.id).execute();
  const done = await holo.request(`/api/oidc/interactions/${id}/complete`, { method: 'POST', json: { step: 'consent' } });
  assert.equal(done.status, 403);
  assert.equal((await holo.visit(`/authorize?interaction=${id}`)).status, 403);
  assert.equal((await w.database.db.selectFrom('oauth_grant').selectAll().execute()).length, 0);
});

test('a person disabled with a session open gets no code', async (t) => {
  const { w, holo, rp } = await homelab(t);
  await rp.signIn(holo);
  await w.database.db.updateTable('user').set({ disabled: 1 }).where('id', '=', holo.id).execute();
  const response = await rp.ask(holo, await rp.begin());
  assert.deepEqual([response.status, response.headers.get('location')], [403, null]);
});

test('a refused request of an application is one error line with its reason, and no secret in it', async (t) => {
  const { w, holo, rp } = await homelab(t);
  await rp.ask(holo, await rp.begin({ code_challenge_method: 'plain', state: 'a-very-secret-state' }));
  const line = w.log.lines.find(({ fields }) => fields.reason === 'code-challenge-method');
  assert.match(line?.message ?? '', /error/);
  assert.ok(!JSON.stringify(w.log.lines).includes('a-very-secret-state'));
});

test('a client that sends a challenge it need not send is noted to know PKCE', async (t) => {
  const { w, holo, rp } = await homelab(t);
  await rp.signIn(holo, { code_challenge: undefined, code_challenge_method: undefined });
  const flag = async () => (await w.database.db.selectFrom('client').select('pkce_supported').executeTakeFirstOrThrow()).pkce_supported;
  assert.equal(await flag(), 0);
  await rp.signIn(holo);
  assert.equal(await flag(), 1);
  assert.equal((await statementsOf(w, async () => rp.ask(holo, await rp.begin()))).length, 3, 'once');
});

test('codes are stored as hashes and end after a minute', async (t) => {
  const { w, holo, rp } = await homelab(t);
  const { sent, checks } = await rp.authorize(holo);
  const code = answerOf(sent).get('code') ?? '';
  const rows = await w.database.db.selectFrom('oauth_grant').selectAll().execute();
  assert.ok(!JSON.stringify(rows).includes(code));
  assert.equal(rows[0]?.code_expires_at, w.clock.now() + 60);
  w.clock.advance(61);
  await assert.rejects(rp.exchange({ sent, checks }), (cause: { error?: string }) => cause.error === 'invalid_grant');
});

test('SEC-157 two hundred people who sign in at once each get their own code, session and audit row', async (t) => {
  const w = await world(t);
  const rp = await relyingParty(w, await application(w, { skip_consent: 1 }));
  const people = await Promise.all(Array.from({ length: 200 }, (_, i) => person(w, { username: `person${i}`, passkey: false })));
  const claims = await Promise.all(people.map(async (one) => (await rp.signIn(one)).claims));
  assert.deepEqual(
    claims.map((c) => c?.sub),
    people.map((one) => one.id),
  );
  const rows = await w.database.db
    .selectFrom('audit_log')
    .select(['user_id', 'username'])
    .where('event', '=', 'NEW_CLIENT_AUTHORIZATION')
    .execute();
  assert.equal(new Set(rows.map((row) => row.user_id)).size, 200);
  for (const row of rows) assert.equal(people.find((one) => one.id === row.user_id)?.username, row.username);
});
