import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditRows, withSession } from '../../testing/administration.ts';
import { person } from '../../testing/people.ts';
import { type World, world } from '../../testing/world.ts';

const PATH = '/api/scim/service-provider';
const provider = { endpoint: 'http://localhost:9/v2', oidcClientId: 'app', token: 'bearer-token-of-the-target' };
const prepared = async (w: World) => {
  await w.api('POST', '/api/oidc/clients', { id: 'app', name: 'App' });
  return w;
};

test('a provider is stored for a client and read back through it', async (t) => {
  const w = await prepared(await world(t));
  const created = await w.api('POST', PATH, provider);
  assert.equal(created.status, 201);
  const { id, createdAt, oidcClient, ...rest } = created.body;
  assert.deepEqual(rest, { endpoint: provider.endpoint, token: provider.token, lastSyncedAt: null });
  assert.deepEqual([typeof id, Date.parse(createdAt), oidcClient.id], ['string', w.clock.now() * 1000, 'app']);
  assert.deepEqual((await w.api('GET', '/api/oidc/clients/app/scim-service-provider')).body, created.body);
});

test('a client without a provider, and one that is not there, are not found', async (t) => {
  const { api } = await prepared(await world(t));
  const none = await api('GET', '/api/oidc/clients/app/scim-service-provider');
  assert.deepEqual([none.status, none.body.error], [404, 'SCIM service provider not found']);
  assert.equal((await api('GET', '/api/oidc/clients/gone/scim-service-provider')).status, 404);
  const unknown = await api('POST', PATH, { ...provider, oidcClientId: 'gone' });
  assert.deepEqual([unknown.status, unknown.body.error], [404, 'OIDC client not found']);
  assert.equal((await api('PUT', `${PATH}/gone`, provider)).status, 404);
  assert.equal((await api('POST', `${PATH}/gone/sync`)).status, 404);
});

test('an update keeps what it does not name; an empty token removes it', async (t) => {
  const { api } = await prepared(await world(t));
  const { id } = (await api('POST', PATH, provider)).body;
  const moved = await api('PUT', `${PATH}/${id}`, { endpoint: 'https://scim.example.org/v3', oidcClientId: 'app' });
  assert.deepEqual([moved.status, moved.body.endpoint, moved.body.token], [200, 'https://scim.example.org/v3', provider.token]);
  const emptied = await api('PUT', `${PATH}/${id}`, { token: '' });
  assert.deepEqual([emptied.body.endpoint, emptied.body.token], ['https://scim.example.org/v3', '']);
});

test('an endpoint is an http or https URL as it stands: nothing is cut from it', async (t) => {
  const { api } = await prepared(await world(t));
  for (const endpoint of ['', 'nope', 'ftp://a.test', ' https://a.test', 'https://a.test\n', 'https://a\t.test', 'https://a.test/\0']) {
    const refused = await api('POST', PATH, { ...provider, endpoint });
    assert.deepEqual([refused.status, refused.body.details?.fields[0].field], [400, 'endpoint'], JSON.stringify(endpoint));
  }
  const exact = 'HTTPS://Scim.example.org/V2/';
  assert.equal((await api('POST', PATH, { ...provider, endpoint: exact })).body.endpoint, exact);
});

test('a client has one provider', async (t) => {
  const { api } = await prepared(await world(t));
  await api('POST', PATH, provider);
  const second = await api('POST', PATH, provider);
  assert.deepEqual([second.status, second.body.code], [409, 'already_in_use']);
});

test('a provider is deleted once and for all, and may be asked twice', async (t) => {
  const w = await prepared(await world(t));
  const { id } = (await w.api('POST', PATH, provider)).body;
  assert.deepEqual([(await w.api('DELETE', `${PATH}/${id}`)).status, (await w.api('DELETE', `${PATH}/${id}`)).status], [204, 204]);
  assert.equal((await w.api('GET', '/api/oidc/clients/app/scim-service-provider')).status, 404);
  assert.equal((await auditRows(w, 'SCIM_PROVIDER_DELETED')).length, 1);
});

test('SEC-191 its token is sealed, hidden in a browser, and kept when its mask comes back', async (t) => {
  const w = await prepared(await world(t));
  const { id } = (await w.api('POST', PATH, provider)).body;
  const row = await w.database.db.selectFrom('scim_provider').selectAll().executeTakeFirstOrThrow();
  assert.equal(JSON.stringify(row).includes(provider.token), false);
  const call = await withSession(await person(w, { username: 'boss', admin: true }));
  const shown = (await call('GET', '/api/oidc/clients/app/scim-service-provider')).body;
  assert.equal(shown.token, 'XXXXXXXXXX');
  await call('PUT', `${PATH}/${id}`, { endpoint: shown.endpoint, token: shown.token, oidcClientId: 'app' });
  assert.equal((await w.api('GET', '/api/oidc/clients/app/scim-service-provider')).body.token, provider.token);
  const audit = await w.database.db.selectFrom('audit_log').select('data').execute();
  assert.equal(JSON.stringify([audit, w.log.lines]).includes(provider.token), false);
});

test('an endpoint that is none is refused, and pushing says that it does not do so yet', async (t) => {
  const { api } = await prepared(await world(t));
  for (const endpoint of ['', 'scim', 'ftp://x', 'javascript:alert(1)', 7, null]) {
    assert.equal((await api('POST', PATH, { ...provider, endpoint })).status, 400, String(endpoint));
  }
  const { id } = (await api('POST', PATH, provider)).body;
  const sync = await api('POST', `${PATH}/${id}/sync`);
  assert.deepEqual([sync.status, sync.body.code], [409, 'scim_unavailable']);
});
