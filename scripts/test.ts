import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from './postgres-server.ts';

/**
 * `npm test [files]`: every `*.test.ts` on SQLite, then the same list on PostgreSQL, then people's flows in a browser; brings what those need.
 * The last line counts them all.
 */

/** Debian packages, and how to see whether they are there. */
const PROGRAMS: Record<string, () => boolean> = {
  chromium: () => chromium() !== undefined,
  'python3-jwcrypto': () => spawnSync('/usr/bin/python3', ['-c', 'import jwcrypto'], { stdio: 'ignore' }).status === 0,
};
const chromium = () => ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

function bringPrograms(): void {
  const missing = Object.keys(PROGRAMS).filter((name) => !PROGRAMS[name]?.());
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) fail(`the tests need ${missing.join(', ')}; as root: ${command}`);
  process.stdout.write(`Installing ${missing.join(', ')} …\n`);
  const run = (line: string) =>
    spawnSync('sh', ['-c', `${line} >&2`], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  if (!run(`${command} -qq`) && !(run('apt-get update -qq') && run(`${command} -qq`))) fail(`could not install ${missing.join(', ')}`);
}

function fail(sentence: string): never {
  process.stderr.write(`error: ${sentence}\n`);
  process.exit(1);
}

interface Count {
  passed: number;
  failed: number;
}

const out = mkdtempSync(join(tmpdir(), 'pocketid-test-'));
/** What the developer's shell has set must not reach the program under test. */
const env = Object.fromEntries(
  ['PATH', 'HOME', 'LANG', 'TMPDIR', 'CI', 'npm_config_cache', 'NODE_COMPILE_CACHE', 'DISPLAY']
    .map((name) => [name, process.env[name]])
    .filter(([, value]) => value !== undefined),
);

const exitOf = (command: string, args: string[], options: SpawnOptions) =>
  new Promise<number>((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });

async function serverTests(name: string, files: string[], variables: Record<string, string>): Promise<Count> {
  process.stdout.write(`\n== ${name} ==\n`);
  const tap = join(out, `${name}.tap`);
  const reporters = [
    '--test-reporter=dot',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${tap}`,
  ];
  const code = await exitOf(process.execPath, ['--test', '--test-concurrency=2', ...reporters, ...files], {
    env: { ...env, NODE_ENV: 'test', ...variables },
  });
  const report = existsSync(tap) ? readFileSync(tap, 'utf8') : '';
  const number = (key: string) => Number(new RegExp(`^# ${key} (\\d+)$`, 'm').exec(report)?.[1] ?? 0);
  process.stdout.write(
    `${report
      .split('\n')
      .filter((line) => line.startsWith('# '))
      .join('\n')}\n`,
  );
  const failed = number('fail') + number('cancelled') + number('skipped') + number('todo');
  return { passed: number('pass'), failed: failed === 0 && code !== 0 ? 1 : failed };
}

async function browserTests(): Promise<Count> {
  process.stdout.write('\n== browser ==\n');
  const report = join(out, 'browser.json');
  const variables = { CHROMIUM_PATH: chromium(), PLAYWRIGHT_JSON_OUTPUT_FILE: report, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' };
  const cli = join('node_modules', '@playwright', 'test', 'cli.js');
  const code = await exitOf(process.execPath, [cli, 'test', '--config', 'playwright.config.ts', '--reporter=list,json'], {
    env: { ...env, ...variables },
  });
  const stats = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).stats : { expected: 0, unexpected: 0, flaky: 0, skipped: 0 };
  const failed = stats.unexpected + stats.flaky + stats.skipped;
  return { passed: stats.expected, failed: failed === 0 && code !== 0 ? 1 : failed };
}

bringPrograms();
const named = process.argv.slice(2);
const files =
  named.length > 0
    ? named.flatMap((path) => (path.endsWith('.ts') ? path : globSync(`${path}/**/*.test.ts`)))
    : globSync(['src/**/*.test.ts', 'tests/**/*.test.ts']);
const server = startPostgres();
server.catch(() => {});
const end = async () => {
  await server.then((it) => it.stop()).catch(() => {});
  rmSync(out, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end().then(() => process.exit(1)));
const counts: Count[] = [];
try {
  counts.push(await serverTests('SQLite', files.sort(), {}));
  // Killing processes over and over is about the file on this machine's disk.
  const onPostgres = files.filter((file) => !file.startsWith('tests/chaos/'));
  if (onPostgres.length > 0) counts.push(await serverTests('PostgreSQL', onPostgres, { TEST_DATABASE_URL: (await server).url }));
  if (named.length === 0) counts.push(await browserTests());
} finally {
  await end();
}
const sum = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0);
process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed\n`);
process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
