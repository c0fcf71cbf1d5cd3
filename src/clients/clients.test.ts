import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIGNING_ALGS } from '#oidc/ports.ts';
import { auditRows } from '../testing/administration.ts';
import { world } from '../testing/world.ts';

const paperless = {
  id: 'paperless',
  name: 'Paperless',
  callbackURLs: ['https://b.example.org/cb', 'https://a.example.org/cb'],
  logoutCallbackURLs: ['https://z.example.org/out', 'https://a.example.org/out'],
  launchURL: 'https://a.example.org',
  isPublic: false,
  pkceEnabled: true,
  requiresReauthentication: true,
  requiresPushedAuthorizationRequests: true,
  skipConsent: true,
  isGroupRestricted: true,
  description: 'Documents',
  credentials: {
    federatedIdentities: [{ issuer: 'https://iss.example.org', subject: 's', audience: 'a', jwks: 'https://iss.example.org/keys' }],
  },
  accessTokenDurationMinutes: 5,
  refreshTokenDurationMinutes: 10,
  idTokenSigningAlg: 'ES256',
  accessTokenSigningAlg: 'EdDSA',
  minimalIdToken: true,
  claimsMapping: {
    rename: { preferred_username: 'login' },
    fixed: { tenant: 'home' },
    groups: { keep: ['fam*'], rename: { familia: 'family' } },
  },
};

test('a created client is answered exactly as it was sent, and read back the same', async (t) => {
  const { api } = await world(t);
  const created = await api('POST', '/api/oidc/clients', paperless);
  assert.equal(created.status, 201);
  const { credentials, ...sent } = paperless;
  const { credentials: answered, allowedUserGroups, hasLogo, hasDarkLogo, clientType, ...rest } = created.body;
  assert.deepEqual(rest, sent);
  assert.deepEqual(answered, { federatedIdentities: [{ ...credentials.federatedIdentities[0], replayProtection: false }], secrets: [] });
  assert.deepEqual([allowedUserGroups, hasLogo, hasDarkLogo, clientType], [[], false, false, 'standard']);
  assert.deepEqual((await api('GET', '/api/oidc/clients/paperless')).body, created.body);
});

test('a client of which nothing but the name is said has the defaults', async (t) => {
  const { api } = await world(t);
  const { id, ...rest } = (await api('POST', '/api/oidc/clients', { name: 'Plain' })).body;
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(rest, {
    name: 'Plain',
    description: '',
    hasLogo: false,
    hasDarkLogo: false,
    launchURL: null,
    requiresReauthentication: false,
    clientType: 'standard',
    callbackURLs: [],
    logoutCallbackURLs: [],
    isPublic: false,
    pkceEnabled: false,
    requiresPushedAuthorizationRequests: false,
    skipConsent: false,
    credentials: { federatedIdentities: [], secrets: [] },
    isGroupRestricted: false,
    accessTokenDurationMinutes: 60,
    refreshTokenDurationMinutes: 43_200,
    idTokenSigningAlg: 'RS256',
    accessTokenSigningAlg: 'ES256',
    minimalIdToken: false,
    claimsMapping: {},
    allowedUserGroups: [],
  });
});

test('a client may choose any algorithm that we sign with, and no other', async (t) => {
  const { api } = await world(t);
  for (const alg of [...SIGNING_ALGS, 'none', 'HS256', 'RS512']) {
    const client = { name: alg, idTokenSigningAlg: alg, accessTokenSigningAlg: alg };
    const { status } = await api('POST', '/api/oidc/clients', client);
    assert.equal(status, (SIGNING_ALGS as readonly string[]).includes(alg) ? 201 : 400, alg);
  }
});

test('a client id is taken once, and has its form', async (t) => {
  const { api } = await world(t);
  await api('POST', '/api/oidc/clients', paperless);
  const taken = await api('POST', '/api/oidc/clients', { ...paperless, name: 'Other' });
  assert.deepEqual([taken.status, taken.body.code], [409, 'client_id_already_exists']);
  for (const id of ['x', 'a b', 'a/b', '~abc', 'ä', 'x'.repeat(129), 7]) {
    assert.equal((await api('POST', '/api/oidc/clients', { ...paperless, id })).status, 400, String(id));
  }
  assert.equal((await api('POST', '/api/oidc/clients', { ...paperless, id: 'A-z_0.9' })).status, 201);
});

