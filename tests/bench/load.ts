import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { has, LOAD_CORE, pinned, type Server } from './processes.ts';

/** Requests of one scenario to one server. */
export interface Plan {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  /**
   * `same`: one request again and again. `once`: each line once, in order. `chain`: the first line is the start of every body, each further one a
   * refresh token whose successor, read from the answer, comes next. `sign-in`: start, then finish with an assertion signed by the generator.
   */
  kind: 'same' | 'once' | 'chain' | 'sign-in';
  /** A body each, or a body, a tab, and a cookie. `sign-in`: the passkeys, JSON. */
  lines: readonly string[];
}

export interface Measure {
  /** Requests per second. */
  rate: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Answers that were no 2xx or 3xx, and broken connections. */
  errors: number;
  /** Server CPU time per request, microseconds: steadier than the rate where other programs run beside. */
  cpu: number;
  /** Resident memory of the server afterwards, bytes. */
  rss: number;
}

export const CONNECTIONS = 64;

const run = promisify(execFile);
const here = import.meta.dirname;

/** Which generator `measure` uses for all but `sign-in`. */
export const GENERATOR = has('wrk') ? 'wrk' : 'autocannon';

const command = (kind: Plan['kind'], url: string, seconds: number, file: string): string[] =>
  GENERATOR === 'wrk' && kind !== 'sign-in'
    ? ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', join(here, 'requests.lua'), url, '--', file]
    : [process.execPath, join(here, 'autocannon-load.ts'), url, String(seconds), file];

/** Writes the plan where the generators read it; `requests.lua` says in which form. */
function writePlan(file: string, { method, path, kind, headers = {}, lines }: Plan): void {
  const head = [method, path, kind, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), ''];
  writeFileSync(file, [...head, ...lines].join('\n'));
}

/** Sends the plan's requests over 64 connections for `seconds`, from the other core. A plan that runs out of lines ends early. */
export async function measure(
  server: Server,
  plan: Plan,
  { seconds, directory }: { seconds: number; directory: string },
): Promise<Measure> {
  if (plan.lines.length === 0) throw new Error(`${plan.path}: the one-time values that were prepared are used up`);
  const file = join(directory, 'plan');
  writePlan(file, plan);
  const [program, args] = pinned(LOAD_CORE, command(plan.kind, server.origin, seconds, file));
  const before = server.cpu();
  const { stdout } = await run(program, args, { maxBuffer: 1 << 24 });
  const cpu = server.cpu() - before;
  const result = JSON.parse(/^result (.*)$/m.exec(stdout)?.[1] ?? 'null') as {
    requests: number;
    seconds: number;
    errors: number;
    p50: number;
    p99: number;
  } | null;
  if (!result) throw new Error(`the load generator said: ${stdout}`);
  return {
    rate: Math.max(0, result.requests - result.errors) / result.seconds,
    p50: result.p50,
    p99: result.p99,
    errors: result.errors,
    cpu: cpu / Math.max(1, result.requests),
    rss: server.rss(),
  };
}
