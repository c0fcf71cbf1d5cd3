import { systemClock } from '#platform/clock.ts';
import { createLog } from '#platform/log.ts';
import { systemRandom } from '#platform/random.ts';
import { createApp } from '../app.ts';
import { visit } from './visit.ts';

const SECONDS = 60 * 60;

/** Prints `APP_URL/lc/CODE`, valid for one hour, for a username or e-mail address. Scripts parse the output. */
export const oneTimeAccessToken = (person: string): Promise<void> =>
  visit(async (config, database) => {
    const log = createLog({ ...config, logLevel: 'error' }, process.stderr);
    const { services } = await createApp({ config, database, clock: systemClock, random: systemRandom, log, visiting: true });
    const origin = { requestId: systemRandom.uuid(), ip: '', userAgent: 'command line' };
    const code = await services.oneTimeCodes.issueFor(person, SECONDS, origin);
    process.stdout.write(`A link for ${JSON.stringify(person)}, valid for one hour and one sign-in:\n${config.appUrl}/lc/${code}\n`);
  });