test('an update keeps what it does not name, but for the three fields that are unset by leaving them out', async (t) => {
  const { api } = await world(t);
  const before = (await api('POST', '/api/oidc/clients', paperless)).body;
  const updated = await api('PUT', '/api/oidc/clients/paperless', { name: 'Renamed' });
  assert.equal(updated.status, 200);
  assert.deepEqual(updated.body, { ...before, name: 'Renamed', launchURL: null, logoutCallbackURLs: [], requiresReauthentication: false });
});

test('`credentials` without identities removes them; a kept identity keeps its replay protection', async (t) => {
  const { api } = await world(t);
  const identity = { issuer: 'https://iss.example.org', subject: 's' };
  await api('POST', '/api/oidc/clients', { ...paperless, credentials: { federatedIdentities: [{ ...identity, replayProtection: true }] } });
  const kept = await api('PUT', '/api/oidc/clients/paperless', { credentials: { federatedIdentities: [identity] } });
  assert.deepEqual(kept.body.credentials.federatedIdentities, [{ ...identity, replayProtection: true }]);
  const other = await api('PUT', '/api/oidc/clients/paperless', {
    credentials: { federatedIdentities: [{ ...identity, subject: 'other' }] },
  });
  assert.equal(other.body.credentials.federatedIdentities[0].replayProtection, false);
  const removed = await api('PUT', '/api/oidc/clients/paperless', { credentials: {} });
  assert.deepEqual(removed.body.credentials.federatedIdentities, []);
});

test('an empty string means none for URLs, and 0 the default for lifetimes', async (t) => {
  const { api } = await world(t);
  await api('POST', '/api/oidc/clients', paperless);
  const emptied = { launchURL: '', logoUrl: '', darkLogoUrl: '', accessTokenDurationMinutes: 0, refreshTokenDurationMinutes: 0 };
  const updated = await api('PUT', '/api/oidc/clients/paperless', emptied);
  assert.deepEqual([updated.status, updated.body.launchURL], [200, null]);
  assert.deepEqual([updated.body.accessTokenDurationMinutes, updated.body.refreshTokenDurationMinutes], [60, 43_200]);
});

test('PKCE is never off for a public client, and switching it off forgets that it was seen', async (t) => {
  const w = await world(t);
  const made = await w.api('POST', '/api/oidc/clients', { name: 'Public', id: 'public', isPublic: true, pkceEnabled: false });
  assert.equal(made.body.pkceEnabled, true);
  await w.api('POST', '/api/oidc/clients', { ...paperless, pkceEnabled: false });
  await w.database.db.updateTable('client').set({ pkce_supported: 1 }).where('id', '=', 'paperless').execute();
  assert.equal((await w.api('GET', '/api/oidc/clients/paperless')).body.pkceSupported, true);
  assert.equal('pkceSupported' in (await w.api('PUT', '/api/oidc/clients/paperless', { pkceEnabled: false })).body, false);
});

test('lists of URLs stay in their order, and no URL is made nicer', async (t) => {
  const { api } = await world(t);
  const callbackURLs = [
    'https://z.example.org/cb?b=2&a=1',
    'https://A.example.org',
    'https://a.example.org/',
    'https://a.example.org:443/x/../cb',
    'http://localhost:*/cb',
    'https://*.example.org/cb/*',
    'com.example.app:/callback',
    'http://192.168.1.10:8080/cb',
    'http://127.0.0.1/cb',
    'http://[::1]/cb',
  ];
  const made = await api('POST', '/api/oidc/clients', {
    name: 'Urls',
    id: 'urls',
    callbackURLs,
    logoutCallbackURLs: [...callbackURLs].reverse(),
  });
  assert.deepEqual([made.status, made.body.callbackURLs, made.body.logoutCallbackURLs], [201, callbackURLs, [...callbackURLs].reverse()]);
  assert.deepEqual((await api('GET', '/api/oidc/clients/urls')).body.callbackURLs, callbackURLs);
});

const WILD = ['*', '**', 'https://*', 'http*', 'https://*.test/*', 'https://**/cb', '*://*/cb', 'https://*.*/cb', 'https://*'];
for (const list of ['callbackURLs', 'logoutCallbackURLs']) {
  test(`SEC-006 bare wildcards are refused in ${list}, at creation and at update`, async (t) => {
    const { api } = await world(t);
    await api('POST', '/api/oidc/clients', { id: 'app', name: 'App' });
    for (const pattern of WILD) {
      const created = await api('POST', '/api/oidc/clients', { name: 'Wild', [list]: ['https://ok.example.org/cb', pattern] });
      assert.deepEqual([created.status, created.body.details.fields[0].field], [400, `${list}[1]`], pattern);
      assert.equal((await api('PUT', '/api/oidc/clients/app', { [list]: [pattern] })).status, 400, pattern);
    }
    assert.equal((await api('GET', '/api/oidc/clients')).body.pagination.totalItems, 1);
  });
}

