import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { CompactSign, compactVerify, createLocalJWKSet, importJWK, type JSONWebKeySet, type JWK } from 'jose';
import { SIGNING_ALGS, type SigningAlg } from '#oidc/ports.ts';
import { createSeal } from '#platform/seal.ts';
import { testDatabase } from '#platform/testing/database.ts';
import { sharedKeys } from '../testing/keys.ts';
import { recordingLog, settableClock } from '../testing/world.ts';
import { createSigningKeys, NEXT_LEAD_SECONDS } from './service.ts';

const ORIGIN = { requestId: 'r', ip: '', userAgent: 'test' };
const seal = createSeal('an encryption key of the signing key tests');

async function database(t: TestContext) {
  const clock = settableClock();
  const opened = await testDatabase(clock);
  t.after(() => opened.close());
  const generate = sharedKeys();
  /** A process of its own on the same database. */
  const audited: string[] = [];
  const audit = {
    record: async (_: unknown, { event, data }: { event: string; data?: Record<string, string> }) =>
      void audited.push(`${event} ${data?.alg}`),
  };
  const process = () => createSigningKeys({ db: opened.db, clock, seal, log: recordingLog(), audit, generate });
  return { ...opened, clock, audit, audited, process };
}

const encoded = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const kids = async (keys: { jwks(): Promise<{ keys: Record<string, unknown>[] }> }) => (await keys.jwks()).keys.map((key) => key.kid);

/** Opens the stored private key, to forge with what an attacker could not have. */
async function privateKey({ db }: Awaited<ReturnType<typeof database>>, alg: SigningAlg) {
  const row = await db
    .selectFrom('signing_key')
    .selectAll()
    .where('alg', '=', alg)
    .where('stage', '=', 'current')
    .executeTakeFirstOrThrow();
  const jwk = JSON.parse(seal.open('signing-key', row.sealed_private_jwk)) as JWK;
  return { kid: row.kid, publicJwk: JSON.parse(row.public_jwk) as JWK, key: await importJWK(jwk, alg) };
}

test('SEC-083 JWKS has public members only, distinct kids and strong keys for every algorithm', async (t) => {
  const { process } = await database(t);
  const { keys } = await (await process()).jwks();
  assert.deepEqual(keys.map((key) => key.alg).sort(), [...SIGNING_ALGS].sort());
  assert.equal(new Set(keys.map((key) => key.kid)).size, keys.length);
  for (const key of keys) {
    assert.equal(key.use, 'sig');
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(secret in key), `${key.alg} shows ${secret}`);
    if (key.kty === 'RSA')
      assert.equal(createPublicKey({ key: key as JsonWebKey, format: 'jwk' }).asymmetricKeyDetails?.modulusLength, 2048);
  }
});

test('what a key signs verifies with the published JWKS in another JOSE stack, and with ours', async (t) => {
  const { process } = await database(t);
  const keys = await process();
  const published = createLocalJWKSet((await keys.jwks()) as unknown as JSONWebKeySet);
  for (const alg of SIGNING_ALGS) {
    const jws = await keys.sign(alg, 'JWT', { sub: 'ann', n: 1 });
    const { payload, protectedHeader } = await compactVerify(jws, published);
    assert.equal(protectedHeader.alg, alg);
    assert.deepEqual(JSON.parse(new TextDecoder().decode(payload)), { sub: 'ann', n: 1 });
    assert.deepEqual(await keys.verify(jws), { header: { typ: 'JWT', alg }, claims: { sub: 'ann', n: 1 } });
  }
});

test('two processes that start on one empty database end up with the same keys', async (t) => {
  const { process } = await database(t);
  const [one, other] = await Promise.all([process(), process()]);
  assert.equal((await kids(one)).length, SIGNING_ALGS.length);
  assert.deepEqual(await kids(one), await kids(other));
});

test('private keys are stored sealed, and another ENCRYPTION_KEY is told by name', async (t) => {
  const { process, db, clock, audit } = await database(t);
  await process();
  for (const row of await db.selectFrom('signing_key').selectAll().execute()) assert.doesNotMatch(JSON.stringify(row), /"d"|\\"d\\"/);
  await assert.rejects(
    createSigningKeys({ db, clock, seal: createSeal('quite another key'), log: recordingLog(), audit }),
    /ENCRYPTION_KEY/,
  );
});

