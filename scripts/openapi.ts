import { systemClock } from '#platform/clock.ts';
import { readConfig } from '#platform/config.ts';
import { openDatabase } from '#platform/db/open.ts';
import { systemRandom } from '#platform/random.ts';
import { createApp } from '#src/app.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** docs/openapi.json: the document the program serves, from a fresh one with default settings and a database in memory. */
export async function openApiText(): Promise<string> {
  const none = { dotEnv: () => ({}), read: () => 'does not exist' as const, holdsData: () => false, makeKey: () => 'k'.repeat(32) };
  const config = readConfig({ DB_CONNECTION_STRING: ':memory:' }, { files: none });
  const database = await openDatabase(config.database, { clock: systemClock });
  const app = await createApp({ config, database, clock: systemClock, random: systemRandom, log: quiet });
  try {
    const response = await app.request(`${config.appUrl}/api/openapi.json`);
    return `${JSON.stringify(await response.json(), null, 1)}\n`;
  } finally {
    await app.close();
  }
}