test('callback URLs that are none, or that a browser would run, are refused', async (t) => {
  const { api } = await world(t);
  const refused = [
    '/cb',
    'https//a.test',
    'https://a[b.test/',
    'http://[::1',
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    '',
    ' ',
  ];
  for (const pattern of refused) {
    assert.equal((await api('POST', '/api/oidc/clients', { name: 'App', callbackURLs: [pattern] })).status, 400, JSON.stringify(pattern));
  }
});

test('SEC-009 plain http is refused for public hosts, unless the operator allows it', async (t) => {
  const strict = await world(t);
  const body = { name: 'App', callbackURLs: ['http://app.example.org/cb'] };
  assert.equal((await strict.api('POST', '/api/oidc/clients', body)).status, 400);
  const lax = await world(t, { allowInsecureCallbackUrls: true });
  assert.equal((await lax.api('POST', '/api/oidc/clients', body)).status, 201);
});

test('SEC-013 a callback URL that already holds an answer’s parameters is refused', async (t) => {
  const { api } = await world(t);
  for (const query of ['code=x', 'state=y', 'iss=z', 'error=e', 'a=b&co%64e=x']) {
    assert.equal(
      (await api('POST', '/api/oidc/clients', { name: 'App', callbackURLs: [`https://app.example.org/cb?${query}`] })).status,
      400,
      query,
    );
  }
});

test('a launch or logo URL that a browser would run is refused', async (t) => {
  const { api } = await world(t);
  for (const field of ['launchURL', 'logoUrl', 'darkLogoUrl']) {
    // Browsers pass over what is no letter of a scheme: in front of it, and line breaks and tabs within.
    const hidden = ['java\nscript:alert(1)', 'java\tscript:alert(1)', '\u0001javascript:alert(1)', 'D\r\nATA:text/html,x'];
    for (const url of [
      'javascript:alert(1)',
      ' javascript:alert(1)',
      'data:text/html,x',
      ...hidden,
      'https://a\u0000.example',
      'not a url',
      ' https://a.test',
      7,
    ]) {
      assert.equal((await api('POST', '/api/oidc/clients', { name: 'App', [field]: url })).status, 400, `${field} ${url}`);
    }
  }
});

test('a description may have several lines, as files of configuration write it', async (t) => {
  const { api } = await world(t);
  const description = 'Documents of the house\n\t- scanned\r\n';
  const created = await api('POST', '/api/oidc/clients', { name: 'App', description });
  assert.deepEqual([created.status, created.body.description], [201, description]);
  const saved = await api('PUT', `/api/oidc/clients/${created.body.id}`, { description: 'x\ny' });
  assert.equal(saved.body.description, 'x\ny');
  for (const wrong of ['a\u0000b', 'a\u202eb', 'a\u001bb', `${'x'.repeat(150)}\n`])
    assert.equal((await api('POST', '/api/oidc/clients', { name: 'App', description: wrong })).status, 400, JSON.stringify(wrong));
});

test('fields of the wrong type or size are refused, and the answer names them', async (t) => {
  const { api } = await world(t);
  const wrong = {
    name: ['', 'x'.repeat(51), 7, null],
    description: ['x'.repeat(151), 7],
    callbackURLs: ['https://a.example.org', [7], {}],
    isPublic: ['yes', 1],
    credentials: ['x', { federatedIdentities: [{ subject: 's' }] }],
    accessTokenDurationMinutes: [-1, 525_601, 1.5, '5'],
    idTokenSigningAlg: ['none', 'HS256', 7],
    claimsMapping: [[], { rename: { a: 7 } }, { unknown: {} }],
  };
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) {
      const refused = await api('POST', '/api/oidc/clients', { name: 'App', [field]: value });
      assert.deepEqual([refused.status, refused.body.code], [400, 'validation_failed'], `${field} ${JSON.stringify(value)}`);
      assert.ok(refused.body.details.fields[0].field.startsWith(field), `${field} ${JSON.stringify(value)}`);
    }
  }
});

