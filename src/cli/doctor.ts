import { VERSION } from '#platform/version.ts';
import { visit } from './visit.ts';

/** Prints what a report of a problem should contain, one `name: value` a line. */
export const doctor = (): Promise<void> =>
  visit(async (config, database) => {
    const found = {
      version: VERSION,
      node: process.version,
      app_url: config.appUrl,
      database: database.kind,
      ...(await database.diagnose()),
    };
    for (const [name, value] of Object.entries(found)) process.stdout.write(`${name}: ${value}\n`);
  });
