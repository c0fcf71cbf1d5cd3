import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { emptyPlace } from '../../src/platform/testing/database.ts';
import { API_KEY, workplace } from '../../src/testing/server-process.ts';

test('a first start makes everything it needs and prints one link that makes the first administrator', async (t) => {
  const place = await workplace(t, { ENCRYPTION_KEY: undefined });
  const { output, url } = await place.start();
  // The link's line follows the one that says ready; both are written before the first request is taken.
  while (!output().includes('Open this link')) await fetch(`${url}/healthz`);
  assert.equal(output().match(/http:\/\/localhost:\d+\/setup\?secret=[\w-]{43}/g)?.length, 1, output());
  assert.ok(existsSync(place.database));
  assert.ok(existsSync(join(place.directory, 'data', 'encryption.key')));
});

test('a first start tells its key and its link whatever LOG_LEVEL says', async (t) => {
  const place = await workplace(t, { ENCRYPTION_KEY: undefined, LOG_LEVEL: 'error' });
  const { output } = await place.start({}, /link/);
  const said = output().trim().split('\n');
  assert.equal(said.length, 2, output());
  assert.match(said[0] ?? '', / WRN an encryption key was made: keep a copy of it/);
  assert.match(said[1] ?? '', / INF Open this link to make the first account: http/);
});

test('REL-28 a server whose key was lost makes no other in its place', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-key-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const place = await workplace(t, { ENCRYPTION_KEY: undefined, DB_CONNECTION_STRING: await emptyPlace(directory) });
  const server = await place.start();
  server.child.kill('SIGTERM');
  await server.ended;
  const key = join(place.directory, 'data/encryption.key');
  const kept = readFileSync(key);
  rmSync(key);
  for (const _ of ['and the second time is like the first', '']) {
    const { code, output } = await place.run([]);
    assert.equal(code, 1);
    assert.match(
      output,
      /ENCRYPTION_KEY is not set and data\/encryption\.key (?:is|was) missing, but the database exists: put back the key/,
    );
    assert.equal(existsSync(key), false);
  }
  writeFileSync(key, kept);
  await place.start();
});

test('REL-22 a SIGTERM under load drops no request under way, and the server ends with 0', async (t) => {
  const place = await workplace(t);
  const server = await place.start();
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
  let served = 0;
  let unanswered = 0;
  const send = (n: number) =>
    new Promise<boolean>((resolve) => {
      const body = JSON.stringify({ name: `group-${n}`, friendlyName: 'Group' });
      const sent = request(
        `${server.url}/api/user-groups`,
        { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } },
        (response) => {
          response.resume().on('close', () => {
            assert.equal(response.statusCode, 201);
            if (response.complete) served++;
            else unanswered++;
            resolve(response.complete);
          });
        },
      );
      // Refused or closed before the request was taken: not under way, the client may send it again.
      sent.on('error', () => resolve(false)).end(body);
    });
  let number = 0;
  const clients = Array.from({ length: 16 }, async () => {
    while (await send(number++));
  });
  while (served < 50) await new Promise(setImmediate);
  server.child.kill('SIGTERM');
  await Promise.all(clients);
  assert.equal(await server.ended, 0);
  assert.equal(unanswered, 0, 'answers that began and did not end');
  agent.destroy();

  // What the server did is what clients heard: nothing was done for a request that got no answer.
  const again = await place.start();
  const list = await fetch(`${again.url}/api/user-groups?limit=1`, { headers });
  assert.equal(((await list.json()) as { pagination: { totalItems: number } }).pagination.totalItems, served);
});

test('REL-22 a server whose terminal is closed ends as one that is told to, with what is under way', async (t) => {
  const place = await workplace(t);
  const server = await place.start();
  server.child.kill('SIGHUP');
  assert.equal(await server.ended, 0);
  assert.match(server.output(), /stopping/);
});

test('REL-22 a second signal ends a server at once that waits for a request', async (t) => {
  const place = await workplace(t);
  const server = await place.start();
  const slow = connect(place.port, '127.0.0.1').on('error', () => {});
  slow.write(`POST /api/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n`);
  // Its answer says that everything sent before it has arrived.
  await fetch(`${server.url}/healthz`);
  server.child.kill('SIGTERM');
  while (!server.output().includes('stopping')) await new Promise(setImmediate);
  // Two signals at one moment are one: a terminal and npm both pass it on. So ask again until it heard.
  const again = setInterval(() => server.child.kill('SIGTERM'), 100);
  t.after(() => clearInterval(again));
  assert.equal(await server.ended, 1);
  clearInterval(again);
  slow.destroy();
});

test('REL-22 a server whose log nobody reads any more serves on, and ends at a SIGTERM', { timeout: 30_000 }, async (t) => {
  const place = await workplace(t);
  const server = await place.start();
  server.child.stdout?.destroy();
  for (let i = 0; i < 3; i++) assert.equal((await fetch(`${server.url}/api/users`)).status, 401);
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);
});

test('REL-28 a second server on the same database ends with a sentence, and the first goes on', async (t) => {
  const place = await workplace(t);
  const first = await place.start();
  const second = await place.run([], { PORT: String(place.port + 1) });
  assert.equal(second.code, 1);
  assert.match(second.output, /^error: another PocketID uses the database .*\n$/m);
  assert.equal((await fetch(`${first.url}/healthz`)).status, 204);
});

