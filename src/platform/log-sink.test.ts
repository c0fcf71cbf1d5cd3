import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type TestContext } from 'node:test';

const LINES = 5000;
/** Logs more than a pipe holds, says so, and ends as a server does. */
const PROGRAM = `
  import { createLog } from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))};
  const log = createLog({ logLevel: 'info', logJson: false });
  process.on('exit', log.flush);
  for (let n = 0; n < ${LINES}; n++) {
    log.info('line', { n, filler: 'x'.repeat(60) });
    if (n % 100 === 0) await new Promise(setImmediate);
  }
  process.stderr.write('all logged');
  if (process.argv[1] === 'drains') await log.drain();
  process.exit(0);`;

/** A program whose standard output is a pipe that nobody reads yet. `read` is everything in it until its end. */
async function logging(t: TestContext, how: 'drains' | 'exits') {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-log-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, how], { stdio: ['ignore', writer, 'pipe'] });
  closeSync(writer);
  const ended = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  const [said] = await once(child.stderr!, 'data');
  assert.equal(String(said), 'all logged');
  return { ended, reader };
}

for (const how of ['drains', 'exits'] as const)
  test(`a reader that is late gets every line of a program that ${how}, in their order`, async (t) => {
    const { ended, reader } = await logging(t, how);
    const lines = (await text(new Socket({ fd: reader, readable: true, writable: false }))).trim().split('\n');
    assert.deepEqual(
      lines.map((line) => Number(/ n=(\d+) /.exec(line)?.[1])),
      [...Array(LINES).keys()],
    );
    assert.deepEqual(await ended, [0, null]);
  });

test('a program whose reader takes nothing ends all the same', { timeout: 20_000 }, async (t) => {
  for (const how of ['drains', 'exits'] as const) {
    const { ended, reader } = await logging(t, how);
    assert.deepEqual(await ended, [0, null]);
    closeSync(reader);
  }
});

test('a program whose reader is gone ends at once', { timeout: 20_000 }, async (t) => {
  const { ended, reader } = await logging(t, 'drains');
  closeSync(reader);
  assert.deepEqual(await ended, [0, null]);
});

test('what is logged after a full disk has cut a line is a line of its own', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-log-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'log');
  const program = `
    import { truncateSync } from 'node:fs';
    import { bufferedSink } from ${JSON.stringify(join(import.meta.dirname, 'log-sink.ts'))};
    const { write, flushSync } = bufferedSink();
    write('x'.repeat(5000) + '\\n');
    flushSync();
    truncateSync(${JSON.stringify(path)}, 100);
    write('whole\\n');
    flushSync();`;
  // No file may grow beyond a block.
  const command = 'ulimit -f 1; exec "$0" --input-type=module -e "$1" >> "$2"';
  execFileSync('sh', ['-c', command, process.execPath, program, path]);
  assert.equal(readFileSync(path, 'utf8'), `${'x'.repeat(100)}\nwhole\n`);
});
