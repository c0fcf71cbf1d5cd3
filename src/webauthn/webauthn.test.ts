import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import { cbor, createAuthenticator, type Overrides } from '../testing/authenticator.ts';
import { nameOf } from './aaguid.ts';
import { readAssertion } from './answer.ts';
import { readClientData } from './challenge.ts';
import { userHandleOf } from './options.ts';
import { relyingParty } from './relying-party.ts';
import { createAssertionVerifier } from './verify-assertion.ts';
import { decodeCoseKey } from './verify-registration.ts';

const APP_URL = 'https://auth.example.test';
const rp = relyingParty(APP_URL);
const USER = '7b1f3a0e-3c55-4c0c-9f1e-52f0f0a6a2b1';
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest();
const verifyAssertion = createAssertionVerifier({
  rp,
  sha256,
  verifySignature: async (publicKey, data, signature) => {
    const key = createPublicKey({ format: 'jwk', key: { ...(await decodeCoseKey(publicKey)) } });
    return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', data, key, signature);
  },
});
const policy = { userVerification: 'required', allowSynced: true, attachment: 'any' } as const;

/** What we and the library say of one answer: whether they take it. */
async function verdicts(overrides: Overrides, edit: (answer: object) => object = (a) => a) {
  const device = createAuthenticator(APP_URL, { alg: overrides.alg });
  const options = {
    rp: { id: rp.id, name: 'PocketID' },
    user: { id: userHandleOf(USER), name: 'ann', displayName: 'Ann' },
    challenge: 'cmVnaXN0ZXI',
    pubKeyCredParams: [],
  };
  device.register(options);
  const credential = device.credentials[0]!;
  const key = cbor(credential.key.cose);
  const challenge = 'Y2hhbGxlbmdl';
  const response = edit(device.assert({ challenge, rpId: rp.id }, overrides)) as ReturnType<typeof device.assert>;
  const passkey = { userId: USER, credentialId: credential.id, publicKey: key.toString('base64url'), counter: 0, backupEligible: true };
  const ours = async () => {
    const answer = readAssertion(response);
    const clientData = readClientData(answer.response.clientDataJSON);
    await verifyAssertion({ answer, clientData, challenge, policy, passkey, discoverable: true });
  };
  const theirs = async () => {
    const stored = { id: credential.id, publicKey: new Uint8Array(key), counter: 0 };
    const expected = { expectedChallenge: challenge, expectedOrigin: rp.origin, expectedRPID: rp.id };
    const { verified } = await verifyAuthenticationResponse({ response, ...expected, credential: stored });
    assert.ok(verified);
  };
  const takes = (judge: () => Promise<void>) =>
    judge().then(
      () => true,
      () => false,
    );
  return { ours: await takes(ours), theirs: await takes(theirs) };
}

/** Both agree, or we are stricter for a reason of our own. */
const ANSWERS: [what: string, overrides: Overrides, agreed: boolean | 'stricter'][] = [
  ['a plain answer', {}, true],
  ['EdDSA', { alg: 'EdDSA' }, true],
  ['RS256', { alg: 'RS256' }, true],
  ['a counter', { counter: 5 }, true],
  ['not backed up', { bs: false }, true],
  ['UP=0', { up: false }, false],
  ['UV=0', { uv: false }, false],
  ['BS without BE', { be: false, bs: true }, false],
  ['another key', { wrongKey: true }, false],
  ['another challenge', { challenge: 'b3RoZXI' }, false],
  ['another type', { type: 'webauthn.create' }, false],
  ['another origin', { origin: 'https://evil.test' }, false],
  ['another relying party', { rpId: 'evil.test' }, false],
  ['a top origin', { topOrigin: 'https://evil.test' }, false],
  ['a cross-origin frame that names its top', { crossOrigin: true, topOrigin: 'https://evil.test' }, false],
  ['bytes behind the authenticator data', { authData: (d) => Buffer.concat([d, Buffer.from([1])]) }, false],
  ['short authenticator data', { authData: (d) => d.subarray(0, 36) }, false],
  ['a cross-origin frame that does not name its top', { crossOrigin: true }, 'stricter'],
  ['no user handle', { userHandle: null }, 'stricter'],
  ['another user handle', { userHandle: userHandleOf('somebody-else') }, 'stricter'],
  ['BE that changed', { be: false, bs: false }, 'stricter'],
];
for (const [what, overrides, agreed] of ANSWERS) {
  test(`WebAuthn 7.2, ${what}: we take nothing that the library refuses`, async () => {
    const { ours, theirs } = await verdicts(overrides);
    assert.deepEqual([ours, theirs], agreed === 'stricter' ? [false, true] : [agreed, agreed]);
  });
}

test('WebAuthn 7.2, changed bits: we take nothing that the library refuses', async () => {
  let n = 0;
  for (const member of ['signature', 'authenticatorData', 'clientDataJSON'] as const) {
    for (let bit = 3; bit < 8 * 37; bit += 13) {
      const { ours, theirs } = await verdicts({}, (answer) => {
        const { response, ...rest } = answer as { response: Record<string, string> };
        const bytes = Buffer.from(response[member] as string, 'base64url');
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        return { ...rest, response: { ...response, [member]: bytes.toString('base64url') } };
      });
      assert.deepEqual([ours, theirs], [false, false], `${member} bit ${bit}`);
      n++;
    }
  }
  assert.ok(n > 60);
});

test('the user handle is the bytes of the user id’s text', () => {
  assert.equal(userHandleOf(USER), Buffer.from(USER).toString('base64url'));
});

test('the relying party is the host of APP_URL and its origin, port included', () => {
  assert.deepEqual(relyingParty('http://localhost:1411'), { id: 'localhost', origin: 'http://localhost:1411' });
  assert.deepEqual(relyingParty('https://auth.eva-00.network'), { id: 'auth.eva-00.network', origin: 'https://auth.eva-00.network' });
});

test('a passkey is called after its model where that is known', () => {
  const names: [string, string][] = [
    ['fbfc3007-154e-4ecc-8c0b-6e020557d7bd', 'iCloud Keychain Passkey'],
    ['EA9B8D66-4D01-1D21-3CE4-B6B48CB575D4', 'Google Password Manager Passkey'],
    ['08987058-cadc-4b81-b6e1-30de50dcbe96', 'Windows Hello Passkey'],
    ['2fc0579f-8113-47ea-b116-bb5a8db9202a', 'YubiKey 5 NFC Passkey'],
    ['00000000-0000-0000-0000-000000000000', 'New Passkey'],
    ['', 'New Passkey'],
    ['__proto__', 'New Passkey'],
  ];
  for (const [aaguid, name] of names) assert.equal(nameOf(aaguid), name);
});
