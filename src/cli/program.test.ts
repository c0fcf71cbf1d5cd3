import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { emptyPlace } from '../platform/testing/database.ts';
import { freePort } from '../testing/free-port.ts';

const main = join(import.meta.dirname, '..', 'main.ts');

/** What a start with these settings and arguments prints, in a directory of its own, and its exit code. */
function start(t: TestContext, settings: Record<string, string>, ...args: string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'pocket-id-start-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const env = {
    PATH: process.env.PATH,
    DB_CONNECTION_STRING: join(directory, 'x.db'),
    ENCRYPTION_KEY: 'a key for this test alone',
    ...settings,
  };
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], {
    cwd: directory,
    env,
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { stdout, stderr, status };
}

test('what is asked wrongly is told in one line', (t) => {
  assert.deepEqual(start(t, {}, 'migrate'), { stdout: '', stderr: 'error: unknown command "migrate": --help lists them\n', status: 1 });
  assert.deepEqual(start(t, {}, 'healthcheck', '-e', 'auth.example.com'), {
    stdout: '',
    stderr: 'error: --endpoint must be a URL such as http://localhost:1411\n',
    status: 1,
  });
  assert.match(start(t, {}, '--version').stdout, /^pocket-id \d+\.\d+\.\d+\n$/);
});

test('a reader that goes away early is no failure', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pocket-id-start-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const { stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${main}" version | true`], { cwd: directory, encoding: 'utf8' });
  assert.equal(stderr, '');
});

test('the health check asks where HOST and PORT say, and tells why there is no answer', async (t) => {
  const port = String(await freePort());
  const nobody = start(t, { PORT: port }, 'healthcheck');
  assert.deepEqual([nobody.status, nobody.stderr], [1, 'error: not healthy: no answer (ECONNREFUSED)\n']);

  // Another program on the port, at another address of this machine than localhost: the check does not ask that one.
  const script = `require('node:http').createServer((_, answer) => answer.writeHead(204).end()).listen(${port}, '127.0.0.2', () => console.log())`;
  const other = spawn(process.execPath, ['-e', script]);
  t.after(() => other.kill());
  await once(other.stdout, 'data');
  assert.equal(start(t, { PORT: port, HOST: '127.0.0.2' }, 'healthcheck').status, 0);
  assert.equal(start(t, { PORT: port }, 'healthcheck').status, 1);
});

test('a port that is taken, and a database that is not there, are told in one line', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  const taken = start(t, { HOST: '127.0.0.1', PORT: String(port) });
  assert.equal(taken.status, 1);
  assert.match(taken.stderr, new RegExp(`^error: cannot listen on 127\\.0\\.0\\.1 port ${port}: another program listens there[^\\n]*\\n$`));

  const absent = start(t, { DB_CONNECTION_STRING: 'postgres://ann:s3cret@127.0.0.1:1/db' });
  assert.equal(absent.status, 1);
  assert.match(absent.stderr, /^database error: [^\n]*ECONNREFUSED[^\n]*DB_CONNECTION_STRING[^\n]*\n$/);
  assert.doesNotMatch(absent.stderr, /s3cret/);

  const noTrust = start(t, { DB_CONNECTION_STRING: 'postgres://ann:s3cret@127.0.0.1:1/db?sslrootcert=/nowhere/ca.pem' });
  assert.match(noTrust.stderr, /^error: the PostgreSQL of DB_CONNECTION_STRING cannot be used: [^\n]*ENOENT[^\n]*\n$/);
});

test('a start that fails once the database is open ends at once, whatever is still connected', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pocket-id-start-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const settings = { DB_CONNECTION_STRING: await emptyPlace(directory), HOST: '192.0.2.1', PORT: String(await freePort()) };
  const began = performance.now();
  const { status, stderr } = start(t, settings);
  assert.deepEqual([status, stderr.split(' on ')[0]], [1, 'error: cannot listen']);
  // Half a minute is how long a connection to PostgreSQL is kept that nobody uses.
  assert.ok(performance.now() - began < 25_000, `${performance.now() - began} ms`);
});

