import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import { type Alg, cbor, createAuthenticator, type Overrides } from '../testing/authenticator.ts';
import { type Person, person } from '../testing/people.ts';
import { APP_URL, type World, world } from '../testing/world.ts';

type Told = { code: string; error: string };
const toldBy = async (response: Response) => (await response.json()) as Told;
const passkeysOf = ({ database: { db } }: World) => db.selectFrom('passkey').selectAll().orderBy('id').execute();

/** Sends an answer that must be refused, and sees that nothing came of it. */
async function refused(w: World, ann: Person, answer: unknown, what: string): Promise<Told> {
  const before = await passkeysOf(w);
  const response = await ann.sendsRegistration(answer);
  assert.equal(response.status, 400, what);
  assert.deepEqual(await passkeysOf(w), before, what);
  return toldBy(response);
}
const refusedWith = async (w: World, ann: Person, overrides: Overrides) =>
  refused(w, ann, await ann.answersRegistration(overrides), JSON.stringify(overrides));

async function newcomer(w: World) {
  const ann = await person(w, { username: 'ann', passkey: false });
  await ann.signIn({ amr: 'otp' });
  return ann;
}

test('the options ask for a discoverable passkey of this person, and for no second one on the same device', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const { challenge, ...options } = (await (await ann.request('/api/webauthn/register/start')).json()) as Record<string, unknown>;
  assert.match(String(challenge), /^[\w-]{43}$/);
  assert.deepEqual(options, {
    rp: { id: 'auth.example.test', name: 'Pocket ID' },
    user: { id: Buffer.from(ann.id).toString('base64url'), name: 'ann', displayName: 'Ann Example' },
    pubKeyCredParams: [-7, -8, -257].map((alg) => ({ alg, type: 'public-key' })),
    timeout: 60_000,
    attestation: 'none',
    excludeCredentials: [{ id: ann.device.credentials[0]?.id, type: 'public-key', transports: ['internal'] }],
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    extensions: { credProps: true },
  });
  await assert.rejects(ann.answersRegistration(), { name: 'InvalidStateError' });
});

test('a person adds a passkey, signs in with it, and finds it under the name of its model', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  const response = await ann.register({ aaguid: 'd548826e-79b4-db40-a3d8-11116f7e8349', be: true, bs: true });
  assert.equal(response.status, 200);
  const { id, createdAt, ...shown } = (await response.json()) as Record<string, unknown>;
  assert.deepEqual(shown, {
    name: 'Bitwarden Passkey',
    credentialID: ann.device.credentials[0]?.id,
    attestationType: 'none',
    transport: ['internal', 'hybrid'],
    backupEligible: true,
    backupState: true,
    lastUsedAt: null,
  });
  assert.equal((await ann.otherBrowser().login()).status, 200);
  const row = await w.database.db
    .selectFrom('audit_log')
    .select(['data', 'username'])
    .where('event', '=', 'PASSKEY_ADDED')
    .executeTakeFirstOrThrow();
  const credentialID = Buffer.from(ann.device.credentials[0]?.id ?? '', 'base64url').toString('hex');
  assert.deepEqual([row.username, JSON.parse(row.data)], ['ann', { credentialID, passkeyName: 'Bitwarden Passkey' }]);
});

test('passkeys of every algorithm and both forms of attestation are taken', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  for (const alg of ['ES256', 'EdDSA', 'RS256'] as const) {
    for (const fmt of ['none', 'packed'] as const) {
      assert.equal((await ann.register({ alg, fmt, ignoreExcluded: true })).status, 200, `${alg} ${fmt}`);
      assert.equal((await ann.otherBrowser().login()).status, 200, `${alg} ${fmt}`);
    }
  }
});

test('an authenticator that tells little is no error: no AAGUID, no transports, no extension results', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  const { clientExtensionResults, authenticatorAttachment, ...bare } = await ann.answersRegistration({ transports: null });
  const response = await ann.sendsRegistration({ ...bare, surprise: { more: true } });
  assert.equal(response.status, 200);
  const { name, transport } = (await response.json()) as { name: string; transport: string[] };
  assert.deepEqual([name, transport], ['New Passkey', []]);
  for (const transports of [['smart-card', 'future-way', 'internal', 'internal'], ['<b>'], 'usb', [7]] as unknown as string[][]) {
    assert.equal((await ann.register({ transports, ignoreExcluded: true, aaguid: 'ffffffff-0000-0000-0000-000000000001' })).status, 200);
  }
});

