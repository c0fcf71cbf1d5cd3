import { join } from 'node:path';
import { furnish } from './furnish.ts';
import { measureLarge } from './large.ts';
import { CONNECTIONS, GENERATOR } from './load.ts';
import { freePort } from './processes.ts';
import { ratios, startup } from './report.ts';
import { countsFor, measureAll, median, type Options, type Plans, say } from './rounds.ts';
import { SCENARIOS } from './scenarios.ts';
import { limitPlan, recordAll, startLimit, startPocketId, startProvider } from './systems.ts';

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
    await Promise.all([limit, provider.server].map((server) => server.stop()));
    if (options.large) await measureLarge({ ...options, directory: join(directory, 'large') }, served, results);
  } finally {
    await Promise.all([pocketid, limit, provider.server].map((server) => server.stop()));
  }
}