test('a server that logs JSON tells in JSON, too, what its start fails for, and every line of it is found by "error"', (t) => {
  const failing: [Record<string, string>, RegExp[]][] = [
    [
      { PORT: 'x', HOST: '?', ENCRYPTION_KEY: 'hidden' },
      [
        /^error in the configuration: ENCRYPTION_KEY must have/,
        /^error in the configuration: HOST must be/,
        /^error in the configuration: PORT must be/,
      ],
    ],
    [{ DB_CONNECTION_STRING: '/dev/null/x.db' }, [/^error: the directory/]],
    [{ DB_CONNECTION_STRING: 'postgres://ann:hidden@127.0.0.1:1/db' }, [/^database error: .*ECONNREFUSED/]],
  ];
  for (const [settings, sentences] of failing) {
    const json = start(t, { LOG_JSON: 'true', ...settings });
    assert.equal(json.status, 1);
    const lines = json.stderr.trimEnd().split('\n');
    assert.equal(lines.length, sentences.length, json.stderr);
    const told = lines.map((line) => JSON.parse(line) as Record<string, string>);
    for (const [i, { level, app, msg }] of told.entries()) {
      assert.deepEqual([level, app], ['error', 'pocket-id']);
      assert.match(msg ?? '', sentences[i] ?? /-/);
    }
    const text = start(t, settings);
    assert.deepEqual(
      text.stderr.trimEnd().split('\n'),
      told.map(({ msg }) => msg),
      'the same words as text',
    );
    assert.doesNotMatch(json.stderr + text.stderr, /hidden/);
  }
});

test('of a damaged database, too, everything is said in one line', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pocket-id-damaged-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'x.db');
  {
    using db = new DatabaseSync(path);
    db.exec('pragma page_size = 4096; create table schema_version (version integer); create table t (x)');
    db.prepare('insert into t values (?)').run(randomBytes(20_000));
  }
  // The root of the second table: SQLite says where it found that in a line of its own.
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(8, 0xff), 0, 8, 2 * 4096);
  closeSync(file);
  const { stderr, status } = start(t, { DB_CONNECTION_STRING: path });
  assert.equal(status, 1);
  assert.match(stderr, /^error: the database [^\n]* is damaged \([^\n]* page [^\n]*\): put back a copy of it\n$/);
});

test('a disk that is full at the first start is told in one line, and the next start makes what could not be made', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pocket-id-full-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const settings = { DB_CONNECTION_STRING: join(directory, 'x.db'), ENCRYPTION_KEY: 'a key for this test alone' };
  const env = { PATH: process.env.PATH, ...settings };
  // No file may grow beyond so many blocks: what it is written to fails as on a full disk.
  const within = (blocks: number) =>
    spawnSync('sh', ['-c', `ulimit -f ${blocks}; exec "${process.execPath}" "${main}"`], { cwd: directory, env, encoding: 'utf8' });
  for (const blocks of [0, 4, 100]) {
    const { stderr, status } = within(blocks);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /^database error: [^\n]*DB_CONNECTION_STRING[^\n]*\n$/);
  }
  // It gets as far as its port.
  const { stderr } = start(t, { ...settings, HOST: '192.0.2.1' });
  assert.match(stderr, /^error: cannot listen/);
});

test('a database in a directory that nobody can make is told in one line, and does not keep the start waiting', (t) => {
  // Where the file system says of a directory it does not let anybody make that it is not there.
  for (const path of ['/proc/pocket-id/pocket-id.db', '/proc/pocket-id/data/pocket-id.db', '/dev/null/pocket-id.db']) {
    const { stderr, status } = start(t, { DB_CONNECTION_STRING: path });
    assert.equal(status, 1, path);
    assert.match(stderr, /^(?:database )?error: [^\n]*directory \/(?:proc\/pocket-id|dev\/null)[^\n]*DB_CONNECTION_STRING[^\n]*\n$/);
  }
});
