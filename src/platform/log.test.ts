import assert from 'node:assert/strict';
import test from 'node:test';
import { createLog, type LogFields } from './log.ts';
import { textLine } from './log-format.ts';

/** A log whose lines the test reads. */
function recorded(logJson: boolean) {
  const lines: string[] = [];
  return { lines, log: createLog({ logLevel: 'info', logJson }, { write: (line: string) => lines.push(line) }) };
}

test('a text line is date, level, message and fields, in the form Pocket ID has', () => {
  const at = new Date(2026, 8, 3, 7, 5, 9).getTime();
  assert.equal(
    textLine('info', 'ready', { url: 'https://a.test', port: 1411, tls: false, none: null, empty: '' }, at),
    'Sep  3 07:05:09 INF ready url=https://a.test port=1411 tls=false\n',
  );
  assert.match(textLine('warn', 'm', undefined, at), /^Sep {2}3 07:05:09 WRN m\n$/);
});

test('a value with spaces, quotes or an equals sign is quoted', () => {
  assert.match(textLine('info', 'm', { a: 'two words', b: 'say "x"', c: 'k=v', d: '-' }), / a="two words" b="say \\"x\\"" c="k=v" d=-\n$/);
});

for (const json of [false, true]) {
  const form = json ? 'JSON' : 'text';

  test(`an entry is one line whatever its values are (${form})`, () => {
    const { lines, log } = recorded(json);
    log.warn('m', { a: 'x\nJan  1 00:00:00 ERR forged\r\n', b: '\u001b[31m\u009b2K\u2028\u202e\u061c' });
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point.
    assert.doesNotMatch(lines[0]?.trimEnd() ?? '', /[\u0000-\u001f\u007f-\u009f\u2028\u202e\u061c]/);
  });

  test(`what a client sends cannot make its line a hit of |= "error" or |= "unauthorized" (${form})`, () => {
    const { lines, log } = recorded(json);
    const hostile: LogFields = { path: '/error/unauthorized', user_agent: 'ErRor UNAUTHORIZED error', error_code: 'server_error' };
    log.info('HTTP request completed', hostile);
    log.warn('request unauthorized', hostile);
    log.error('internal error', hostile);
    assert.deepEqual(
      lines.map((line) => [/error/i.test(line), /unauthorized/i.test(line)]),
      [
        [false, false],
        [false, true],
        [true, false],
      ],
    );
    if (json) assert.equal(JSON.parse(lines[0] ?? '').path, '/error/unauthorized', 'the value itself is unchanged');
  });

  test(`a failure's line says error even where the message forgot to (${form})`, () => {
    const { lines, log } = recorded(json);
    log.error('the disk is full');
    assert.match(lines[0] ?? '', /error/);
  });

  test(`lines below the level are not written (${form})`, () => {
    const { lines, log } = recorded(json);
    log.debug('noise');
    assert.deepEqual(lines, []);
  });
}

test('a JSON line carries time, level, msg, app and version', () => {
  const { lines, log } = recorded(true);
  log.info('ready', { url: 'https://a.test' });
  const { time, version, ...rest } = JSON.parse(lines[0] ?? '');
  assert.ok(!Number.isNaN(Date.parse(time)));
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.deepEqual(rest, { level: 'info', msg: 'ready', app: 'pocket-id', url: 'https://a.test' });
});

test('a JSON line begins with level and time and ends with the message, and has no field that was not given', () => {
  const { lines, log } = recorded(true);
  log.info('ready', { url: 'https://a.test', user: undefined, client: null });
  const entry = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.deepEqual(Object.keys(entry), ['level', 'time', 'app', 'version', 'url', 'client', 'msg']);
  assert.match(String(entry.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(entry.client, null);
});

test('a very long value is cut, whatever the form', () => {
  for (const json of [false, true]) {
    const { lines, log } = recorded(json);
    log.info('m', { a: 'x'.repeat(100_000), b: 'y' });
    assert.ok((lines[0]?.length ?? 0) < 3000, `JSON: ${json}`);
    assert.match(lines[0] ?? '', json ? /"b":"y"/ : / b=y/);
  }
});
