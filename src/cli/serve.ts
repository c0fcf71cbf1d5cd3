import { serve as listen } from '@hono/node-server';
import { systemClock } from '#platform/clock.ts';
import { readConfig } from '#platform/config.ts';
import { openDatabase } from '#platform/db/open.ts';
import { createLog } from '#platform/log.ts';
import { systemRandom } from '#platform/random.ts';
import { createApp } from '../app.ts';

/** Runs the server until a signal ends it. */
export async function serve(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config);
  for (const note of config.notes) log.warn(note);
  if (config.encryptionKeyMadeAt)
    log.warn('an encryption key was made: keep a copy of it, the database cannot be used without it', { file: config.encryptionKeyMadeAt });
  const database = await openDatabase(config.database, { clock: systemClock });
  const app = await createApp({ config, database, clock: systemClock, random: systemRandom, log });
  const server = listen({
    port: config.port,
    hostname: config.host,
    fetch: (request, { incoming }: { incoming: { socket: { remoteAddress?: string } } }) =>
      app.fetch(request, { exchange: { ip: incoming.socket.remoteAddress ?? '' } }),
  });
  server.on('listening', () => log.info('PocketID is ready', { url: config.appUrl }));
}
