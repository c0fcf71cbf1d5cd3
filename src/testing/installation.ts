import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../platform/clock.ts';
import { type Database, openDatabase } from '../platform/db/open.ts';
import { testDatabase } from '../platform/testing/database.ts';
import { freePort } from './free-port.ts';

export const STATIC_KEY = 'static-api-key-of-the-test-installation';

/** Resolves when the process has printed something that matches; rejects with its output when it ends first. */
function printed(child: ChildProcess, output: () => string, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => pattern.test(output()) && resolve();
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output()}`)));
    look();
  });
}

export interface Replica {
  /** Scheme, host and port where this process listens. */
  url: string;
  child: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
}

/**
 * Real server processes on one database: two on a PostgreSQL schema of their own when TEST_DATABASE_URL is set, one on a SQLite file otherwise.
 * `seed` fills the database before they start. They stop with the test.
 */
export async function installation(
  t: TestContext,
  { seed, env = {} }: { seed?: (database: Database) => Promise<void>; env?: Record<string, string> } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-replica-'));
  const postgres = process.env.TEST_DATABASE_URL !== undefined;
  const path = join(directory, 'pocket-id.db');
  const database = postgres ? await testDatabase(systemClock) : { ...(await openDatabase(path, { clock: systemClock })), url: path };
  await seed?.(database);
  await database.close();
  const ports = await Promise.all(Array.from({ length: postgres ? 2 : 1 }, freePort));
  const appUrl = `http://localhost:${ports[0]}`;
  const shared = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    APP_URL: appUrl,
    DB_CONNECTION_STRING: database.url,
    ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
    STATIC_API_KEY: STATIC_KEY,
    DISABLE_RATE_LIMITING: 'true',
    ...env,
  };
  const replicas = await Promise.all(
    ports.map(async (port): Promise<Replica> => {
      const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts')], {
        cwd: directory,
        env: { ...shared, PORT: String(port) },
      });
      let text = '';
      const keep = (chunk: Buffer) => {
        text += chunk.toString();
      };
      child.stdout.on('data', keep);
      child.stderr.on('data', keep);
      t.after(() => child.kill('SIGKILL'));
      await printed(child, () => text, /is ready/);
      return { url: `http://localhost:${port}`, child, output: () => text };
    }),
  );
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return { replicas, appUrl, directory, at: (n: number) => replicas[n % replicas.length]!.url };
}
