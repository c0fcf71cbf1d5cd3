import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counts, Furnished } from './furnish.ts';
import type { Plan } from './load.ts';
import { freePort, type Server, startServer } from './processes.ts';
import { type Recording, record } from './recording.ts';
import { type Plans, portion, say } from './rounds.ts';
import { secret } from './rows.ts';
import { FINISH, type ScenarioName } from './scenarios.ts';

const here = import.meta.dirname;
export const ENCRYPTION_KEY = 'an encryption key of the bench';

/** PocketID as an operator runs it, but for its rate limits. */
export async function startPocketId(directory: string, port: number): Promise<Server> {
  const env = {
    APP_URL: `http://localhost:${port}`,
    PORT: String(port),
    HOST: '127.0.0.1',
    DB_CONNECTION_STRING: join(directory, 'pocket-id.db'),
    ENCRYPTION_KEY,
    DISABLE_RATE_LIMITING: 'true',
    // As `npm start` has it.
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
  };
  return startServer({
    argv: ['--min-semi-space-size=8', 'src/main.ts'],
    env,
    port,
    probe: '/healthz',
    output: join(directory, 'pocketid.log'),
  });
}

/** oidc-provider with its plans, for both kinds of access tokens. */
export async function startProvider(directory: string, counts: Counts): Promise<{ server: Server; jwt: Plans; opaque: Plans }> {
  const port = await freePort();
  const file = join(directory, 'provider.json');
  const argv = [join(here, 'provider-server.ts'), String(port), file, JSON.stringify(counts)];
  const output = join(directory, 'provider.log');
  const server = await startServer({ argv, env: {}, port, probe: '/.well-known/openid-configuration', output });
  return { server, ...(JSON.parse(readFileSync(file, 'utf8')) as { jwt: Plans; opaque: Plans }) };
}

/** The limit server's plan is PocketID's at a path that names the scenario; it does not look at one-time values, so one does. */
export function limitPlan(name: ScenarioName, plan: Plan): Plan {
  const path = limitPath(name, plan.path);
  if (plan.kind === 'once') return { ...plan, path, kind: 'same', lines: plan.lines.slice(0, 1) };
  return { ...plan, path, lines: plan.kind === 'chain' ? [plan.lines[0] ?? '', ...Array<string>(10_000).fill(secret())] : plan.lines };
}
const limitPath = (name: ScenarioName, path: string) => `/${name.replaceAll(' ', '-')}${path}`;

/** The limit server, which answers what was recorded. */
export async function startLimit(directory: string, recordings: Recording[]): Promise<Server> {
  const port = await freePort();
  const file = join(directory, 'recordings.json');
  writeFileSync(file, JSON.stringify(recordings));
  const argv = [join(here, 'limit-server.ts'), String(port), file];
  return startServer({ argv, env: {}, port, probe: '/', output: join(directory, 'limit.log') });
}

/** Asks PocketID once in each scenario; those it does not serve are left out. */
export async function recordAll(server: Server, { plans, passkeys }: Furnished, names: readonly ScenarioName[]) {
  const recordings = new Map<ScenarioName, Recording[]>();
  const ask = async (plan: Plan): Promise<Recording[]> => {
    if (plan.kind === 'sign-in') {
      const start = await record(server, { ...plan, method: 'GET', path: plan.path.replace(/finish$/, 'start') }, '');
      const [finish] = await ask(plans['passkey login finish']);
      return finish ? [start, { ...finish, path: plan.path }] : [];
    }
    const [first = '', second = ''] = portion(plan, 1).lines;
    return [await record(server, plan, first + second, plan.path === FINISH ? passkeys : [])];
  };
  for (const name of names)
    try {
      const found = await ask(plans[name]);
      recordings.set(
        name,
        found.map((recording) => ({ ...recording, path: limitPath(name, recording.path) })),
      );
    } catch (cause) {
      say(`${name} is left out: ${(cause as Error).message}`);
    }
  return recordings;
}
