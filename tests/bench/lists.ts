import { sql } from 'kysely';
import { systemClock } from '#platform/clock.ts';
import { type Database, openDatabase } from '#platform/db/open.ts';
import { systemRandom } from '#platform/random.ts';
import { testConfig } from '#src/testing/world.ts';
import { createApp } from '../../src/app.ts';
import { table } from './report.ts';
import { median, say } from './rounds.ts';
import { AIMS } from './scenarios.ts';

const page = (path: string, query: Record<string, string> = {}) => {
  const text = new URLSearchParams({ 'pagination[limit]': '20', ...query }).toString();
  return `${path}?${text}`;
};
const sorted = (path: string, columns: string[]) =>
  columns.flatMap((column) => ['asc', 'desc'].map((direction) => page(path, { 'sort[column]': column, 'sort[direction]': direction })));

const USER = '01900000-0000-7000-8000-000000004242';

/** Every list, search and filter, and the objects that hold lists. */
export const LISTS: readonly string[] = [
  page('/api/users'),
  page('/api/users', { 'pagination[page]': '2500' }),
  page('/api/users', { 'pagination[page]': '5000' }),
  ...sorted('/api/users', [
    'username',
    'email',
    'emailVerified',
    'firstName',
    'lastName',
    'displayName',
    'isAdmin',
    'disabled',
    'createdAt',
  ]),
  page('/api/users', { search: 'user4242' }),
  page('/api/users', { search: 'last77', 'sort[column]': 'username' }),
  page('/api/users', { search: 'nobody-is-called-so' }),
  page('/api/users', { search: 'e' }),
  page('/api/users', { search: 'example.org', 'sort[column]': 'lastName', 'pagination[page]': '3' }),
  page('/api/users', { 'filters[isAdmin]': 'true' }),
  page('/api/users', { 'filters[isAdmin]': 'true', 'sort[column]': 'username' }),
  page('/api/users', { 'filters[isAdmin]': 'false', 'sort[column]': 'lastName' }),
  page('/api/users', { 'filters[disabled]': 'true' }),
  page('/api/users', { 'filters[disabled]': 'true', 'filters[isAdmin]': 'false', 'sort[column]': 'email' }),
  page('/api/users', { 'filters[disabled]': 'false', 'filters[isAdmin]': 'false', 'filters[emailVerified]': 'true' }),
  page('/api/users', { 'filters[emailVerified]': 'true', search: 'first7' }),
  page('/api/users', { 'filters[emailVerified]': 'false', search: 'user' }),
  `/api/users/${USER}`,
  `/api/users/${USER}/groups`,
  `/api/users/${USER}/sessions`,
  page('/api/user-groups'),
  page('/api/user-groups', { 'pagination[page]': '500' }),
  ...sorted('/api/user-groups', ['name', 'friendlyName', 'createdAt', 'userCount']),
  page('/api/user-groups', { search: 'group42' }),
  page('/api/user-groups', { search: 'group', 'sort[column]': 'userCount', 'sort[direction]': 'desc' }),
  page('/api/user-groups', { search: 'no-such-group' }),
  '/api/user-groups/01910000-0000-7000-8000-000000000042',
  page('/api/oidc/clients'),
  ...sorted('/api/oidc/clients', ['name', 'createdAt', 'pkceEnabled', 'isGroupRestricted', 'clientType', 'allowedUserGroupsCount']),
  page('/api/oidc/clients', { search: 'application 42' }),
  page('/api/oidc/clients', { 'filters[pkceEnabled]': 'true' }),
  page('/api/oidc/users/me/clients'),
  page('/api/oidc/users/me/authorized-clients'),
  page('/api/audit-logs'),
  page('/api/audit-logs/all'),
  page('/api/audit-logs/all', { 'pagination[page]': '10000' }),
  page('/api/audit-logs/all', { 'pagination[page]': '25000' }),
  page('/api/audit-logs/all', { 'pagination[page]': '50000' }),
  ...sorted('/api/audit-logs/all', ['createdAt', 'event', 'ipAddress', 'country', 'city', 'userAgent']),
  page('/api/audit-logs/all', { 'filters[event]': 'PASSKEY_ADDED' }),
  page('/api/audit-logs/all', { 'filters[userID]': USER }),
  page('/api/audit-logs/all', { 'filters[clientName]': 'Application 42' }),
  page('/api/audit-logs/all', { 'filters[clientName]': 'Application 42', 'filters[event]': 'SIGN_IN', 'sort[column]': 'ipAddress' }),
  page('/api/audit-logs/all', { 'filters[location]': 'internal' }),
  page('/api/audit-logs/all', { 'filters[location]': 'external', 'sort[column]': 'ipAddress' }),
  page('/api/audit-logs/all', { 'filters[event]': 'SIGN_IN', 'filters[location]': 'external' }),
  '/api/audit-logs/filters/client-names',
  '/api/audit-logs/filters/users',
  page('/api/api-keys'),
  '/api/custom-claims/suggestions',
];

