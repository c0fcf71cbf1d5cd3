import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { sql } from 'kysely';
import { MIGRATIONS } from './platform/db/migrations/list.ts';
import { honoPath } from './platform/http/front-door.ts';
import { ROUTES, rowOf } from './routes.ts';
import { type Application, application } from './testing/applications.ts';
import { person } from './testing/people.ts';
import { type World, world } from './testing/world.ts';

const NOBODY = '0b7d9df2-1111-4222-8333-944444444444';
const urlOf = (path: string) => path.replace(/\{\w+\}/g, NOBODY);

test('SEC-113 every route has a row in routes.ts, and every row is served', async (t) => {
  const { app } = await world(t);
  const served = new Set(app.app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`));
  const rows = ROUTES.map((row) => `${row.method.toUpperCase()} ${honoPath(row.path)}`);
  assert.deepEqual([...served].sort(), [...rows].sort());
});

test('a row names a folder that is there, and a word that nobody knows stops the start', () => {
  for (const row of ROUTES) assert.ok(existsSync(join(import.meta.dirname, row.home)), `${row.path}: ${row.home}`);
  assert.equal(rowOf('post /api/x none users limit=signup').limit, 'signup');
  for (const line of [
    'pots /api/x none users',
    'post /api/x none users quite',
    'post /api/x everybody users',
    'post /api/x none users limit=sign-up',
  ])
    assert.throws(() => rowOf(line), /^Error: the row of \w+ \/api\/x has a word/, line);
});

test('a path that nobody serves is answered as Pocket ID does, and told apart from a method that is missing', async (t) => {
  const { request } = await world(t);
  for (const path of ['/api/nothing', '/.well-known/nothing', '/api/', '/api/users/', '/api/users//']) {
    const response = await request(path);
    assert.deepEqual([response.status, await response.text()], [404, '{"error":"API endpoint not found"}'], path);
  }
  const wrong = await request('/api/users', { method: 'DELETE' });
  assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'GET, HEAD, POST']);
  assert.equal((await request('/api/users', { method: 'OPTIONS' })).status, 405);
  const slash = await request('/login/?a=b');
  assert.deepEqual([slash.status, slash.headers.get('location')], [301, '/login?a=b']);
  const page = await request('/nothing');
  assert.equal(page.status, 404);
});

test('preflights are answered on the routes that other origins may call, and there alone', async (t) => {
  const { request } = await world(t);
  for (const row of ROUTES) {
    const response = await request(urlOf(row.path), {
      method: 'OPTIONS',
      headers: { origin: 'https://app.test', 'access-control-request-method': 'POST' },
    });
    const cors = ROUTES.some((other) => other.path === row.path && other.cors);
    assert.equal(response.status, cors ? 204 : 405, row.path);
    assert.equal(response.headers.get('access-control-allow-origin'), cors ? '*' : null, row.path);
    assert.equal(response.headers.get('access-control-allow-credentials'), null, row.path);
  }
  const open = [...new Set(ROUTES.filter((row) => row.cors).map((row) => row.path))].sort();
  assert.deepEqual(open, [
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/api/oidc/end-session',
    '/api/oidc/introspect',
    '/api/oidc/revoke',
    '/api/oidc/token',
    '/api/oidc/userinfo',
  ]);
});

test('every answer has the security headers, whoever asks and whatever comes of it', async (t) => {
  const { request } = await world(t);
  for (const row of ROUTES) {
    const response = await request(urlOf(row.path), { method: row.method.toUpperCase() });
    const { headers } = response;
    assert.equal(headers.get('x-content-type-options'), 'nosniff', row.path);
    assert.match(headers.get('strict-transport-security') ?? '', /^max-age=63072000/, row.path);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/, row.path);
    assert.match(headers.get('x-request-id') ?? '', /^[\da-f-]{36}$/, row.path);
    assert.ok(headers.get('cache-control'), row.path);
    assert.equal(headers.get('x-frame-options'), 'DENY', row.path);
    // Pages and pictures say themselves who may show them.
    const own = row.home === 'images' || headers.get('content-type')?.startsWith('text/html');
    if (!own) assert.equal(headers.get('cross-origin-resource-policy'), row.cors ? 'cross-origin' : 'same-origin', row.path);
  }
});

test('SEC-127 no header of a request finds its way into a link, a redirect or a document', async (t) => {
  const w = await world(t);
  const evil = {
    'x-forwarded-host': 'evil.test',
    'x-forwarded-proto': 'evil',
    'x-forwarded-prefix': '/evil',
    'x-original-url': '/evil',
    'x-host': 'evil.test',
    forwarded: 'host=evil.test;proto=evil',
    referer: 'https://evil.test/',
  };
  const admin = await person(w, { username: 'admin', admin: true });
  for (const row of ROUTES.filter(({ method }) => method === 'get')) {
    await admin.signIn();
    const response = await admin.visit(urlOf(row.path), { headers: evil });
    const text = JSON.stringify([...response.headers]) + (await response.text());
    assert.doesNotMatch(text, /evil/, row.path);
  }
});

/** Every row of every table, but for what a look may move on: when a session or key was last used, audit rows, challenges that were handed out. */
async function everything({ database: { db } }: World): Promise<Record<string, string[]>> {
  const names = MIGRATIONS.flatMap(({ statements }) => statements.flatMap((made) => /^create table "?(\w+)/.exec(made)?.[1] ?? []));
  const dump: Record<string, string[]> = {};
  for (const name of names.filter((it) => !['audit_log', 'webauthn_challenge'].includes(it))) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(db);
    dump[name] = rows.map(({ last_seen_at: _a, last_used_at: _b, ...row }) => JSON.stringify(row)).sort();
  }
  return dump;
}

test('SEC-144 looking changes nothing: GET, HEAD and OPTIONS of every route by an administrator', async (t) => {
  const w = await world(t);
  const admin = await person(w, { username: 'admin', admin: true, groups: ['familia'] });
  const app: Application = await application(w, {});
  const group = await w.database.db.selectFrom('user_group').select('id').executeTakeFirstOrThrow();
  await admin.signIn();
  const before = await everything(w);
  const idFor = (path: string) => (path.includes('/clients/') ? app.id : path.includes('/user-groups/') ? group.id : admin.id);
  for (const row of ROUTES) {
    const path = row.path.replace(/\{\w+\}/g, idFor(row.path));
    for (const method of row.method === 'get' ? ['GET', 'HEAD', 'OPTIONS'] : ['OPTIONS']) {
      // Signing out is what this address is for, by GET too (OpenID Connect RP-Initiated Logout 1.0, section 2).
      if (path === '/api/oidc/end-session') continue;
      await (path.startsWith('/api/') ? admin.request(path, { method }) : admin.visit(path, { method }));
    }
  }
  assert.deepEqual(await everything(w), before);
});

test('SEC-017 no route answers a POST with a redirect by which a browser would post on', async (t) => {
  const w = await world(t);
  const admin = await person(w, { username: 'admin', admin: true });
  const app = await application(w, { skip_consent: 1, logout_callback_urls: '["https://app.example.com/out"]' });
  const asked = {
    client_id: app.id,
    response_type: 'code',
    redirect_uri: 'https://app.example.com/callback',
    scope: 'openid',
    state: 'a-state',
  };
  const redirects = new Map<string, number>();
  for (const row of ROUTES.filter(({ method }) => method === 'post'))
    for (const form of [asked, { name: 'New', step: 'consent', secret: 'x', code: 'abc234', username: 'eve' }] as Record<
      string,
      string
    >[]) {
      await admin.signIn();
      const { status } = await admin.visit(urlOf(row.path), { form, site: 'same-origin' });
      if (status >= 300 && status < 400) redirects.set(`${row.path} ${status}`, status);
    }
  assert.deepEqual(
    [...redirects.values()].filter((status) => status !== 303),
    [],
    JSON.stringify([...redirects.keys()]),
  );
  assert.ok(redirects.size >= 8, JSON.stringify([...redirects.keys()]));
});
