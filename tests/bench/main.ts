// usage: npm run bench -- [--only <part of a scenario's name>] [--seconds <of one measurement>] [--rounds <n>] [--large]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { has, pinSelf } from './processes.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    large: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

if (!has('wrk') && has('apt-get') && process.getuid?.() === 0) {
  process.stderr.write('Installing wrk …\n');
  try {
    execFileSync('apt-get', ['install', '-y', '-q', 'wrk'], { stdio: 'ignore' });
  } catch {
    process.stderr.write('wrk could not be installed: autocannon takes its place\n');
  }
}
pinSelf();

// Durable writes are part of what is measured, so the data must not stand in memory, as /tmp does on some systems.
const directory = mkdtempSync(join(existsSync('/var/tmp') ? '/var/tmp' : tmpdir(), 'pocketid-bench-'));
try {
  const { bench } = await import('./bench.ts');
  const options = { directory, only: values.only, seconds: Number(values.seconds), rounds: Number(values.rounds), large: values.large };
  await bench(options);
} finally {
  if (values.keep) process.stdout.write(`kept: ${directory}\n`);
  else rmSync(directory, { recursive: true, force: true });
}
