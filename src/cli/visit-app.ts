import { systemClock } from '#platform/clock.ts';
import type { Config } from '#platform/config.ts';
import type { Origin } from '#platform/http/context.ts';
import { createLog } from '#platform/log.ts';
import { systemRandom } from '#platform/random.ts';
import { type App, createApp } from '../app.ts';
import { visit } from './visit.ts';

/** Lets `work` use what the server is made of, beside a server that may be running. `origin` is what the audit log says of who did it. */
export const visitApp = (work: (services: App['services'], origin: Origin, config: Config) => Promise<void>): Promise<void> =>
  visit(async (config, database) => {
    const log = createLog({ ...config, logLevel: 'error' }, process.stderr);
    const { services } = await createApp({ config, database, clock: systemClock, random: systemRandom, log, visiting: true });
    await work(services, { requestId: systemRandom.uuid(), ip: '', userAgent: 'command line' }, config);
  });
