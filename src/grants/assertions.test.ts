import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { PublicFetch } from '../platform/http/public-fetch.ts';
import { application, post } from '../testing/applications.ts';
import { type World, world } from '../testing/world.ts';

const ISSUER = 'https://ci.example.com';
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const pair = await generateKeyPair('ES256', { extractable: true });
const stranger = await generateKeyPair('ES256', { extractable: true });

/** The issuer's server: counts how often its keys were asked for. */
const issuer = (keys: () => Promise<JWK[]>) => {
  const asked: string[] = [];
  const fetchPublic: PublicFetch = async (url) => {
    asked.push(url);
    return { type: 'application/json', headers: {}, bytes: Buffer.from(JSON.stringify({ keys: await keys() })) };
  };
  return { asked, fetchPublic };
};
const published = async () => [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }];

interface Init {
  claims?: Record<string, unknown>;
  without?: string;
  header?: Record<string, unknown>;
  key?: CryptoKey | Uint8Array;
  life?: number;
}
const assertion = (w: World, app: { id: string }, { claims = {}, without, header = {}, key = pair.privateKey, life = 120 }: Init = {}) => {
  const now = w.clock.now();
  const payload: Record<string, unknown> = {
    iss: ISSUER,
    sub: app.id,
    aud: w.config.appUrl,
    iat: now,
    exp: now + life,
    jti: randomUUID(),
    ...claims,
  };
  if (without) delete payload[without];
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header }).sign(key);
};
const send = (w: World, app: { id: string } | undefined, client_assertion: string, extra: Record<string, string> = {}) =>
  post(w, '/api/oidc/token', {
    grant_type: 'client_credentials',
    client_id: app?.id,
    client_assertion_type: TYPE,
    client_assertion,
    ...extra,
  });
const setting = async (t: Parameters<typeof world>[0], over: Record<string, unknown> = {}) => {
  const server = issuer(published);
  const w = await world(t, {}, { fetchPublic: server.fetchPublic });
  const app = await application(w, { federated_identities: JSON.stringify([{ issuer: ISSUER, replayProtection: true, ...over }]) });
  return { w, app, server };
};

test('a client proves itself with a JWT of the issuer that was registered for it, named by client_id or by the subject', async (t) => {
  const { w, app, server } = await setting(t);
  assert.equal((await send(w, app, await assertion(w, app))).status, 200);
  assert.equal((await send(w, undefined, await assertion(w, app))).status, 200);
  assert.deepEqual(server.asked, [`${ISSUER}/.well-known/jwks.json`], 'keys are kept');
});

test('a client asks about its tokens with an assertion as its Bearer token, beside its client_id, and with nothing less', async (t) => {
  const { w, app } = await setting(t);
  const other = await application(w, { name: 'Other' });
  const token = (await send(w, app, await assertion(w, app))).body.access_token;
  const ask = async (bearer: string, fields: Record<string, string> = { client_id: app.id }) =>
    post(w, '/api/oidc/introspect', { token, ...fields }, { authorization: `Bearer ${bearer}` });
  const used = await assertion(w, app);
  assert.equal((await ask(used)).body.active, true);
  assert.equal((await ask(used)).status, 401, 'it works once');
  assert.equal((await ask(await assertion(w, app), {})).status, 401, 'without the client’s name');
  assert.equal((await ask(await assertion(w, app), { client_id: other.id })).status, 401, 'for another client');
  assert.equal((await ask(await assertion(w, app, { key: stranger.privateKey }))).status, 401, 'of another key');
  assert.equal((await ask(token)).body.active, true, 'an access token still does');
});

test('subject, audience and key set can be registered', async (t) => {
  const { w, app, server } = await setting(t, { subject: 'repo:familia/site', audience: 'pocketid', jwks: 'https://keys.example.com/set' });
  assert.equal((await send(w, app, await assertion(w, app, { claims: { sub: 'repo:familia/site', aud: 'pocketid' } }))).status, 200);
  assert.equal((await send(w, app, await assertion(w, app))).status, 401);
  assert.deepEqual(server.asked, ['https://keys.example.com/set']);
});

