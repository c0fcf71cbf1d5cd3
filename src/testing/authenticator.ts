import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';

type Cbor = number | string | boolean | Uint8Array | Cbor[] | Map<number | string, Cbor>;

const head = (major: number, n: number): Buffer => {
  if (n < 24) return Buffer.from([(major << 5) | n]);
  if (n < 256) return Buffer.from([(major << 5) | 24, n]);
  if (n < 65_536) return Buffer.from([(major << 5) | 25, n >> 8, n & 255]);
  const long = Buffer.alloc(5);
  long[0] = (major << 5) | 26;
  long.writeUInt32BE(n, 1);
  return long;
};

/** CBOR (RFC 8949), definite lengths only: as much as authenticators speak. */
export function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -value - 1);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([k, v]) => [cbor(k), cbor(v)])]);
}

const bytes = (text: string) => Buffer.from(text, 'base64url');
const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest();

/** `RS1`, `ES256K` and `RSA-1024` are what no server should take. */
export type Alg = 'ES256' | 'EdDSA' | 'RS256' | 'RS1' | 'ES256K' | 'RSA-1024';

interface Key {
  private: KeyObject;
  cose: Map<number, Cbor>;
  sign(data: Uint8Array): Buffer;
}

function rsaKey(bits: number, alg: number, hash: string): Key {
  const pair = generateKeyPairSync('rsa', { modulusLength: bits });
  const jwk = pair.publicKey.export({ format: 'jwk' });
  const cose = new Map<number, Cbor>([
    [1, 3],
    [3, alg],
    [-1, bytes(jwk.n as string)],
    [-2, bytes(jwk.e as string)],
  ]);
  return { private: pair.privateKey, cose, sign: (data) => sign(hash, data, pair.privateKey) };
}
function ecKey(curve: string, crv: number, alg: number): Key {
  const pair = generateKeyPairSync('ec', { namedCurve: curve });
  const jwk = pair.publicKey.export({ format: 'jwk' });
  const cose = new Map<number, Cbor>([
    [1, 2],
    [3, alg],
    [-1, crv],
    [-2, bytes(jwk.x as string)],
    [-3, bytes(jwk.y as string)],
  ]);
  return { private: pair.privateKey, cose, sign: (data) => sign('sha256', data, pair.privateKey) };
}
function edKey(): Key {
  const pair = generateKeyPairSync('ed25519');
  const jwk = pair.publicKey.export({ format: 'jwk' });
  const cose = new Map<number, Cbor>([
    [1, 1],
    [3, -8],
    [-1, 6],
    [-2, bytes(jwk.x as string)],
  ]);
  return { private: pair.privateKey, cose, sign: (data) => sign(null, data, pair.privateKey) };
}
const KEYS: Record<Alg, () => Key> = {
  ES256: () => ecKey('P-256', 1, -7),
  EdDSA: edKey,
  RS256: () => rsaKey(2048, -257, 'sha256'),
  'RSA-1024': () => rsaKey(1024, -257, 'sha256'),
  RS1: () => rsaKey(2048, -65_535, 'sha1'),
  ES256K: () => ecKey('secp256k1', 8, -47),
};

/** What an authenticator, or somebody between it and the server, may do differently in one ceremony. */
export interface Overrides {
  up?: boolean;
  uv?: boolean;
  /** Backup eligible, backup state. */
  be?: boolean;
  bs?: boolean;
  counter?: number;
  aaguid?: string;
  rpId?: string;
  origin?: string;
  type?: string;
  challenge?: string;
  crossOrigin?: boolean;
  topOrigin?: string;
  /** base64url; null leaves it out. */
  userHandle?: string | null;
  /** `assert`: signs with a fresh key under the credential's id. */
  wrongKey?: boolean;
  /** `assert`: which credential; by default the newest for the RP. `register`: its id. */
  credentialId?: string;
  alg?: Alg;
  /** null: the browser does not tell. */
  transports?: string[] | null;
  /** `packed` is self attestation. */
  fmt?: 'none' | 'packed';
  /** Replaces members of clientDataJSON; undefined members are left out. */
  clientData?: Record<string, unknown>;
  /** Last word on the authenticator data, before it is signed. */
  authData?: (data: Buffer) => Buffer;
  attestationObject?: (data: Buffer) => Buffer;
  /** A device that does not look at excludeCredentials. */
  ignoreExcluded?: boolean;
}

interface Credential {
  id: string;
  rpId: string;
  userHandle: string;
  key: Key;
  counter: number;
}

/** Defaults of one device; the ceremony's overrides win over them. */
export type Device = Pick<Overrides, 'up' | 'uv' | 'be' | 'bs' | 'aaguid' | 'alg' | 'transports' | 'fmt' | 'counter'> & {
  /** Added to the counter at each assertion; 0 like a synced passkey. */
  counterStep?: number;
};