test('a claims mapping that names a claim no mapping can replace is refused with that claim’s name, instead of doing nothing', async (t) => {
  const { api } = await world(t);
  for (const [claimsMapping, field, claim] of [
    [{ rename: { email: 'sub' } }, 'claimsMapping.rename.email', 'sub'],
    [{ rename: { sub: 'user_id' } }, 'claimsMapping.rename.sub', 'sub'],
    [{ fixed: { iss: 'https://another.test' } }, 'claimsMapping.fixed.iss', 'iss'],
  ] as const) {
    const { status, body } = await api('POST', '/api/oidc/clients', { name: 'App', claimsMapping });
    assert.deepEqual([status, body.details.fields.map((one: { field: string }) => one.field)], [400, [field]]);
    assert.match(body.error, new RegExp(`Claim ${claim} is reserved`));
  }
});

test('clients are listed with the number of groups, sorted, filtered and searched', async (t) => {
  const w = await world(t);
  const group = (await w.api('POST', '/api/user-groups', { name: 'familia', friendlyName: 'Familia' })).body.id;
  for (const client of [
    { id: 'aa', name: 'Beta', pkceEnabled: true, skipConsent: true },
    { id: 'bb', name: 'alpha', isGroupRestricted: true, requiresReauthentication: true },
    { id: 'cc', name: 'Gamma', requiresPushedAuthorizationRequests: true },
  ]) {
    w.clock.advance(1);
    await w.api('POST', '/api/oidc/clients', client);
  }
  await w.api('PUT', '/api/oidc/clients/bb/allowed-user-groups', { userGroupIds: [group] });
  const list = async (query: string) =>
    (await w.api('GET', `/api/oidc/clients?${query}`)).body.data as { id: string; allowedUserGroupsCount: number }[];
  const ids = async (query: string) => (await list(query)).map((client) => client.id);
  assert.deepEqual(
    (await list('')).map((client) => client.allowedUserGroupsCount),
    [0, 1, 0],
  );
  assert.equal('allowedUserGroups' in (await list(''))[0]!, false);
  assert.deepEqual(await ids('sort[column]=allowedUserGroupsCount&sort[direction]=desc&limit=1'), ['bb']);
  assert.deepEqual(await ids('sort[column]=createdAt&sort[direction]=desc'), ['cc', 'bb', 'aa']);
  for (const [filter, id] of [
    ['pkceEnabled', 'aa'],
    ['skipConsent', 'aa'],
    ['isGroupRestricted', 'bb'],
    ['requiresReauthentication', 'bb'],
    ['requiresPushedAuthorizationRequests', 'cc'],
  ] as const) {
    assert.deepEqual(await ids(`filters[${filter}]=true`), [id], filter);
    assert.equal((await ids(`sort[column]=${filter}&sort[direction]=desc`))[0], id, filter);
  }
  assert.deepEqual(await ids('filters[clientType]=cimd'), []);
  assert.deepEqual(await ids('search=ALPH'), ['bb']);
  assert.deepEqual(await ids('sort[column]=name&search=a'), ['bb', 'aa', 'cc'], 'case does not split the order');
});

test('the groups that may use a client are replaced as a whole; unrestricting the client clears them', async (t) => {
  const w = await world(t);
  await w.api('POST', '/api/oidc/clients', paperless);
  const ids = await Promise.all(
    ['aa', 'bb'].map(async (name) => (await w.api('POST', '/api/user-groups', { name, friendlyName: name })).body.id),
  );
  const set = await w.api('PUT', '/api/oidc/clients/paperless/allowed-user-groups', { userGroupIds: ids });
  assert.deepEqual([set.status, 'allowedUserGroups' in set.body, set.body.isGroupRestricted], [200, false, true]);
  const allowed = async () =>
    (await w.api('GET', '/api/oidc/clients/paperless')).body.allowedUserGroups.map((g: { id: string }) => g.id).sort();
  assert.deepEqual(await allowed(), [...ids].sort());
  const refused = await w.api('PUT', '/api/oidc/clients/paperless/allowed-user-groups', { userGroupIds: ['gone'] });
  assert.deepEqual([refused.status, refused.body.error], [404, 'User group not found']);
  assert.equal((await w.api('PUT', '/api/oidc/clients/paperless/allowed-user-groups', {})).status, 400);
  await w.api('PUT', '/api/oidc/clients/paperless', { name: 'Renamed' });
  assert.deepEqual(await allowed(), [...ids].sort(), 'leaving the flag out keeps the groups');
  w.clock.advance(1);
  await w.api('PUT', '/api/oidc/clients/paperless', { isGroupRestricted: false });
  assert.deepEqual(await allowed(), []);
  const [chosen, cleared] = await auditRows(w, 'CLIENT_ALLOWED_GROUPS_UPDATED');
  assert.deepEqual([chosen?.client_id, JSON.parse(chosen!.data.after!)], ['paperless', { allowedUserGroups: ['aa', 'bb'] }]);
  assert.deepEqual(JSON.parse(cleared!.data.before!), { allowedUserGroups: ['aa', 'bb'] });
});