const TIMES = 7;

/** How the database means to run a statement, one step a line. */
async function planOf({ db, kind }: Database, statement: string): Promise<string[]> {
  if (kind === 'postgres') {
    const { rows } = await sql.raw<{ 'QUERY PLAN': string }>(`explain (generic_plan, costs off) ${statement}`).execute(db);
    return rows.map((row) => row['QUERY PLAN']);
  }
  const { rows } = await sql.raw<{ detail: string }>(`explain query plan ${statement}`).execute(db);
  return rows.map((row) => row.detail);
}

/** A statement as the plans' heading: without its columns, and with one placeholder for a list of them. */
const shortened = (statement: string) =>
  statement
    .replace(/\s+/g, ' ')
    .replace(/\((?:\?|\$\d+)(?:, (?:\?|\$\d+))+\)/g, '(…)')
    .replace(/^select .*? (?=from )/, '… ')
    .slice(0, 400);

/** A step that reads a whole table although it shows a page of it; what a statement has found itself is no table. */
const readsAll = (step: string) =>
  /^SCAN (?!.*USING)|Seq Scan/.test(step.trim()) && !/CONSTANT ROW|\b(?:n|found|names|ids)$/.test(step.trim());

/** Measures every list of a large installation and prints medians and plans. `apiKey` is an administrator's. */
export async function measureLists(target: string, apiKey: string, encryptionKey: string): Promise<void> {
  const heard: string[] = [];
  const database = await openDatabase(target, { clock: systemClock, onQuery: (text) => void heard.push(text) });
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const config = testConfig({ encryptionKey, appUrl: 'http://localhost:1411', database: target, staticApiKey: undefined });
  const app = await createApp({ config, database, clock: systemClock, random: systemRandom, log: silent });
  const rows: string[][] = [[`lists on ${database.kind}`, 'median ms', 'first ms', 'KiB', 'statements', `aim: ${AIMS.listMs} ms`]];
  const plans = new Map<string, string[]>();
  for (const path of LISTS) {
    const times: number[] = [];
    let bytes = 0;
    for (let i = 0; i < TIMES; i++) {
      heard.length = 0;
      const begun = performance.now();
      const answer = await app.request(`${config.appUrl}${path}`, { headers: { 'x-api-key': apiKey } });
      bytes = (await answer.arrayBuffer()).byteLength;
      times.push(performance.now() - begun);
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
    }
    const statements = heard.filter((text) => /^\s*(select|with)/i.test(text));
    for (const text of statements) if (!plans.has(shortened(text))) plans.set(shortened(text), await planOf(database, text));
    const [first = 0] = times;
    const ms = median(times);
    const verdict = ms < AIMS.listMs ? '' : 'FALLS SHORT';
    rows.push([decodeURIComponent(path), ms.toFixed(1), first.toFixed(0), (bytes / 1024).toFixed(0), String(statements.length), verdict]);
  }
  await app.close();
  say(`\n${table(rows)}\n\nplans on ${database.kind}; ! reads a whole table`);
  for (const [text, steps] of plans) say(`${text}\n${steps.map((step) => `  ${readsAll(step) ? '!' : ' '} ${step}`).join('\n')}`);
}
