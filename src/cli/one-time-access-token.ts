import { visitApp } from './visit-app.ts';

const SECONDS = 60 * 60;

/** Prints `APP_URL/lc/CODE`, valid for one hour, for a username or e-mail address. Scripts parse the output. */
export const oneTimeAccessToken = (person: string): Promise<void> =>
  visitApp(async ({ oneTimeCodes }, origin, { appUrl }) => {
    const code = await oneTimeCodes.issueFor(person, SECONDS, origin);
    process.stdout.write(`A link for ${JSON.stringify(person)}, valid for one hour and one sign-in:\n${appUrl}/lc/${code}\n`);
  });
