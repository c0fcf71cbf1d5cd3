import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Counts, type Furnished, furnish } from './furnish.ts';
import { CONNECTIONS, GENERATOR, type Measure, measure, type Plan } from './load.ts';
import { freePort, type Server, startServer } from './processes.ts';
import { type Recording, record } from './recording.ts';
import { measurements, type Result, ratios, startup } from './report.ts';
import { secret } from './rows.ts';
import { GOALS, SCENARIOS, type ScenarioName } from './scenarios.ts';

export interface Options {
  /** For databases, plans and logs; on a real disk. */
  directory: string;
  /** Scenarios whose name contains one of these, separated by commas; '' for all. */
  only: string;
  /** Of one measurement, a whole number. */
  seconds: number;
  /** Measurements of each scenario, the servers taking turns; the median counts. */
  rounds: number;
  large: boolean;
}

const here = import.meta.dirname;
const say = (text: string) => void process.stdout.write(`${text}\n`);

type System = 'pocketid' | 'limit' | 'provider' | 'opaque';
type Plans = Partial<Record<ScenarioName, Plan>>;

/** Takes what one measurement needs of a plan, so that no one-time value is sent twice. */
function portion(plan: Plan, count: number): Plan {
  const lines = plan.lines as string[];
  if (plan.kind === 'once') return { ...plan, lines: lines.splice(0, count) };
  if (plan.kind === 'chain') return { ...plan, lines: [lines[0] ?? '', ...lines.splice(1, CONNECTIONS * 2)] };
  return plan;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const medians = (all: Measure[]): Measure => ({
  rate: median(all.map((m) => m.rate)),
  p50: median(all.map((m) => m.p50)),
  p99: median(all.map((m) => m.p99)),
  cpu: median(all.map((m) => m.cpu)),
  rss: Math.max(...all.map((m) => m.rss)),
  errors: all.reduce((sum, m) => sum + m.errors, 0),
});

/** Seconds before a measurement that do not count: the first time, until most of the code is compiled. PocketID has more of it than the others. */
const warmUp = (system: System, round: number, seconds: number) => (round > 0 ? 1 : system === 'pocketid' ? 3 * seconds : seconds);

/** How many one-time values a whole run can use up. */
function countsFor(system: System, { seconds, rounds }: Options): Counts {
  const all = rounds * seconds + rounds - 1 + warmUp(system, 0, seconds);
  const of = (name: ScenarioName) => (GOALS[name].perSecond ?? 0) * all;
  return {
    rs256: of('code exchange RS256'),
    es256: of('code exchange ES256'),
    refreshTokens: (2 * rounds + 1) * CONNECTIONS * 2,
    challenges: of('passkey login finish'),
  };
}

/** PocketID as an operator runs it, but for its rate limits. */
export async function startPocketId(directory: string, port: number): Promise<Server> {
  const env = {
    APP_URL: `http://localhost:${port}`,
    PORT: String(port),
    HOST: '127.0.0.1',
    DB_CONNECTION_STRING: join(directory, 'pocket-id.db'),
    ENCRYPTION_KEY: 'an encryption key of the bench',
    DISABLE_RATE_LIMITING: 'true',
    // As `npm start` has it.
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
  };
  return startServer({ argv: ['src/main.ts'], env, port, probe: '/healthz', output: join(directory, 'pocketid.log') });
}

async function startProvider(directory: string, counts: Counts): Promise<{ server: Server; jwt: Plans; opaque: Plans }> {
  const port = await freePort();
  const file = join(directory, 'provider.json');
  const argv = [join(here, 'provider-server.ts'), String(port), file, JSON.stringify(counts)];
  const output = join(directory, 'provider.log');
  const server = await startServer({ argv, env: {}, port, probe: '/.well-known/openid-configuration', output });
  return { server, ...(JSON.parse(readFileSync(file, 'utf8')) as { jwt: Plans; opaque: Plans }) };
}

/** The limit server's plan is PocketID's at a path that names the scenario; it does not look at one-time values, so one does. */
function limitPlan(name: ScenarioName, plan: Plan): Plan {
  const path = limitPath(name, plan.path);
  if (plan.kind === 'once') return { ...plan, path, kind: 'same', lines: plan.lines.slice(0, 1) };
  return { ...plan, path, lines: plan.kind === 'chain' ? [plan.lines[0] ?? '', ...Array<string>(10_000).fill(secret())] : plan.lines };
}
const limitPath = (name: ScenarioName, path: string) => `/${name.replaceAll(' ', '-')}${path}`;

async function startLimit(directory: string, recordings: Recording[]): Promise<Server> {
  const port = await freePort();
  const file = join(directory, 'recordings.json');
  writeFileSync(file, JSON.stringify(recordings));
  const argv = [join(here, 'limit-server.ts'), String(port), file];
  return startServer({ argv, env: {}, port, probe: '/', output: join(directory, 'limit.log') });
}

/** Asks PocketID once in each scenario; those it does not serve are left out. */
async function recordAll(server: Server, { plans, passkeys }: Furnished, names: readonly ScenarioName[]) {
  const recordings = new Map<ScenarioName, Recording[]>();
  const ask = async (name: ScenarioName, plan: Plan): Promise<Recording[]> => {
    if (plan.kind === 'sign-in') {
      const start = await record(server, { ...plan, method: 'GET', path: plan.path.replace(/finish$/, 'start') }, '');
      const [finish] = await ask('passkey login finish', plans['passkey login finish']);
      return finish ? [start, { ...finish, path: plan.path }] : [];
    }
    const [first = '', second = ''] = portion(plan, 1).lines;
    return [await record(server, plan, first + second, name === 'passkey login finish' ? passkeys : [])];
  };
  for (const name of names)
    try {
      const found = await ask(name, plans[name]);
      recordings.set(
        name,
        found.map((recording) => ({ ...recording, path: limitPath(name, recording.path) })),
      );
    } catch (cause) {
      say(`${name} is left out: ${(cause as Error).message}`);
    }
  return recordings;
}

async function measureAll(
  names: readonly ScenarioName[],
  servers: Partial<Record<System, { server: Server; plans: Plans }>>,
  options: Options,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of names) {
    const all: Record<System, Measure[]> = { pocketid: [], limit: [], provider: [], opaque: [] };
    for (let round = 0; round < options.rounds; round++)
      for (const [system, { server, plans }] of Object.entries(servers) as [System, { server: Server; plans: Plans }][]) {
        const plan = plans[name];
        if (!plan) continue;
        const run = (seconds: number) =>
          measure(server, portion(plan, (GOALS[name].perSecond ?? 0) * seconds), { seconds, directory: options.directory });
        await run(warmUp(system, round, options.seconds));
        all[system].push(await run(options.seconds));
      }
    const result: Result = { name };
    for (const system of Object.keys(all) as System[]) if (all[system].length > 0) result[system] = medians(all[system]);
    results.push(result);
    say(
      measurements([result])
        .split('\n')
        .slice(results.length > 1 ? 1 : 0)
        .join('\n'),
    );
  }
  return results;
}