test('REL-28 a server that was killed leaves no lock behind', async (t) => {
  const place = await workplace(t);
  const first = await place.start();
  first.child.kill('SIGKILL');
  await first.ended;
  await place.start();
});

test('REL-30 a wrong setting, and a key of another installation, end the start with a sentence and without the value', async (t) => {
  const place = await workplace(t);
  const wrong = await place.run([], { APP_URL: 'https://a.test/hidden', STATIC_API_KEY: 'hidden' });
  assert.equal(wrong.code, 1);
  assert.match(
    wrong.output,
    /^error in the configuration: APP_URL must not have a path.*\nerror in the configuration: STATIC_API_KEY must have at least 16 bytes\n$/,
  );
  assert.equal(existsSync(place.database), false, 'nothing was made');

  const server = await place.start();
  server.child.kill('SIGTERM');
  await server.ended;
  const before = readFileSync(place.database);
  const other = await place.run([], { ENCRYPTION_KEY: 'hidden key of another installation' });
  assert.equal(other.code, 1);
  assert.match(other.output, /^error: ENCRYPTION_KEY is not the key this database was made with/m);
  assert.doesNotMatch(other.output, /hidden/);
  assert.deepEqual(readFileSync(place.database), before, 'and the database is as it was');
});

test('the command line: version, health, a state for reports, and a link for somebody who is locked out', async (t) => {
  const place = await workplace(t);
  assert.match((await place.run(['version'])).output, /^pocket-id \d+\.\d+\.\d+\n$/);
  assert.equal((await place.run(['healthcheck'])).code, 1);
  assert.deepEqual([(await place.run(['one-time-access-token', 'holo'])).code, existsSync(place.database)], [1, false]);

  const server = await place.start();
  assert.deepEqual(await place.run(['healthcheck', '-v']), { code: 0, output: 'healthy: HTTP 204\n' });
  const user = { username: 'holo', firstName: 'Holo', lastName: 'W', displayName: 'Holo', email: 'holo@example.test' };
  const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
  assert.equal((await fetch(`${server.url}/api/users`, { method: 'POST', headers, body: JSON.stringify(user) })).status, 201);
  for (const name of ['holo', 'HOLO@example.test']) {
    const { code, output } = await place.run(['one-time-access-token', name]);
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`^http://localhost:${place.port}/lc/\\w{12}$`, 'm'));
  }
  assert.match((await place.run(['one-time-access-token', 'nobody'])).output, /^error: User not found$/m);
  const { output } = await place.run(['doctor']);
  for (const line of ['database: sqlite', 'journal_mode: wal', 'synchronous: 2', 'quick_check: ok'])
    assert.ok(output.includes(`${line}\n`), output);
});

test('the command line rotates a signing key with an overlap, and withdraws one that was stolen', async (t) => {
  const place = await workplace(t);
  const server = await place.start();
  const stop = async () => {
    server.child.kill('SIGTERM');
    await server.ended;
  };
  const kids = async ({ url }: { url: string }) => {
    const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: { kid: string; alg: string }[] };
    return keys.filter(({ alg }) => alg === 'ES256').map(({ kid }) => kid);
  };
  const [old] = await kids(server);
  const rotated = await place.run(['key-rotate', '-a', 'ES256', '-c', 'P-256', '-y']);
  assert.equal(rotated.code, 0, rotated.output);
  const [, next] = /^ES256: the key (\S+) is published and signs from \d{4}-/.exec(rotated.output) ?? [];
  await stop();
  const again = await place.start();
  assert.deepEqual(new Set(await kids(again)), new Set([old, next]));

  const stolen = await place.run(['key-rotate', '-a', 'ES256', '--compromised']);
  assert.equal(stolen.code, 0, stolen.output);
  again.child.kill('SIGTERM');
  await again.ended;
  const last = await place.start();
  assert.deepEqual(await kids(last), [next]);
  const answer = await fetch(`${last.url}/api/audit-logs/all`, { headers: { 'x-api-key': API_KEY } });
  const { data } = (await answer.json()) as { data: { event: string; data: Record<string, string> }[] };
  assert.deepEqual(
    data.filter(({ event }) => event.startsWith('SIGNING_KEY')).map(({ event, data: { kid } }) => [event, kid]),
    [
      ['SIGNING_KEY_WITHDRAWN', old],
      ['SIGNING_KEY_ROTATED', next],
    ],
  );

  const wrong = await place.run(['key-rotate', '-a', 'HS256']);
  assert.deepEqual(wrong, { code: 1, output: 'error: --alg must be one of RS256, PS256, ES256, EdDSA\n' });
  assert.equal((await place.run(['key-rotate', '-a', 'RS256', '-c', 'P-256'])).output, 'error: RS256 has no --crv\n');
});

test('a .env file in the working directory is read', async (t) => {
  const place = await workplace(t);
  writeFileSync(join(place.directory, '.env'), 'LOG_JSON=true\n');
  const server = await place.start();
  const line =
    server
      .output()
      .split('\n')
      .find((text) => text.includes('is ready')) ?? '';
  assert.equal(JSON.parse(line).app, 'pocket-id');
  server.child.kill('SIGTERM');
  assert.equal((await once(server.child, 'exit'))[0], 0);
});
