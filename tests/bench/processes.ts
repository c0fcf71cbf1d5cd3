import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';

/** Servers run on the first core, the load generator on the second, so that neither takes time from the other. */
export const SERVER_CORE = 0;
export const LOAD_CORE = availableParallelism() > 1 ? 1 : 0;

/** Whether a program is installed. */
export function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const canPin = has('taskset');

/** The command line that runs `argv` on one core; unpinned where the system has no `taskset`. */
export const pinned = (core: number, argv: string[]): [string, string[]] => {
  const [command = '', ...rest] = canPin ? ['taskset', '-c', String(core), ...argv] : argv;
  return [command, rest];
};

/** Keeps this process, and whatever it starts without saying otherwise, off the servers' core. */
export function pinSelf(): void {
  if (canPin) execFileSync('taskset', ['-apc', String(LOAD_CORE), String(process.pid)], { stdio: 'ignore' });
}

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A server under measurement. */
export interface Server {
  origin: string;
  /** From spawning to the first good answer, in milliseconds. */
  readyMs: number;
  /** Resident memory now, in bytes. */
  rss(): number;
  /** CPU time used so far by all its threads, in microseconds. */
  cpu(): number;
  stop(): Promise<void>;
}

/** `/proc` counts CPU time in ticks of 10 ms. */
const TICK_MICROSECONDS = 10_000;

function stat(pid: number) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return { cpu: ((fields[11] ?? 0) + (fields[12] ?? 0)) * TICK_MICROSECONDS, rss: (fields[21] ?? 0) * 4096 };
}

const running = new Set<ChildProcess>();
/** Servers must not outlive a bench that failed. */
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

async function untilAnswers(child: ChildProcess, url: string): Promise<void> {
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    if (child.exitCode !== null) throw new Error(`the server of ${url} ended with exit code ${child.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    await new Promise((wake) => setTimeout(wake, 2));
  }
  throw new Error(`no good answer from ${url} within 30 s`);
}

/** Starts a Node program pinned to the servers' core, in an environment of its own, and waits until `probe` answers. Its output goes to `output`. */
export async function startServer(options: {
  argv: string[];
  env: Record<string, string>;
  port: number;
  probe: string;
  output: string;
}): Promise<Server> {
  const origin = `http://localhost:${options.port}`;
  const [command, args] = pinned(SERVER_CORE, [process.execPath, ...options.argv]);
  const env = { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...options.env };
  const begun = performance.now();
  const output = openSync(options.output, 'a');
  const child = spawn(command, args, { env, stdio: ['ignore', output, output] });
  closeSync(output);
  running.add(child);
  child.once('exit', () => running.delete(child));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      // A measured server owes nobody a graceful end.
      const impatience = setTimeout(() => child.kill('SIGKILL'), 3000);
      await gone;
      clearTimeout(impatience);
    }
  };
  try {
    await untilAnswers(child, `${origin}${options.probe}`);
  } catch (cause) {
    await stop();
    throw new Error(`see ${options.output}`, { cause });
  }
  const pid = child.pid ?? 0;
  return { origin, readyMs: performance.now() - begun, rss: () => stat(pid).rss, cpu: () => stat(pid).cpu, stop };
}
