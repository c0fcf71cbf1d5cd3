import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { startPostgres } from '../../scripts/postgres-server.ts';
import { enlarging } from './enlarge.ts';
import { furnish } from './furnish.ts';
import { measureLists } from './lists.ts';
import { freePort } from './processes.ts';
import { growth, type Result } from './report.ts';
import { countsFor, measureAll, type Options, say } from './rounds.ts';
import { now } from './rows.ts';
import type { ScenarioName } from './scenarios.ts';
import { ENCRYPTION_KEY, startPocketId } from './systems.ts';

/** Not through the program's own connections: those end a statement that takes longer than a client would wait. */
async function fill(target: string): Promise<void> {
  const begun = performance.now();
  const kind = target.startsWith('postgres') ? 'postgres' : 'sqlite';
  const statements = ['begin', ...enlarging(now()), 'commit'];
  if (kind === 'sqlite') {
    const db = new DatabaseSync(target);
    for (const statement of statements) db.exec(statement);
    db.close();
  } else {
    const client = new Client({ connectionString: target });
    await client.connect();
    try {
      // Nothing that is made here refers to what is not there, and a server of PostgreSQL cleans up and analyzes by itself.
      for (const statement of ['set session_replication_role = replica', ...statements, 'vacuum analyze']) await client.query(statement);
    } finally {
      await client.end();
    }
  }
  say(`\na large installation on ${kind}, made in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
}

/** The server of TEST_DATABASE_URL, else one of its own; undefined where none can be started. */
async function postgres(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  const url = process.env.TEST_DATABASE_URL;
  if (url) return { url, stop: async () => {} };
  return startPostgres().catch((cause: Error) => {
    say(`PostgreSQL is left out: ${cause.message}`);
    return undefined;
  });
}

/** The scenarios of PocketID and all lists again, with a million tokens and audit rows and a hundred thousand people. */
export async function measureLarge(options: Options, names: readonly ScenarioName[], small: readonly Result[]): Promise<void> {
  const { directory } = options;
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'pocket-id.db');
  const port = await freePort();
  const first = await startPocketId(directory, port);
  await first.stop();
  const { plans, apiKey } = await furnish(file, first.origin, countsFor('pocketid', options));
  await fill(file);
  // Before the scenarios, which leave a hundred thousand audit rows of one minute: nobody has so many young ones.
  await measureLists(file, apiKey, ENCRYPTION_KEY);
  const pocketid = await startPocketId(directory, port);
  say(`start to ready: ${pocketid.readyMs.toFixed(0)} ms`);
  try {
    const large = await measureAll(names, { pocketid: { server: pocketid, plans } }, options);
    say(`\n${growth(small, large)}`);
  } finally {
    await pocketid.stop();
  }
  const server = await postgres();
  if (!server) return;
  try {
    const few = { rs256: 1, es256: 1, refreshTokens: 1, ofOne: 1, ofAll: 1 };
    const onPostgres = await furnish(server.url, first.origin, few);
    await fill(server.url);
    await measureLists(server.url, onPostgres.apiKey, ENCRYPTION_KEY);
  } finally {
    await server.stop();
  }
}
