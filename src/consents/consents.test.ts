import assert from 'node:assert/strict';
import { test } from 'node:test';
import { application, refresh, userinfoStatus } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { relyingParty } from '../testing/relying-party.ts';
import { world } from '../testing/world.ts';

interface Listed {
  data: { scope: string; client: { id: string; name: string }; lastUsedAt: string; id: string; name: string }[];
  pagination: { totalItems: number; itemsPerPage: number };
}
const list = async (visitor: { request(path: string): Promise<Response> }, path: string) =>
  (await (await visitor.request(path)).json()) as Listed;

test('a person sees which applications know what of them, last used first', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const paperless = await relyingParty(w, await application(w));
  const grafana = await relyingParty(w, await application(w, { name: 'Grafana', launch_url: 'https://grafana.example.com' }));
  await paperless.signIn(milton, { scope: 'openid profile' });
  w.clock.advance(100);
  await grafana.signIn(milton, { scope: 'openid' });
  const { data, pagination } = await list(milton, '/api/oidc/users/me/authorized-clients');
  assert.deepEqual(
    data.map(({ client, scope }) => [client.name, scope]),
    [
      ['Grafana', '["openid"]'],
      ['Paperless', '["openid","profile"]'],
    ],
  );
  assert.equal(pagination.totalItems, 2);
  assert.match(data[0]?.lastUsedAt ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const launchable = await list(milton, '/api/oidc/users/me/authorized-clients?filters[hasLaunchURL]=true');
  assert.deepEqual(
    launchable.data.map(({ client }) => client.name),
    ['Grafana'],
  );
  const oldest = await list(milton, '/api/oidc/users/me/authorized-clients?sort[column]=lastUsedAt&sort[direction]=asc');
  assert.equal(oldest.data[0]?.client.name, 'Paperless');
});

test('an administrator sees anybody’s, others only their own', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const holo = await person(w, { username: 'holo', admin: true });
  const rp = await relyingParty(w, await application(w));
  await rp.signIn(milton);
  await holo.signIn();
  assert.equal((await list(holo, `/api/oidc/users/${milton.id}/authorized-clients`)).data.length, 1);
  assert.equal((await list(holo, '/api/oidc/users/me/authorized-clients')).data.length, 0);
  assert.equal((await milton.request(`/api/oidc/users/${holo.id}/authorized-clients`)).status, 403);
  assert.equal((await holo.request('/api/oidc/users/6d0f2c2e-1111-4222-8333-444455556666/authorized-clients')).status, 404);
});

test('SEC-050 revoking an authorization ends the application’s tokens at once and asks for consent again', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const app = await application(w);
  const rp = await relyingParty(w, app);
  const { tokens } = await rp.signIn(milton);
  const other = await application(w, { name: 'Other' });
  const { tokens: others } = await (await relyingParty(w, other)).signIn(milton);
  const path = `/api/oidc/users/me/authorized-clients/${app.id}`;
  assert.equal((await milton.request(path, { method: 'DELETE' })).status, 204);
  assert.equal(await userinfoStatus(w, tokens.access_token), 401);
  assert.equal((await refresh(w, app, tokens.refresh_token ?? '')).body.error, 'invalid_grant');
  assert.equal(await userinfoStatus(w, others.access_token), 200, 'other applications keep theirs');
  assert.deepEqual((await rp.signIn(milton)).steps, ['consent']);
  assert.equal((await milton.request(path, { method: 'DELETE' })).status, 204);
  assert.equal((await milton.request(path, { method: 'DELETE' })).status, 404, 'there is none any more');
  const audited = await w.database.db.selectFrom('audit_log').selectAll().where('event', '=', 'CLIENT_AUTHORIZATION_REVOKED').execute();
  assert.deepEqual(
    audited.map((row) => [row.username, row.client_name]),
    [
      ['milton', 'Paperless'],
      ['milton', 'Paperless'],
    ],
  );
});

test('a code that was not redeemed when its authorization was revoked is dead', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const rp = await relyingParty(w, await application(w));
  const answered = await rp.authorize(milton);
  await milton.request(`/api/oidc/users/me/authorized-clients/${rp.app.id}`, { method: 'DELETE' });
  await assert.rejects(rp.exchange(answered), (cause: { error?: string }) => cause.error === 'invalid_grant');
});

test('my applications are those open to everybody and to my groups, with those never used last when sorted by use', async (t) => {
  const w = await world(t);
  await person(w, { username: 'holo', groups: ['admin'] });
  const milton = await person(w, { username: 'milton', groups: ['familia'] });
  await application(w, { name: 'Wiki' });
  await application(w, { name: 'Grafana', groups: ['admin'] });
  const rp = await relyingParty(w, await application(w, { name: 'Paperless', groups: ['familia', 'admin'] }));
  await rp.signIn(milton);
  const names = async (query = '') => (await list(milton, `/api/oidc/users/me/clients${query}`)).data.map(({ name }) => name);
  assert.deepEqual((await names()).sort(), ['Paperless', 'Wiki']);
  for (const direction of ['asc', 'desc'])
    assert.deepEqual(await names(`?sort[column]=lastUsedAt&sort[direction]=${direction}`), ['Paperless', 'Wiki']);
});

test('two consents to different scopes at the same moment lose none', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const { id } = await application(w);
  const { consents } = w.app.services;
  const { db } = w.database;
  const scopes = ['openid', 'profile', 'email', 'groups', 'offline_access'];
  await Promise.all(scopes.map((scope) => db.transaction().execute((tx) => consents.record(tx, milton.id, id, [scope]))));
  const row = await db.selectFrom('consent').select('scopes').executeTakeFirstOrThrow();
  assert.deepEqual((JSON.parse(row.scopes) as string[]).sort(), [...scopes].sort());
});
