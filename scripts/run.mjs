// Plain JavaScript for Node 18 and later: what has to work before anything is installed.
// usage: node scripts/run.mjs <arguments for node>: installs what is missing, then runs them with a Node that is new enough.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const LEAST_NODE = 24;

const json = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

/** Whether everything the lock file asks for is installed, but for packages of other systems. */
function installed(directory) {
  const wanted = json(join(directory, 'package-lock.json'))?.packages ?? {};
  const found = json(join(directory, 'node_modules', '.package-lock.json'))?.packages;
  if (!found) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const there = found[path];
    return there ? there.version === version && there.integrity === integrity : optional === true;
  });
}

function install(directory, what) {
  process.stderr.write(`Installing ${what} …\n`);
  const npm = process.env.npm_execpath ? [process.execPath, [process.env.npm_execpath]] : ['npm', []];
  const { status, error } = spawnSync(npm[0], [...npm[1], 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: directory,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, npm_config_local_prefix: directory },
  });
  if (error || status !== 0) {
    process.stderr.write(`error: npm could not install ${what}${error ? `: ${error.message}` : ''}\n`);
    process.exit(1);
  }
}

/** A Node that runs TypeScript as it stands: this one, or the one of tools/runtime. */
function node() {
  if (Number(process.versions.node.split('.')[0]) >= LEAST_NODE) return process.execPath;
  const runtime = join(root, 'tools', 'runtime');
  const name = `node-${process.platform}-${process.arch}`;
  const path = join(runtime, 'node_modules', name, 'bin', 'node');
  if (!json(join(runtime, 'package.json')).optionalDependencies[name]) {
    process.stderr.write(
      `error: this needs Node ${LEAST_NODE} or later; this is ${process.version}, and for ${name} none can be brought along\n`,
    );
    process.exit(1);
  }
  if (!existsSync(path) || !installed(runtime)) install(runtime, 'a newer Node for this project alone');
  return path;
}

if (!installed(root)) install(root, 'packages');
const executable = node();
const child = spawn(executable, process.argv.slice(2), {
  cwd: root,
  stdio: 'inherit',
  // Half of a start, and 20 MiB afterwards, is compiling and taking the types out: what was compiled is kept.
  env: {
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
    ...process.env,
    PATH: `${dirname(executable)}:${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`,
  },
});
// A terminal sends Ctrl-C to every process in front of it; passed on too, it would arrive twice, and twice means "at once".
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => (signal !== 'SIGINT' || !process.stdin.isTTY ? child.kill(signal) : undefined));
child.on('error', (cause) => {
  process.stderr.write(`error: ${executable} could not be started: ${cause.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code ?? 1);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
  process.kill(process.pid, signal);
});
