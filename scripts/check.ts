import { spawnSync } from 'node:child_process';

/** What must hold of every change, besides the tests: types, form and rules of style, nothing unused, generated documents current. */
const CHECKS: Record<string, string[]> = {
  types: ['tsc', '-p', '.'],
  style: ['biome', 'check', '--error-on-warnings'],
  'unused code': ['knip'],
  'generated documents': ['node', 'scripts/generate-docs.ts', '--check'],
};

const failed = Object.entries(CHECKS).filter(([name, [command = '', ...args]]) => {
  process.stdout.write(`${name} …\n`);
  return spawnSync(command, args, { stdio: 'inherit' }).status !== 0;
});
process.stdout.write(failed.length === 0 ? 'all checks passed\n' : `error: failed: ${failed.map(([name]) => name).join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
