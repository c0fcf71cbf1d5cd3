import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createApp, type Deps } from '../app.ts';
import type { Config } from '../platform/config.ts';
import type { Log, LogFields } from '../platform/log.ts';
import { systemRandom } from '../platform/random.ts';
import { testDatabase } from '../platform/testing/database.ts';
import { undocumented } from './documented.ts';
import { sharedKeys } from './keys.ts';

export const APP_URL = 'https://auth.example.test';

/** A clock that moves when the test says so. */
export function settableClock(start = 1_790_000_000) {
  let at = start;
  return {
    now: () => at,
    advance: (seconds: number) => {
      at += seconds;
    },
    set: (to: number) => {
      at = to;
    },
  };
}

export interface Line {
  level: string;
  message: string;
  fields: LogFields;
}

/** Keeps every line for the test to read. */
export function recordingLog(): Log & { lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export const testConfig = (over: Partial<Config> = {}): Config => ({
  appEnv: 'test',
  appUrl: APP_URL,
  internalAppUrl: APP_URL,
  encryptionKey: 'a test encryption key of enough length',
  database: ':memory:',
  host: '127.0.0.1',
  port: 0,
  allowInsecureCallbackUrls: false,
  disableRateLimiting: true,
  uiConfigDisabled: false,
  staticApiKey: 'static-api-key-of-the-test-world',
  geoliteDbPath: 'data/GeoLite2-City.mmdb',
  geoliteDbUrl: undefined,
  maxmindLicenseKey: undefined,
  localIpv6Ranges: undefined,
  trustProxy: false,
  logLevel: 'debug',
  logJson: false,
  logQueryArgs: false,
  encryptionKeyMadeAt: undefined,
  notes: [],
  auditLogRetentionDays: 90,
  ...over,
});

/**
 * A real installation: the whole program on a fresh database (SQLite in memory; PostgreSQL when TEST_DATABASE_URL is set), with a clock the
 * test moves. `over.database` is the path of a file for SQLite that is to be on the disk. `api` calls the REST API with the static key; `request` is a bare call. `outside` stands in for servers elsewhere, and for time: requests that wait do so no time at all.
 */
export async function world(t: TestContext, over: Partial<Config> = {}, outside: Pick<Deps, 'fetchPublic' | 'pause'> = {}) {
  const clock = settableClock();
  const log = recordingLog();
  const statements: string[] = [];
  const database = await testDatabase(clock, (sql) => void statements.push(sql), { reuse: true, file: over.database });
  const config = testConfig(over);
  const app = await createApp({
    config,
    database,
    clock,
    random: systemRandom,
    log,
    generateKey: sharedKeys(),
    pause: async () => {},
    ...outside,
  });
  t.after(() => app.close());
  const request = (path: string, init: RequestInit = {}) => app.request(new URL(path, config.appUrl).href, init);
  const api = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await request(path, {
      method,
      headers: {
        'x-api-key': config.staticApiKey ?? '',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
    assert.equal(undocumented(method, path, answer.status, answer.body), undefined);
    return answer;
  };
  return { app, config, clock, log, database, statements, request, api };
}
export type World = Awaited<ReturnType<typeof world>>;