// Attack: certificates name addresses of revocation lists, which a server that follows them would fetch.
test('a certificate chain nobody asked for is dropped, not followed', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  const withChain = (object: Buffer) => {
    const authData = object.subarray(object.indexOf('authData') + 8);
    const statement = cbor(
      new Map<string, Uint8Array | number | Uint8Array[]>([
        ['alg', -7],
        ['sig', Buffer.alloc(70)],
        ['x5c', [Buffer.alloc(300)]],
      ]),
    );
    return Buffer.concat([Buffer.from([0xa3]), cbor('fmt'), cbor('packed'), cbor('attStmt'), statement, cbor('authData'), authData]);
  };
  const response = await ann.register({ attestationObject: withChain });
  assert.equal(response.status, 200);
  assert.equal(((await response.json()) as { attestationType: string }).attestationType, 'none');
});

test('an administrator may allow only passkeys that stay on one device, of one kind', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  await w.api('PUT', '/api/application-configuration', {
    webauthnAllowSyncedPasskeys: 'false',
    webauthnAuthenticatorAttachment: 'cross-platform',
  });
  const options = (await (await ann.request('/api/webauthn/register/start')).json()) as { authenticatorSelection: object };
  assert.equal((options.authenticatorSelection as { authenticatorAttachment: string }).authenticatorAttachment, 'cross-platform');
  assert.equal((await refusedWith(w, ann, { be: true })).code, 'synced_passkey_not_allowed');
  assert.match((await refusedWith(w, ann, { be: false })).error, /security key/);
  const key = { ...(await ann.answersRegistration({ be: false })), authenticatorAttachment: 'cross-platform' };
  assert.equal((await ann.sendsRegistration(key)).status, 200);
});

test('a passkey that the authenticator did not store is refused with what to do about it', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  const answer = { ...(await ann.answersRegistration()), clientExtensionResults: { credProps: { rk: false } } };
  assert.match((await refused(w, ann, answer, 'rk=false')).error, /did not store the passkey/);
});

test('a second passkey needs a fresh proof; the first one does not', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  w.clock.advance(1800);
  assert.equal((await ann.register()).status, 200);
  const start = () => ann.request('/api/webauthn/register/start');
  const stale = await start();
  assert.deepEqual([stale.status, (await toldBy(stale)).code], [401, 'reauthentication_required']);
  assert.equal((await ann.reauthenticate()).status, 204);
  w.clock.advance(299);
  assert.equal((await start()).status, 200);
  w.clock.advance(1);
  assert.equal((await start()).status, 401);
});

test('a first passkey that was begun in a session that is not fresh is not added once there is another', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  w.clock.advance(1800);
  const begun = await ann.answersRegistration();
  const other = ann.otherBrowser();
  await other.signIn({ amr: 'otp' });
  const first = await other.answersRegistration();
  const slow = await other.answersRegistration();
  assert.equal((await other.sendsRegistration(first)).status, 200);
  const refused = await ann.sendsRegistration(begun);
  assert.deepEqual([refused.status, (await toldBy(refused)).code], [401, 'reauthentication_required']);
  // What counts is that the session was fresh when it was begun.
  w.clock.advance(299);
  assert.equal((await other.sendsRegistration(slow)).status, 200);
});

test('SEC-085 without user verification no passkey is added where it is required', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  assert.equal((await refusedWith(w, ann, { uv: false })).code, 'passkey_user_verification_required');
  await w.api('PUT', '/api/application-configuration', { webauthnUserVerification: 'preferred' });
  assert.equal((await ann.register({ uv: false })).status, 200);
});

test('SEC-087 without user presence no passkey is added', async (t) => {
  const w = await world(t);
  assert.equal((await refusedWith(w, await newcomer(w), { up: false })).code, 'invalid_webauthn_response');
});