/**
 * A software authenticator with the browser around it: answers creation and request options with the JSON forms a page would post, and can be
 * told to get any part wrong. Without overrides it is a synced passkey: user present and verified, backed up, counter 0.
 */
export function createAuthenticator(origin: string, device: Device = {}) {
  const credentials: Credential[] = [];

  const clientData = (type: string, challenge: string, o: Overrides) => {
    const data = {
      type: o.type ?? type,
      challenge: o.challenge ?? challenge,
      origin: o.origin ?? origin,
      crossOrigin: o.crossOrigin ?? false,
      ...(o.topOrigin === undefined ? {} : { topOrigin: o.topOrigin }),
      ...o.clientData,
    };
    return Buffer.from(JSON.stringify(data));
  };

  const authData = (rpId: string, o: Overrides, counter: number, attested?: Buffer) => {
    const { up = true, uv = true, be = true, bs = be } = o;
    const flags = Number(up) | (Number(uv) << 2) | (Number(be) << 3) | (Number(bs) << 4) | (Number(attested !== undefined) << 6);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    const data = Buffer.concat([sha256(o.rpId ?? rpId), Buffer.from([flags]), count, attested ?? Buffer.alloc(0)]);
    return o.authData ? o.authData(data) : data;
  };

  const attestation = (data: Buffer, client: Buffer, key: Key, o: Overrides) => {
    const statement = new Map<string, Cbor>();
    if (o.fmt === 'packed') {
      statement.set('alg', key.cose.get(3) as number);
      statement.set('sig', key.sign(Buffer.concat([data, sha256(client)])));
    }
    const object = cbor(
      new Map<string, Cbor>([
        ['fmt', o.fmt ?? 'none'],
        ['attStmt', statement],
        ['authData', data],
      ]),
    );
    return o.attestationObject ? o.attestationObject(object) : object;
  };

  return {
    credentials,

    /** navigator.credentials.create; throws InvalidStateError when it holds an excluded credential. */
    register(options: PublicKeyCredentialCreationOptionsJSON, overrides: Overrides = {}): RegistrationResponseJSON {
      const o = { ...device, ...overrides };
      if (!o.ignoreExcluded && options.excludeCredentials?.some((e) => credentials.some((c) => c.id === e.id))) {
        throw Object.assign(new Error('The authenticator was previously registered'), { name: 'InvalidStateError' });
      }
      const rpId = options.rp.id ?? new URL(origin).hostname;
      const key = KEYS[o.alg ?? 'ES256']();
      const id = o.credentialId ? bytes(o.credentialId) : randomBytes(32);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      const aaguid = Buffer.from((o.aaguid ?? '00000000-0000-0000-0000-000000000000').replaceAll('-', ''), 'hex');
      const client = clientData('webauthn.create', options.challenge, o);
      const data = authData(rpId, o, o.counter ?? 0, Buffer.concat([aaguid, length, id, cbor(key.cose)]));
      const credential = { id: id.toString('base64url'), rpId, userHandle: options.user.id, key, counter: o.counter ?? 0 };
      credentials.push(credential);
      const transports = o.transports === undefined ? ['internal', 'hybrid'] : o.transports;
      return {
        id: credential.id,
        rawId: credential.id,
        type: 'public-key',
        authenticatorAttachment: 'platform',
        clientExtensionResults: { credProps: { rk: true } },
        response: {
          clientDataJSON: client.toString('base64url'),
          attestationObject: attestation(data, client, key, o).toString('base64url'),
          ...(transports === null ? {} : { transports: transports as RegistrationResponseJSON['response']['transports'] }),
        },
      };
    },

    /** navigator.credentials.get. */
    assert(options: PublicKeyCredentialRequestOptionsJSON, overrides: Overrides = {}): AuthenticationResponseJSON {
      const o = { ...device, ...overrides };
      const rpId = options.rpId ?? new URL(origin).hostname;
      const credential = o.credentialId ? credentials.find((c) => c.id === o.credentialId) : credentials.findLast((c) => c.rpId === rpId);
      if (!credential) throw Object.assign(new Error('No passkey for this site'), { name: 'NotAllowedError' });
      if (overrides.counter === undefined) credential.counter += device.counterStep ?? 0;
      const client = clientData('webauthn.get', options.challenge, o);
      const data = authData(rpId, o, overrides.counter ?? credential.counter);
      const key = o.wrongKey ? KEYS[o.alg ?? 'ES256']() : credential.key;
      const userHandle = o.userHandle === undefined ? credential.userHandle : o.userHandle;
      return {
        id: credential.id,
        rawId: credential.id,
        type: 'public-key',
        authenticatorAttachment: 'platform',
        clientExtensionResults: {},
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: key.sign(Buffer.concat([data, sha256(client)])).toString('base64url'),
          ...(userHandle === null ? {} : { userHandle }),
        },
      };
    },
  };
}
