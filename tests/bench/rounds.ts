import type { Counts } from './furnish.ts';
import { CONNECTIONS, type Measure, measure, type Plan } from './load.ts';
import type { Server } from './processes.ts';
import { measurements, type Result } from './report.ts';
import { GOALS, type ScenarioName } from './scenarios.ts';

export interface Options {
  /** For databases, plans and logs; on a real disk. */
  directory: string;
  /** Scenarios whose name contains one of these, separated by commas; '' for all. */
  only: string;
  /** Of one measurement, a whole number. */
  seconds: number;
  /** Measurements of each scenario, the servers taking turns; the median counts. */
  rounds: number;
  /** Again with a million of everything. */
  large: boolean;
}

/** `opaque` is oidc-provider with access tokens of its own kind. */
export type System = 'pocketid' | 'limit' | 'provider' | 'opaque';
export type Plans = Partial<Record<ScenarioName, Plan>>;

export const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Takes what one measurement needs of a plan, so that no one-time value is sent twice. */
export function portion(plan: Plan, count: number): Plan {
  const lines = plan.lines as string[];
  if (plan.kind === 'once') return { ...plan, lines: lines.splice(0, count) };
  if (plan.kind === 'chain') return { ...plan, lines: [lines[0] ?? '', ...lines.splice(1, CONNECTIONS * 2)] };
  return plan;
}

export const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
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
export function countsFor(system: System, { seconds, rounds }: Options): Counts {
  const all = rounds * seconds + rounds - 1 + warmUp(system, 0, seconds);
  const of = (name: ScenarioName) => (GOALS[name].perSecond ?? 0) * all;
  return {
    rs256: of('code exchange RS256'),
    es256: of('code exchange ES256'),
    refreshTokens: (2 * rounds + 1) * CONNECTIONS * 2,
    ofOne: of('passkey login finish'),
    ofAll: of('login finish, 200 people'),
  };
}

/** Measures every scenario with every server that knows it, the servers taking turns; prints as it goes. */
export async function measureAll(
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