const STARTS = 3;
/** PocketID gives back what its start needed two seconds after it. */
const IDLE_MS = 4000;

async function startTimes(directory: string, port: number): Promise<{ readyMs: number; idle: number }> {
  const times: number[] = [];
  const memory: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const server = await startPocketId(directory, port);
    times.push(server.readyMs);
    await new Promise((wake) => setTimeout(wake, IDLE_MS));
    memory.push(server.rss());
    await server.stop();
  }
  return { readyMs: median(times), idle: median(memory) };
}

/** One whole run; prints as it goes. */
export async function bench(options: Options): Promise<void> {
  const { directory } = options;
  const names = SCENARIOS.filter((name) => options.only.split(',').some((part) => name.includes(part)));
  say(`${CONNECTIONS} connections by ${GENERATOR}, ${options.rounds} rounds of ${options.seconds} s; Node ${process.version}`);
  const port = await freePort();
  const first = await startPocketId(directory, port);
  await first.stop();
  const furnished = await furnish(join(directory, 'pocket-id.db'), first.origin, countsFor('pocketid', options));
  const { readyMs, idle } = await startTimes(directory, port);
  const pocketid = await startPocketId(directory, port);
  const provider = await startProvider(directory, countsFor('provider', options));
  const recordings = await recordAll(pocketid, furnished, names);
  const served = names.filter((name) => recordings.has(name));
  const limit = await startLimit(directory, [...recordings.values()].flat());
  const limitPlans: Plans = Object.fromEntries(served.map((name) => [name, limitPlan(name, furnished.plans[name])]));
  try {
    const servers = {
      pocketid: { server: pocketid, plans: furnished.plans },
      limit: { server: limit, plans: limitPlans },
      provider: { server: provider.server, plans: provider.jwt },
      opaque: { server: provider.server, plans: provider.opaque },
    };
    const results = await measureAll(served, servers, options);
    say(`\n${ratios(results)}\n\n${startup(readyMs, first.readyMs, idle)}`);
  } finally {
    await Promise.all([pocketid, limit, provider.server].map((server) => server.stop()));
  }
}
