import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { sql } from 'kysely';
import { MIGRATIONS } from './platform/db/migrations/list.ts';
import { application, codeFor, post, redeem, token } from './testing/applications.ts';
import { browser } from './testing/browser.ts';
import { person } from './testing/people.ts';
import { type World, world } from './testing/world.ts';

const TABLES = MIGRATIONS.flatMap(({ statements }) =>
  statements.flatMap((text) => /^create table (?:if not exists )?"?(\w+)"?/.exec(text)?.[1] ?? []),
);

/** Every row of every table, as text. */
const everyRow = async ({ database: { db } }: World) =>
  (
    await Promise.all(
      [...new Set(TABLES)].map((table) =>
        db
          .selectFrom(sql<Record<string, unknown>>`${sql.table(table)}`.as('x'))
          .selectAll()
          .execute(),
      ),
    )
  )
    .flat()
    .map((row) => JSON.stringify(row));

/** Differs from the secret in its last character, or in every one. */
const nearly = (secret: string) => secret.slice(0, -1) + (secret.endsWith('A') ? 'B' : 'A');
const farFrom = (secret: string) => [...secret].map((char) => (char === 'Q' ? 'R' : 'Q')).join('');

/**
 * How long a comparison takes could tell how much of a guess was right, if a guess were compared. It is not: each is hashed, and the hash looked
 * for; what is kept has nothing of the secret but, where people have to tell them apart, the first four characters. So what can be seen without
 * a clock is that a guess which is nearly right takes the same way, statement by statement, as one that is not at all.
 */
test('SEC-204 a guess that is right but for its last character takes the same way as any other, because hashes are compared', async (t) => {
  const w = await world(t, { staticApiKey: randomBytes(24).toString('base64url') });
  const milton = await person(w, { username: 'milton' });
  await milton.signIn();
  const app = await application(w);
  const tokens = (await redeem(w, app, await codeFor(w, app, milton, { scopes: ['openid', 'offline_access'] }))).body;
  const key = ((await (await milton.request('/api/api-keys', { json: { name: 'homelab' } })).json()) as { token: string }).token;
  const [short, long] = await Promise.all(
    ['15m', '1h'].map(async (ttl) => (await w.api('POST', `/api/users/${milton.id}/one-time-access-token`, { ttl })).body.token),
  );
  const invited = (await w.api('POST', '/api/signup-tokens', { ttl: '1h', usageLimit: 5 })).body.token;
  const device = (await post(w, '/api/oidc/device/authorize', { client_id: app.id, client_secret: app.secret, scope: 'openid' })).body;
  const guest = { username: 'guest', firstName: 'G', lastName: '', email: 'guest@example.test' };
  const asKey = (value: string) => w.request('/api/users/me', { headers: { 'x-api-key': value } });
  const asCode = (value: string) => browser(w).request(`/api/one-time-access-token/${value}`, { method: 'POST' });

  const guesses: [what: string, secret: string, guess: (value: string) => Promise<{ status: number }> | { status: number }][] = [
    ['an API key', key, asKey],
    ['the static API key', w.config.staticApiKey ?? '', asKey],
    [
      'a session',
      milton.cookie('__Host-access_token') ?? '',
      (value) => w.request('/api/users/me', { headers: { cookie: `__Host-access_token=${value}` } }),
    ],
    ['a client secret', app.secret, (secret) => token(w, { ...app, secret }, { grant_type: 'client_credentials' })],
    ['a refresh token', tokens.refresh_token, (value) => token(w, app, { grant_type: 'refresh_token', refresh_token: value })],
    [
      'a device code',
      device.device_code,
      (value) => token(w, app, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: value }),
    ],
    ['a short one-time code', short, asCode],
    ['a long one-time code', long, asCode],
    ['a sign-up token', invited, (value) => browser(w).request('/api/signup', { json: { ...guest, token: value } })],
  ];
  for (const [what, secret, guess] of guesses) {
    const way = async (value: string) => {
      const before = w.statements.length;
      const { status } = await guess(value);
      return { status, statements: w.statements.slice(before) };
    };
    const near = await way(nearly(secret));
    assert.ok(near.status >= 400, what);
    assert.deepEqual(near, await way(farFrom(secret)), what);
  }
  const rows = await everyRow(w);
  assert.ok(rows.length > 15);
  for (const [what, secret] of guesses) {
    // In front of a refresh token stands when it was made, in seven characters, and so it does in front of its hash: one hash in 64 goes on alike.
    const start = what === 'a refresh token' ? 7 : 0;
    assert.deepEqual(
      rows.filter((row) => row.includes(secret.slice(start, start + 8))),
      [],
      what,
    );
  }
});
