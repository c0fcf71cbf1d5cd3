import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './free-port.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
export const API_KEY = 'static-api-key-of-a-test-server';

export interface ServerProcess {
  child: ChildProcess;
  /** Scheme, host and port. */
  url: string;
  /** Everything it has printed so far. */
  output(): string;
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | string | null>;
}

/**
 * A working directory for real server processes, removed with the test, and how to start one there. `start` resolves when the server is ready;
 * it rejects with what was printed when it ends before. `run` waits for a command to end.
 */
export async function workplace(t: TestContext, env: Record<string, string | undefined> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-server-'));
  const port = await freePort();
  const settings = {
    ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
    STATIC_API_KEY: API_KEY,
    DISABLE_RATE_LIMITING: 'true',
    PORT: String(port),
    ...env,
  };
  const children = new Set<ChildProcess>();
  t.after(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    rmSync(directory, { recursive: true, force: true });
  });

  const launch = (args: string[], over: Record<string, string> = {}): ServerProcess => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: directory, ...settings, ...over },
    });
    children.add(child);
    let text = '';
    const keep = (chunk: Buffer) => {
      text += chunk;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
    return { child, url: `http://localhost:${over.PORT ?? settings.PORT}`, output: () => text, ended };
  };

  return {
    directory,
    database: join(directory, 'data', 'pocket-id.db'),
    port,
    async start(over: Record<string, string> = {}, ready = /is ready/): Promise<ServerProcess> {
      const server = launch([], over);
      await new Promise<void>((resolve, reject) => {
        const look = () => {
          if (ready.test(server.output())) resolve();
        };
        server.child.stdout?.on('data', look);
        void server.ended.then((how) => reject(new Error(`the server ended with ${how}:\n${server.output()}`)));
      });
      return server;
    },
    async run(args: string[], over: Record<string, string> = {}): Promise<{ code: number | string | null; output: string }> {
      const command = launch(args, over);
      return { code: await command.ended, output: command.output() };
    },
  };
}
