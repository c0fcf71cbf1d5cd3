import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '#platform/random.ts';
import { auditRows } from '../testing/administration.ts';
import { type World, world } from '../testing/world.ts';

const withClient = async (w: World, over: Record<string, unknown> = {}) => {
  await w.api('POST', '/api/oidc/clients', { id: 'app', name: 'App', callbackURLs: ['https://app.example.org/cb'], ...over });
  return w;
};
/** Whether the token endpoint takes a secret. */
const works = async (w: World, secret: string) => {
  const response = await w.request('/api/oidc/token', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${btoa(`app:${secret}`)}` },
    body: 'grant_type=client_credentials',
  });
  return response.status === 200;
};

test('the older call replaces every secret by one, with or without a body', async (t) => {
  const w = await withClient(await world(t));
  const first = await w.api('POST', '/api/oidc/clients/app/secret');
  assert.deepEqual([first.status, Object.keys(first.body)], [200, ['secret']]);
  assert.match(first.body.secret, /^[A-Za-z0-9]{32}$/);
  await w.api('POST', '/api/oidc/clients/app/secrets');
  // Ansible names a content type and sends nothing.
  const second = await w.api('POST', '/api/oidc/clients/app/secret', undefined, { 'content-type': 'application/json' });
  assert.equal(second.status, 200);
  assert.deepEqual([await works(w, first.body.secret), await works(w, second.body.secret)], [false, true]);
  assert.equal((await w.api('GET', '/api/oidc/clients/app/secrets')).body.length, 1);
  assert.equal((await w.api('POST', '/api/oidc/clients/app/secret', { secret: 'my-own-secret-value' })).body.secret, 'my-own-secret-value');
  assert.equal(await works(w, 'my-own-secret-value'), true);
});

test('the newer call adds a secret, shows it once, and leaves the others valid', async (t) => {
  const w = await withClient(await world(t));
  const first = await w.api('POST', '/api/oidc/clients/app/secrets');
  assert.equal(first.status, 201);
  assert.deepEqual(Object.keys(first.body), ['id', 'prefix', 'createdAt', 'expiresAt', 'isActive', 'secret']);
  assert.equal(first.body.prefix, first.body.secret.slice(0, 4));
  const second = await w.api('POST', '/api/oidc/clients/app/secrets', { secret: 'a-value-of-my-own-choice' });
  assert.deepEqual([await works(w, first.body.secret), await works(w, second.body.secret)], [true, true]);
  const listed = (await w.api('GET', '/api/oidc/clients/app/secrets')).body;
  assert.deepEqual(Object.keys(listed[0]), ['id', 'prefix', 'createdAt', 'expiresAt', 'isActive']);
  assert.deepEqual((await w.api('GET', '/api/oidc/clients/app')).body.credentials.secrets, listed);
});

/** The status of a request for a token that sends these credentials. */
const asks = async (w: World, authorization: string | undefined, body: Record<string, string> = {}) => {
  const response = await w.request('/api/oidc/token', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...(authorization ? { authorization } : {}) },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...body }).toString(),
  });
  return response.status;
};
const basic = (credentials: string) => `Basic ${btoa(credentials)}`;

// RFC 6749 section 2.3.1 and appendix A.2.
for (const [path, status] of [
  ['secret', 200],
  ['secrets', 201],
] as const) {
  test(`a value of one’s own may have spaces, also around it, and authenticates exactly as it is (POST …/${path})`, async (t) => {
    const w = await withClient(await world(t));
    const secret = '  my own: 50% + a secret  ';
    const made = await w.api('POST', `/api/oidc/clients/app/${path}`, { secret });
    assert.deepEqual([made.status, made.body.secret], [status, secret]);
    const escaped = encodeURIComponent(secret);
    assert.equal(await asks(w, basic(`app:${escaped}`)), 200, 'a space as %20');
    assert.equal(await asks(w, basic(`app:${escaped.replaceAll('%20', '+')}`)), 200, 'a space as +');
    assert.equal(await asks(w, undefined, { client_id: 'app', client_secret: secret }), 200, 'in the body');
    const trimmed = secret.trim();
    assert.equal(await asks(w, basic(`app:${encodeURIComponent(trimmed)}`)), 401, 'without the spaces around it');
    assert.equal(await asks(w, undefined, { client_id: 'app', client_secret: trimmed }), 401, 'without the spaces around it, in the body');
  });
}

test('a value of one’s own authenticates also by a library that puts it into a Basic header as it is', async (t) => {
  const w = await withClient(await world(t));
  for (const secret of ['base64+made/by+openssl==', 'percent%41and%zz of it', 'one:two&three=four']) {
    await w.api('POST', '/api/oidc/clients/app/secret', { secret });
    assert.equal(await asks(w, basic(`app:${secret}`)), 200, `${secret}, as it is`);
    assert.equal(await asks(w, basic(`app:${encodeURIComponent(secret)}`)), 200, `${secret}, escaped`);
    assert.equal(await asks(w, undefined, { client_id: 'app', client_secret: encodeURIComponent(secret) }), 401, 'a body is decoded once');
    assert.equal(await asks(w, basic(`app:${encodeURIComponent(encodeURIComponent(secret))}`)), 401, 'escaped twice');
  }
});

test('the longest value of the longest client id authenticates, with every character escaped', async (t) => {
  const w = await world(t);
  const id = '.'.repeat(128);
  const secret = ' !'.repeat(256);
  assert.equal((await w.api('POST', '/api/oidc/clients', { id, name: 'App', callbackURLs: [] })).status, 201);
  assert.equal((await w.api('POST', `/api/oidc/clients/${id}/secrets`, { secret })).status, 201);
  assert.equal((await w.api('POST', `/api/oidc/clients/${id}/secrets`, { secret: `${secret} ` })).status, 400);
  const escaped = (text: string) => [...text].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('');
  assert.equal(await asks(w, basic(`${escaped(id)}:${escaped(secret)}`)), 200);
});

test('SEC-039 a deleted secret is refused at once, and only that one', async (t) => {
  const w = await withClient(await world(t));
  const [one, two] = [await w.api('POST', '/api/oidc/clients/app/secrets'), await w.api('POST', '/api/oidc/clients/app/secrets')];
  assert.equal((await w.api('DELETE', `/api/oidc/clients/app/secrets/${one.body.id}`)).status, 204);
  assert.deepEqual([await works(w, one.body.secret), await works(w, two.body.secret)], [false, true]);
  const again = await w.api('DELETE', `/api/oidc/clients/app/secrets/${one.body.id}`);
  assert.deepEqual([again.status, again.body.error], [404, 'Client secret not found']);
});

test('a secret of another client cannot be deleted through one’s own', async (t) => {
  const w = await withClient(await world(t));
  await w.api('POST', '/api/oidc/clients', { id: 'other', name: 'Other' });
  const { id } = (await w.api('POST', '/api/oidc/clients/app/secrets')).body;
  assert.equal((await w.api('DELETE', `/api/oidc/clients/other/secrets/${id}`)).status, 404);
  assert.equal((await w.api('GET', '/api/oidc/clients/app/secrets')).body.length, 1);
});

test('a secret with an end works until then', async (t) => {
  const w = await withClient(await world(t));
  const expiresAt = new Date((w.clock.now() + 60) * 1000).toISOString();
  const { secret, ...made } = (await w.api('POST', '/api/oidc/clients/app/secrets', { expiresAt })).body;
  assert.deepEqual([Date.parse(made.expiresAt), made.isActive, await works(w, secret)], [Date.parse(expiresAt), true, true]);
  w.clock.advance(60);
  assert.equal(await works(w, secret), false);
  assert.equal((await w.api('GET', '/api/oidc/clients/app/secrets')).body[0].isActive, false);
});

for (const [order, ends] of [
  ['first', [60, undefined]],
  ['last', [undefined, 60]],
] as const)
  test(`a value that is there twice works until its later end, the earlier one added ${order}`, async (t) => {
    const w = await withClient(await world(t));
    const secret = 'kept-by-the-application';
    for (const seconds of ends) {
      const expiresAt = seconds && new Date((w.clock.now() + seconds) * 1000).toISOString();
      assert.equal((await w.api('POST', '/api/oidc/clients/app/secrets', { secret, expiresAt })).status, 201);
    }
    w.clock.advance(61);
    assert.equal(await works(w, secret), true);
  });

test('an end in the past, a weak value and a body that is none are refused', async (t) => {
  const w = await withClient(await world(t));
  const past = new Date(w.clock.now() * 1000).toISOString();
  for (const body of [
    { expiresAt: past },
    { expiresAt: 'soon' },
    { secret: 'short' },
    { secret: 'ümläute-sind-nicht-erlaubt' },
    { secret: 'a line of its own\nand another' },
    { secret: 'one\u00a0that does not break' },
    { secret: 7 },
    [],
  ]) {
    assert.equal((await w.api('POST', '/api/oidc/clients/app/secrets', body)).status, 400, JSON.stringify(body));
  }
  const malformed = await w.request('/api/oidc/clients/app/secrets', {
    method: 'POST',
    headers: { 'x-api-key': w.config.staticApiKey!, 'content-type': 'application/json' },
    body: '{"secret":',
  });
  assert.deepEqual([malformed.status, (await malformed.json()).code], [400, 'invalid_request_body']);
});

test('a public client has no secret, and one that becomes public gets no more', async (t) => {
  const w = await withClient(await world(t));
  await w.api('POST', '/api/oidc/clients/app/secrets');
  await w.api('PUT', '/api/oidc/clients/app', { isPublic: true });
  for (const path of ['secret', 'secrets']) assert.equal((await w.api('POST', `/api/oidc/clients/app/${path}`)).status, 400, path);
  assert.equal((await w.api('GET', '/api/oidc/clients/app/secrets')).body.length, 1, 'and keeps those it has');
});

test('a client has at most 20 secrets, also when they are asked for at the same time', async (t) => {
  const w = await withClient(await world(t));
  const answers = await Promise.all(Array.from({ length: 25 }, () => w.api('POST', '/api/oidc/clients/app/secrets')));
  assert.deepEqual([answers.filter((a) => a.status === 201).length, answers.filter((a) => a.status === 400).length], [20, 5]);
});

test('secrets that have ended do not stop one who renews them from adding the next', async (t) => {
  const w = await world(t);
  await withClient(w);
  const add = async () => {
    const expiresAt = new Date((w.clock.now() + 60) * 1000).toISOString();
    return (await w.api('POST', '/api/oidc/clients/app/secrets', { expiresAt })).status;
  };
  for (let n = 0; n < 20; n++) assert.equal(await add(), 201);
  assert.equal(await add(), 400);
  w.clock.advance(60);
  assert.equal(await add(), 201);
});

test('secrets of a client that is not there are not found', async (t) => {
  const { api } = await world(t);
  const calls = [
    ['GET', 'secrets'],
    ['POST', 'secrets'],
    ['POST', 'secret'],
    ['DELETE', 'secrets/x'],
  ];
  for (const [method, path] of calls) {
    const answer = await api(method!, `/api/oidc/clients/gone/${path}`);
    assert.deepEqual([answer.status, answer.body.error], [404, 'OIDC client not found'], `${method} ${path}`);
  }
});

test('a secret is stored as a hash alone, and is in neither log nor audit', async (t) => {
  const w = await withClient(await world(t));
  const { secret } = (await w.api('POST', '/api/oidc/clients/app/secret')).body;
  const row = await w.database.db.selectFrom('client_secret').selectAll().executeTakeFirstOrThrow();
  assert.equal(row.secret_hash, sha256(secret));
  assert.equal(JSON.stringify(row).includes(secret), false);
  const audit = await auditRows(w, 'CLIENT_SECRET_REPLACED');
  assert.equal(audit[0]?.data.prefix, secret.slice(0, 4));
  assert.equal(JSON.stringify([audit, w.log.lines]).includes(secret), false);
});