test('SEC-088 one answer adds one passkey, also when it is sent fifty times at once', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  const answer = await ann.answersRegistration();
  const statuses = (await Promise.all(Array.from({ length: 50 }, () => ann.sendsRegistration(answer)))).map((r) => r.status);
  assert.deepEqual([statuses.filter((s) => s === 200).length, statuses.filter((s) => s === 400).length], [1, 49]);
  assert.equal((await passkeysOf(w)).length, 1);
});

test('SEC-089 a passkey is added where its request was begun, whatever is sent elsewhere', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', passkey: false });
  await ann.signIn();
  const answer = await ann.answersRegistration();
  ann.jar.delete('__Host-session');
  for (const sent of [answer, {}]) {
    const refused = await ann.sendsRegistration(sent);
    assert.deepEqual([refused.status, (await refused.json()).code], [400, 'missing_session_id']);
  }
});

test('SEC-090 a login challenge adds no passkey, and a challenge of another session neither', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  const login = (await (await ann.request('/api/webauthn/login/start')).json()) as { challenge: string };
  const options = (await (await ann.request('/api/webauthn/register/start')).json()) as Parameters<typeof ann.device.register>[0];
  assert.equal(
    (await refused(w, ann, ann.device.register({ ...options, challenge: login.challenge }), 'login challenge')).code,
    'invalid_webauthn_session',
  );

  const other = ann.otherBrowser();
  await other.signIn();
  other.plant('__Host-session', ann.cookie('__Host-session') as string);
  const elsewhere = await other.sendsRegistration(ann.device.register(options, { ignoreExcluded: true }));
  assert.equal((await toldBy(elsewhere)).code, 'invalid_webauthn_session');
});

test('SEC-091 a registration challenge is dead after five minutes', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  const answer = await ann.answersRegistration();
  w.clock.advance(300);
  assert.equal((await refused(w, ann, answer, 'late')).code, 'invalid_webauthn_session');
});

test('SEC-093 SEC-094 SEC-095 a passkey made elsewhere, for another site or in a frame is refused', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  const elsewhere: Overrides[] = [
    { origin: 'http://auth.example.test' },
    { origin: 'https://auth.example.test:8443' },
    { origin: 'https://evil.test' },
    { origin: `${APP_URL}.evil.test` },
    { rpId: 'example.test' },
    { rpId: 'evil.test' },
    { crossOrigin: true },
    { topOrigin: 'https://evil.test' },
    { type: 'webauthn.get' },
  ];
  for (const overrides of elsewhere) assert.equal((await refusedWith(w, ann, overrides)).code, 'invalid_webauthn_response');
});

test('SEC-097 a changed registration answer adds nothing', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  const change = async (what: string, edit: (a: RegistrationResponseJSON) => unknown) =>
    refused(w, ann, edit(await ann.answersRegistration()), what);
  for (const member of ['clientDataJSON', 'attestationObject'] as const) {
    for (const value of [undefined, 7, '', null, '!!'])
      await change(`${member} ${value}`, (a) => ({ ...a, response: { ...a.response, [member]: value } }));
  }
  for (const member of ['id', 'rawId', 'type', 'response'] as const) await change(`no ${member}`, (a) => ({ ...a, [member]: undefined }));
  const otherId = Buffer.alloc(32, 7).toString('base64url');
  await change('rawId differs', (a) => ({ ...a, rawId: otherId }));
  await change('both ids differ from the authenticator data', (a) => ({ ...a, id: otherId, rawId: otherId }));
  const badSelfSignature = (object: Buffer) => {
    const at = object.indexOf('sig') + 10;
    object[at] = (object[at] as number) ^ 1;
    return object;
  };
  await refusedWith(w, ann, { fmt: 'packed', attestationObject: badSelfSignature });
});

test('SEC-100 a credential id that is somebody’s is taken by nobody else', async (t) => {
  const w = await world(t);
  const victim = await person(w, { username: 'victim' });
  const ann = await newcomer(w);
  const before = await passkeysOf(w);
  const response = await ann.register({ credentialId: victim.device.credentials[0]?.id, ignoreExcluded: true });
  assert.deepEqual([response.status, (await toldBy(response)).code], [409, 'passkey_already_registered']);
  assert.deepEqual(await passkeysOf(w), before);
  assert.equal((await victim.login()).status, 200);
});