test('groups of a client that is not restricted are told when they are cleared, though nothing else changes', async (t) => {
  const w = await world(t);
  await w.api('POST', '/api/oidc/clients', { ...paperless, isGroupRestricted: false });
  const { id } = (await w.api('POST', '/api/user-groups', { name: 'familia', friendlyName: 'Familia' })).body;
  await w.api('PUT', '/api/oidc/clients/paperless/allowed-user-groups', { userGroupIds: [id] });
  w.clock.advance(1);
  const { credentials, ...same } = paperless;
  const saved = await w.api('PUT', '/api/oidc/clients/paperless', { ...same, isGroupRestricted: false });
  assert.deepEqual(saved.body.allowedUserGroups, []);
  const rows = await auditRows(w, 'CLIENT_ALLOWED_GROUPS_UPDATED');
  assert.deepEqual(
    rows.map(({ data }) => [data.before, data.after].map((text) => JSON.parse(text!).allowedUserGroups)),
    [
      [[], ['familia']],
      [['familia'], []],
    ],
  );
});

test('anybody may know of a client what its sign-in page shows, and nothing more', async (t) => {
  const { api, request } = await world(t);
  await api('POST', '/api/oidc/clients', paperless);
  const meta = await (await request('/api/oidc/clients/paperless/meta')).json();
  // SEC-192: the whole answer, so that nothing joins it unnoticed.
  assert.deepEqual(meta, {
    id: 'paperless',
    name: 'Paperless',
    description: 'Documents',
    hasLogo: false,
    hasDarkLogo: false,
    launchURL: 'https://a.example.org',
    requiresReauthentication: true,
    clientType: 'standard',
  });
  assert.equal((await request('/api/oidc/clients/gone/meta')).status, 404);
});

test('a client id may be given as ~base64url', async (t) => {
  const { api } = await world(t);
  await api('POST', '/api/oidc/clients', paperless);
  const encoded = `~${Buffer.from('paperless').toString('base64url')}`;
  assert.equal((await api('GET', `/api/oidc/clients/${encoded}`)).body.id, 'paperless');
  assert.equal((await api('PUT', `/api/oidc/clients/${encoded}`, { name: 'Renamed' })).body.name, 'Renamed');
  assert.equal((await api('GET', '/api/oidc/clients/~')).status, 404);
  assert.equal((await api('GET', '/api/oidc/clients/~x')).status, 404);
});

test('deleting a client takes its secrets and grants along, and may be asked twice', async (t) => {
  const w = await world(t);
  await w.api('POST', '/api/oidc/clients', paperless);
  await w.api('POST', '/api/oidc/clients/paperless/secrets');
  assert.equal((await w.api('DELETE', '/api/oidc/clients/paperless')).status, 204);
  assert.equal((await w.api('DELETE', '/api/oidc/clients/paperless')).status, 204);
  const gone = await w.api('GET', '/api/oidc/clients/paperless');
  assert.deepEqual([gone.status, gone.body.code, gone.body.details], [404, 'not_found', { resource: 'OIDC client' }]);
  assert.equal((await w.database.db.selectFrom('client_secret').selectAll().execute()).length, 0);
  assert.equal((await auditRows(w, 'CLIENT_DELETED')).length, 1);
});

test('an update is told in the audit log with what was and what is', async (t) => {
  const w = await world(t);
  await w.api('POST', '/api/oidc/clients', paperless);
  const { credentials, ...same } = paperless;
  await w.api('PUT', '/api/oidc/clients/paperless', { ...same, name: 'Renamed' });
  const [row] = await auditRows(w, 'CLIENT_UPDATED');
  assert.deepEqual([JSON.parse(row!.data.before!), JSON.parse(row!.data.after!)], [{ name: 'Paperless' }, { name: 'Renamed' }]);
  assert.deepEqual([row?.client_id, row?.client_name], ['paperless', 'Renamed']);
});
