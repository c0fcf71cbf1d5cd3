import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { administer } from '../e2e/server.ts';

/**
 * A PocketID for the official conformance suite: the real program at https://op.test:9443 behind a TLS front, three clients and a person with a
 * passkey, made through the API. Runs until it is stopped. `--minimal` sets the clients to minimal ID tokens.
 */
const { values: options } = parseArgs({ options: { minimal: { type: 'boolean', default: false } } });
const ORIGIN = 'https://op.test:9443';
const SUITE = 'https://localhost.emobix.co.uk:8443';
const BEHIND = 9444;
const KEY = 'static-api-key-for-the-conformance-suite';
const out = join(import.meta.dirname, '.out');
mkdirSync(out, { recursive: true });

function certificate(): { cert: Buffer; key: Buffer } {
  const [cert, key] = [join(out, 'cert.pem'), join(out, 'key.pem')];
  if (!existsSync(cert)) {
    const made = spawnSync(
      'openssl',
      `req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=op.test -addext subjectAltName=DNS:op.test -keyout ${key} -out ${cert}`.split(
        ' ',
      ),
    );
    if (made.status !== 0) throw new Error(`no certificate could be made: ${made.stderr}`);
  }
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

const directory = mkdtempSync(join(tmpdir(), 'pocketid-conformance-'));
const server = spawn(process.execPath, [join(import.meta.dirname, '../../src/main.ts')], {
  cwd: directory,
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {
    PATH: process.env.PATH,
    HOME: directory,
    APP_URL: ORIGIN,
    PORT: String(BEHIND),
    TRUST_PROXY: '127.0.0.1',
    STATIC_API_KEY: KEY,
    DISABLE_RATE_LIMITING: 'true',
  },
});
await new Promise<void>((resolve) => {
  server.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    if (chunk.includes('is ready')) resolve();
  });
});

const front = createServer(certificate(), (incoming, answer) => {
  const headers = { ...incoming.headers, 'x-forwarded-for': incoming.socket.remoteAddress, 'x-forwarded-proto': 'https' };
  const behind = request({ port: BEHIND, method: incoming.method, path: incoming.url, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  behind.on('error', () => answer.destroy());
  incoming.pipe(behind);
});
await new Promise<void>((resolve) => front.listen(9443, '127.0.0.1', resolve));

process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // our own front's certificate
const { api, enrol } = administer(ORIGIN, KEY);

async function client(name: string) {
  const { id } = await api<{ id: string }>('POST', '/api/oidc/clients', {
    name,
    callbackURLs: [`${SUITE}/test/a/A/callback`],
    logoutCallbackURLs: [`${SUITE}/test/a/A/post_logout_redirect`],
    minimalIdToken: options.minimal,
  });
  const { secret } = await api<{ secret: string }>('POST', `/api/oidc/clients/${id}/secret`);
  return { client_id: id, client_secret: secret };
}

const person = await api<{ id: string }>('POST', '/api/users', {
  username: 'milton',
  email: 'milton@example.com',
  emailVerified: true,
  firstName: 'Milton',
  lastName: 'Rivera',
  displayName: 'Milton Rivera',
  locale: 'en',
});
// What the profile scope has a standard claim for and we have no field for: custom claims.
await api('PUT', `/api/custom-claims/user/${person.id}`, [
  { key: 'middle_name', value: 'Eduardo' },
  { key: 'nickname', value: 'milton' },
  { key: 'profile', value: 'https://example.com/milton' },
  { key: 'website', value: 'https://example.com' },
  { key: 'gender', value: 'male' },
  { key: 'birthdate', value: '1987-10-16' },
  { key: 'zoneinfo', value: 'America/Bogota' },
]);
writeFileSync(join(out, 'passkey.json'), JSON.stringify(await enrol(person.id)));
const config = {
  alias: 'A',
  server: { discoveryUrl: `${ORIGIN}/.well-known/openid-configuration`, login_hint: 'milton' },
  client: await client('Conformance'),
  client2: await client('Conformance 2'),
  client_secret_post: await client('Conformance post'),
};
writeFileSync(join(out, 'config.json'), JSON.stringify(config, null, 1));
process.stdout.write('prepared for the suite\n');

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    front.close();
    // It writes its last lines to us, and its files into the directory.
    if (server.kill()) await once(server, 'exit');
    rmSync(directory, { recursive: true, force: true });
    process.exit(0);
  });