test('oidcc-server-rotate-keys: the next key is published before it signs, and the old one until its tokens have ended', async (t) => {
  const { process, clock, audited } = await database(t);
  const keys = await process();
  const before = await keys.sign('RS256', 'JWT', { sub: 'ann' });
  const oldKids = await kids(keys);
  const { kid, signsFrom } = await keys.rotate('RS256', ORIGIN);
  assert.equal(signsFrom, clock.now() + NEXT_LEAD_SECONDS);
  assert.deepEqual(audited, ['SIGNING_KEY_ROTATED RS256']);
  assert.deepEqual((await kids(keys)).sort(), [...oldKids, kid].sort());
  const header = (jws: string) => JSON.parse(Buffer.from(jws.split('.')[0]!, 'base64url').toString());
  assert.notEqual(header(await keys.sign('RS256', 'JWT', {})).kid, kid, 'not yet');

  clock.advance(NEXT_LEAD_SECONDS);
  assert.equal(header(await keys.sign('RS256', 'JWT', {})).kid, kid);
  assert.equal((await kids(keys)).length, oldKids.length + 1, 'the old key is still there');
  assert.ok(await keys.verify(before), 'an old token still verifies');

  clock.advance(3600 + 120);
  assert.equal((await kids(keys)).length, oldKids.length);
  assert.equal(await keys.verify(before), undefined);
});

test('a retired key stays published until the longest-lived access token has ended', async (t) => {
  const { process, clock, db } = await database(t);
  const keys = await process();
  const now = clock.now();
  await db
    .insertInto('client')
    .values({
      id: 'c',
      name: 'C',
      description: '',
      callback_urls: '[]',
      logout_callback_urls: '[]',
      is_public: 0,
      pkce_enabled: 0,
      pkce_supported: 0,
      requires_reauthentication: 0,
      requires_par: 0,
      skip_consent: 0,
      is_group_restricted: 0,
      launch_url: null,
      federated_identities: '[]',
      access_token_minutes: 60 * 24,
      refresh_token_minutes: 1,
      id_token_alg: 'RS256',
      access_token_alg: 'ES256',
      minimal_id_token: 0,
      claims_mapping: '{}',
      client_type: 'standard',
      created_at: now,
      updated_at: now,
    })
    .execute();
  const token = await keys.sign('ES256', 'at+jwt', {});
  await keys.rotate('ES256', ORIGIN);
  clock.advance(NEXT_LEAD_SECONDS);
  await keys.jwks();
  clock.advance(86_400 - 1);
  assert.ok(await keys.verify(token));
  clock.advance(200);
  assert.equal(await keys.verify(token), undefined);
});

test('replicas follow a rotation, and of two that take the next key over one does', async (t) => {
  const { process, clock, db } = await database(t);
  const [one, other] = [await process(), await process()];
  const { kid } = await one.rotate('ES256', ORIGIN);
  assert.equal((await other.rotate('ES256', ORIGIN)).kid, kid, 'a rotation on its way is answered again');
  clock.advance(NEXT_LEAD_SECONDS);
  const [a, b] = await Promise.all([one.sign('ES256', 'JWT', {}), other.sign('ES256', 'JWT', {})]);
  assert.ok((await one.verify(b)) && (await other.verify(a)));
  const stages = await db.selectFrom('signing_key').select('stage').where('alg', '=', 'ES256').orderBy('stage').execute();
  assert.deepEqual(
    stages.map((row) => row.stage),
    ['current', 'retired'],
  );
});

test('a replica that has never seen a kid looks again', async (t) => {
  const { process, clock } = await database(t);
  const [one, other] = [await process(), await process()];
  await one.rotate('ES256', ORIGIN, { compromised: true });
  const token = await one.sign('ES256', 'JWT', {});
  clock.advance(5);
  assert.ok(await other.verify(token));
});

test('a compromised key is out of JWKS at once and nothing it signed verifies', async (t) => {
  const { process } = await database(t);
  const keys = await process();
  const token = await keys.sign('ES256', 'JWT', { sub: 'ann' });
  const before = await kids(keys);
  const { kid } = await keys.rotate('ES256', ORIGIN, { compromised: true });
  assert.equal(await keys.verify(token), undefined);
  assert.equal((await kids(keys)).length, before.length);
  assert.ok((await kids(keys)).includes(kid));
});