test('SEC-038 a client assertion that is not exactly right is refused', async (t) => {
  const { w, app } = await setting(t);
  const other = await application(w, { name: 'Other' });
  const now = w.clock.now();
  const spki = new TextEncoder().encode(await exportSPKI(pair.publicKey));
  const good = await assertion(w, app);
  const cases: Record<string, string> = {
    'a foreign audience': await assertion(w, app, { claims: { aud: 'https://other.example.com' } }),
    'an audience with a foreign member': await assertion(w, app, { claims: { aud: [w.config.appUrl, 'https://other.example.com'] } }),
    'the token endpoint as audience': await assertion(w, app, { claims: { aud: `${w.config.appUrl}/api/oidc/token` } }),
    'no exp': await assertion(w, app, { without: 'exp' }),
    'no aud': await assertion(w, app, { without: 'aud' }),
    'no jti': await assertion(w, app, { without: 'jti' }),
    expired: await assertion(w, app, { claims: { exp: now - 31 } }),
    'not yet valid': await assertion(w, app, { claims: { nbf: now + 60 } }),
    'another issuer': await assertion(w, app, { claims: { iss: 'https://evil.example.com' } }),
    'another subject': await assertion(w, app, { claims: { sub: other.id } }),
    'a stranger’s key': await assertion(w, app, { key: stranger.privateKey }),
    'an unknown kid': await assertion(w, app, { header: { kid: 'k2' } }),
    'HS256 keyed with the public key': await assertion(w, app, { header: { alg: 'HS256' }, key: spki }),
    'no signature': `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.`,
    'a signature cut off': good.split('.').slice(0, 2).join('.'),
    'a changed payload': good.replace(
      /\.[^.]+\./,
      `.${Buffer.from(JSON.stringify({ iss: ISSUER, sub: app.id, aud: w.config.appUrl, exp: now + 9, jti: 'x' })).toString('base64url')}.`,
    ),
    'no JWT at all': 'nonsense',
    'far too long': `${good}${'A'.repeat(20_000)}`,
  };
  for (const [name, value] of Object.entries(cases)) {
    const answer = await send(w, app, value);
    assert.deepEqual([answer.status, answer.body.error], [401, 'invalid_client'], name);
  }
  assert.equal((await send(w, other, good)).status, 401, 'an assertion of one client for another');
  assert.equal((await send(w, app, good, { client_assertion_type: 'other' })).status, 401);
  assert.equal((await send(w, app, good, { client_secret: app.secret })).status, 400);
  assert.equal((await send(w, app, good)).status, 200, 'none of these used it up');
});

test('SEC-038 an assertion works once, also when it comes fifty times at the same moment', async (t) => {
  const { w, app } = await setting(t);
  const value = await assertion(w, app);
  const answers = await Promise.all(Array.from({ length: 50 }, () => send(w, app, value)));
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
});

test('SEC-038 a client that signs for itself may not sign for longer than five minutes', async (t) => {
  const server = issuer(published);
  const w = await world(t, {}, { fetchPublic: server.fetchPublic });
  const app = await application(w, {
    id: 'signer',
    federated_identities: JSON.stringify([{ issuer: 'signer', jwks: 'https://app.example.com/jwks' }]),
  });
  assert.equal((await send(w, app, await assertion(w, app, { claims: { iss: 'signer' }, life: 300 }))).status, 200);
  assert.equal((await send(w, app, await assertion(w, app, { claims: { iss: 'signer' }, life: 400 }))).status, 401);
});

test('a new key of an issuer is found without waiting, and made-up key ids do not make us ask again and again', async (t) => {
  let keys: JWK[] = [];
  const server = issuer(async () => keys);
  const w = await world(t, {}, { fetchPublic: server.fetchPublic });
  const app = await application(w, { federated_identities: JSON.stringify([{ issuer: ISSUER }]) });
  assert.equal((await send(w, app, await assertion(w, app))).status, 401);
  keys = await published();
  w.clock.advance(31);
  assert.equal((await send(w, app, await assertion(w, app))).status, 200);
  const before = server.asked.length;
  for (let n = 0; n < 20; n++) await send(w, app, await assertion(w, app, { header: { kid: `made-up-${n}` } }));
  assert.ok(server.asked.length <= before + 1, `asked ${server.asked.length - before} times`);
});

test('an issuer that cannot be reached refuses the client and breaks nothing', async (t) => {
  const w = await world(t, {}, { fetchPublic: () => Promise.reject(new Error('unreachable')) });
  const app = await application(w, { federated_identities: JSON.stringify([{ issuer: ISSUER }]) });
  assert.equal((await send(w, app, await assertion(w, app))).status, 401);
});