test('SEC-101 a key of an algorithm that was not offered, or too weak, is refused', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  for (const alg of ['RS1', 'ES256K', 'RSA-1024'] satisfies Alg[]) {
    assert.equal((await refusedWith(w, ann, { alg })).code, 'invalid_webauthn_response', alg);
  }
});

test('SEC-104 a backup state without eligibility is refused with a sentence', async (t) => {
  const w = await world(t);
  assert.match((await refusedWith(w, await newcomer(w), { be: false, bs: true })).error, /backed up/);
});

test('SEC-105 attestation objects that are large, deep, indefinite, doubled, trailing or cut off are refused', async (t) => {
  const w = await world(t);
  const ann = await newcomer(w);
  const cose = (entries: [number, number | Uint8Array][]) => cbor(new Map(entries));
  const point = Buffer.alloc(32, 1);
  /** Authenticator data with another key behind the credential id. */
  const withKey = (key: Uint8Array) => (data: Buffer) => Buffer.concat([data.subarray(0, 37 + 16 + 2 + 32), key]);
  const cases: Record<string, Overrides> = {
    'one megabyte': { attestationObject: () => Buffer.alloc(1024 * 1024, 0xa1) },
    'nested ten thousand deep': { attestationObject: () => Buffer.alloc(10_000, 0x81) },
    'indefinite map': { attestationObject: (o) => Buffer.concat([Buffer.from([0xbf]), o.subarray(1), Buffer.from([0xff])]) },
    'a key twice': { attestationObject: (o) => Buffer.concat([Buffer.from([0xa4]), o.subarray(1), cbor('fmt'), cbor('none')]) },
    'bytes after it': { attestationObject: (o) => Buffer.concat([o, Buffer.from([0])]) },
    'cut off': { attestationObject: (o) => o.subarray(0, o.length - 20) },
    'not a map': { attestationObject: () => cbor('none') },
    'a length that lies': {
      attestationObject: (o) => Buffer.concat([o.subarray(0, o.indexOf('authData') + 8), Buffer.from([0x5a, 0xff, 0xff, 0xff, 0xff])]),
    },
    'authenticator data of 36 bytes': { authData: (d) => d.subarray(0, 36) },
    'bytes after the authenticator data': { authData: (d) => Buffer.concat([d, Buffer.from([0])]) },
    'a truncated key': { authData: (d) => d.subarray(0, d.length - 10) },
    'no key': { authData: withKey(Buffer.alloc(0)) },
    'a key without y': {
      authData: withKey(
        cose([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, point],
        ]),
      ),
    },
    'a short x': {
      authData: withKey(
        cose([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, point.subarray(1)],
          [-3, point],
        ]),
      ),
    },
    'a point that is not on the curve': {
      authData: withKey(
        cose([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, point],
          [-3, point],
        ]),
      ),
    },
    'ES256 on P-384': {
      authData: withKey(
        cose([
          [1, 2],
          [3, -7],
          [-1, 2],
          [-2, Buffer.alloc(48, 1)],
          [-3, Buffer.alloc(48, 1)],
        ]),
      ),
    },
    'EdDSA on an EC key': {
      authData: withKey(
        cose([
          [1, 2],
          [3, -8],
          [-1, 6],
          [-2, point],
          [-3, point],
        ]),
      ),
    },
    'RS256 of 16 kilobits': {
      authData: withKey(
        cose([
          [1, 3],
          [3, -257],
          [-1, Buffer.alloc(2048, 0xff)],
          [-2, Buffer.from([1, 0, 1])],
        ]),
      ),
    },
    'RS256 with the exponent 1': {
      authData: withKey(
        cose([
          [1, 3],
          [3, -257],
          [-1, Buffer.alloc(256, 0xff)],
          [-2, Buffer.from([1])],
        ]),
      ),
    },
  };
  for (const [what, overrides] of Object.entries(cases)) {
    const answer = await ann.answersRegistration({ ...overrides, ignoreExcluded: true });
    assert.equal((await refused(w, ann, answer, what)).code, 'invalid_webauthn_response', what);
  }
});

test('a device of another site has nothing to offer here', () => {
  const device = createAuthenticator(APP_URL);
  assert.throws(() => device.assert({ challenge: 'x', rpId: 'auth.example.test' }), { name: 'NotAllowedError' });
});