test('SEC-071 an unsigned token verifies under no spelling of "none"', async (t) => {
  const { process } = await database(t);
  const keys = await process();
  const kid = (await kids(keys))[0];
  for (const alg of ['none', 'None', 'nOnE', '']) {
    assert.equal(await keys.verify(`${encoded({ alg, kid })}.${encoded({ sub: 'ann' })}.`), undefined);
    assert.equal(await keys.verify(`${encoded({ alg, kid })}.${encoded({ sub: 'ann' })}.AA`), undefined);
  }
});

test('SEC-072 our public keys are no HMAC secrets', async (t) => {
  const { process } = await database(t);
  const keys = await process();
  for (const jwk of (await keys.jwks()).keys as unknown as (JsonWebKey & { kid: string })[]) {
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string;
    const der = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' });
    for (const secret of [
      pem,
      `${pem}\n`,
      ` ${pem}`,
      pem.trim(),
      JSON.stringify(jwk),
      der,
      Buffer.from(jwk.n ?? jwk.x ?? '', 'base64url'),
    ]) {
      const input = `${encoded({ alg: 'HS256', typ: 'JWT', kid: jwk.kid })}.${encoded({ sub: 'ann' })}`;
      assert.equal(await keys.verify(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`), undefined);
    }
  }
});

test('SEC-074 SEC-075 a header that names a key, is critical or duplicated is refused though the signature is ours', async (t) => {
  const all = await database(t);
  const keys = await all.process();
  const { kid, key, publicJwk } = await privateKey(all, 'ES256');
  const signed = async (header: string) => {
    const input = `${encoded(header)}.${encoded({ sub: 'ann' })}`;
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key as CryptoKey, Buffer.from(input));
    return `${input}.${Buffer.from(signature).toString('base64url')}`;
  };
  const base = { alg: 'ES256', typ: 'JWT', kid };
  assert.ok(await keys.verify(await signed(JSON.stringify(base))), 'the plain header is good');
  const canary = 'http://127.0.0.1:9/keys';
  for (const more of [
    { jku: canary },
    { x5u: canary },
    { jwk: publicJwk },
    { x5c: ['AA'] },
    { crit: ['x'], x: 1 },
    { b64: false },
    { zip: 'DEF' },
  ])
    assert.equal(await keys.verify(await signed(JSON.stringify({ ...base, ...more }))), undefined, JSON.stringify(more));
  assert.equal(await keys.verify(await signed(`{"alg":"none","alg":"ES256","typ":"JWT","kid":"${kid}"}`)), undefined);
  assert.equal(await keys.verify(await signed(JSON.stringify({ ...base, kid: 'unknown' }))), undefined);
  assert.equal(await keys.verify(await signed(JSON.stringify({ alg: 'ES256', typ: 'JWT' }))), undefined, 'no kid');
});

test('SEC-076 a payload that is no object, or names a member twice, is refused though the signature is ours', async (t) => {
  const all = await database(t);
  const keys = await all.process();
  const { kid, key } = await privateKey(all, 'ES256');
  const signed = (payload: string) =>
    new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid }).sign(key);
  assert.ok(await keys.verify(await signed('{"sub":"ann"}')), 'an object is good');
  for (const payload of ['["ann"]', '"ann"', 'null', '1', '{"sub":"ann","sub":"ben"}', '{"aud":"a","aud":"b"}', '{"sub":"ann"', ''])
    assert.equal(await keys.verify(await signed(payload)), undefined, payload);
});

test('SEC-043 SEC-084 a token has one spelling; huge and misshapen texts are refused', async (t) => {
  const { process } = await database(t);
  const keys = await process();
  const token = await keys.sign('ES256', 'JWT', { sub: 'ann' });
  const [head, body, signature] = token.split('.') as [string, string, string];
  const last = signature.at(-1)!;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const twin = alphabet[alphabet.indexOf(last) ^ 1]!;
  const bad = [
    token.slice(0, -1),
    `${token}A`,
    ` ${token}`,
    `${token} `,
    `${token}=`,
    token
      .replaceAll('-', '+')
      .replaceAll('_', '/')
      .replace(/\.[^.]*$/, '.++++'),
    `${head}.${body}.${signature.slice(0, -1)}${twin}`,
    `${head}.${body}`,
    `${token}.`,
    '.'.repeat(10_000),
    'A'.repeat(1_000_000),
    `${head}.${body}.${signature}.${signature}.${signature}`,
  ];
  for (const text of bad) assert.equal(await keys.verify(text), undefined, text.slice(0, 60));
});
