import { systemClock } from '#platform/clock.ts';
import { type Config, readConfig } from '#platform/config.ts';
import { type Database, openDatabase } from '#platform/db/open.ts';

/** Opens the configured database beside a server that may be running, and closes it after `work`. */
export async function visit<T>(work: (config: Config, database: Database) => Promise<T>): Promise<T> {
  const config = readConfig(process.env, { key: 'need' });
  const database = await openDatabase(config.database, { clock: systemClock, visit: true });
  try {
    return await work(config, database);
  } finally {
    await database.close();
  }
}
