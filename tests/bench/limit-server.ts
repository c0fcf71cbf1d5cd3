// usage: node limit-server.ts <port> <recordings>: answers what was recorded, after the cryptography that no answer can do without.
import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Recording } from './recording.ts';

const [port = '', file = ''] = process.argv.slice(2);
const recordings = JSON.parse(readFileSync(file, 'utf8')) as Recording[];

const ALGORITHMS: Record<string, { use: EcdsaParams | AlgorithmIdentifier; key: EcKeyGenParams | RsaHashedKeyGenParams }> = {
  RS256: {
    use: { name: 'RSASSA-PKCS1-v1_5' },
    key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  },
  ES256: { use: { name: 'ECDSA', hash: 'SHA-256' }, key: { name: 'ECDSA', namedCurve: 'P-256' } },
};
const keys: Record<string, CryptoKey> = {};
for (const [alg, { key }] of Object.entries(ALGORITHMS))
  keys[alg] = ((await crypto.subtle.generateKey(key, false, ['sign', 'verify'])) as CryptoKeyPair).privateKey;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
async function signed({ alg, header, claims }: Recording['tokens'][number]): Promise<string> {
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = await crypto.subtle.sign(ALGORITHMS[alg]!.use, keys[alg]!, Buffer.from(input));
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
}

const passkeys = new Map(
  recordings
    .flatMap((recording) => recording.passkeys)
    .map(({ credentialId, privateKey }) => {
      const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
      return [credentialId, createPublicKey(key)];
    }),
);
const bytes = (text: string) => Buffer.from(text, 'base64url');
async function verifiesAssertion(body: string): Promise<boolean> {
  const { id, response } = JSON.parse(body);
  const hash = Buffer.from(await crypto.subtle.digest('SHA-256', bytes(response.clientDataJSON)));
  const data = Buffer.concat([bytes(response.authenticatorData), hash]);
  return new Promise((resolve, reject) =>
    verify('sha256', data, passkeys.get(id)!, bytes(response.signature), (cause, good) => (cause ? reject(cause) : resolve(good))),
  );
}

async function answer(recording: Recording, body: string): Promise<string> {
  if (recording.passkeys.length > 0 && !(await verifiesAssertion(body))) throw new Error('the assertion is not good');
  if (recording.tokens.length === 0) return recording.body;
  const members = JSON.parse(recording.body) as Record<string, unknown>;
  // One after the other: the ID token has a hash of the access token.
  for (const token of recording.tokens) members[token.member] = await signed(token);
  return JSON.stringify(members);
}

const byPath = new Map(recordings.map((recording) => [`${recording.method} ${recording.path}`, recording]));
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const recording = byPath.get(`${request.method} ${request.url}`);
    if (!recording) return response.writeHead(request.url === '/' ? 200 : 404).end();
    answer(recording, Buffer.concat(chunks).toString()).then(
      (body) => response.writeHead(recording.status, { ...recording.headers, 'Content-Length': Buffer.byteLength(body) }).end(body),
      () => response.writeHead(500).end(),
    );
  });
});
server.listen(Number(port));
