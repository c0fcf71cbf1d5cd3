import { write, writeSync } from 'node:fs';
import pino from 'pino';
import { escapeUnsafe, hideWords, shortened, textLine } from './log-format.ts';
import { VERSION } from './version.ts';

/** Fields of a log line. Values must never be secrets. */
export type LogFields = Record<string, string | number | boolean | null | undefined>;

/**
 * The program's log. A failure's message contains the word `error`, a refusal's the word `unauthorized`: operators search for these, and no
 * other line contains them, whatever the values of its fields are.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** For failures only. */
  error(message: string, fields?: LogFields): void;
}

/** What `createLog` needs of a stream. */
interface Sink {
  write(line: string): unknown;
  flushSync?(): void;
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Lines that are written together: one system call for many requests. */
const TOGETHER = 32;
/** Characters that wait at most for a reader that takes nothing; later lines are dropped. */
const MOST = 64 * 1024 * 1024;
/** How often a last write is tried again, 20 ms apart, when the reader takes nothing at the moment. */
const TRIES = 50;

/**
 * Lines wait here for at most half a second, or until there are enough of them. Joined, they are one text; each added to a longer one costs more
 * than making it. What nobody reads any more is dropped: it ends no server, and keeps none from ending.
 */
function buffered(fd = 1): Sink {
  let lines: string[] = [];
  let held = 0;
  let leaving: Buffer | undefined;
  const taken = () => {
    const text = lines.join('');
    lines = [];
    held = 0;
    return Buffer.from(text);
  };
  const go = () => {
    if (leaving || lines.length === 0) return;
    leaving = taken();
    push(leaving);
  };
  const push = (chunk: Buffer) =>
    write(fd, chunk, (cause, written) => {
      if (cause?.code === 'EAGAIN') return void setTimeout(push, 20, chunk).unref();
      leaving = !cause && written < chunk.length ? chunk.subarray(written) : undefined;
      if (leaving) push(leaving);
      else if (lines.length >= TOGETHER) go();
    });
  setInterval(go, 500).unref();
  return {
    write(line) {
      if (held > MOST) return;
      held += line.length;
      if (lines.push(line) >= TOGETHER) go();
    },
    flushSync() {
      let rest = taken();
      for (let tries = 0; rest.length > 0 && tries < TRIES; ) {
        try {
          rest = rest.subarray(writeSync(fd, rest));
        } catch (cause) {
          if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN') return;
          tries++;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        }
      }
    },
  };
}

/**
 * Lines to stdout: text in Pocket ID's form (`Jan _2 15:04:05 INF message key=value`), or JSON objects with LOG_JSON. `always` is for what an
 * operator must see whatever LOG_LEVEL says. `flush` writes what waits, at once: call it before the process ends.
 */
export function createLog(
  { logLevel, logJson }: { logLevel: keyof Log; logJson: boolean },
  sink: Sink = buffered(),
): Log & { always: Pick<Log, 'info' | 'warn'>; flush(): void } {
  const put = logJson
    ? jsonWriter(sink)
    : (level: keyof Log, message: string, fields?: LogFields) => void sink.write(textLine(level, message, fields));
  const least = LEVELS.indexOf(logLevel);
  const writer = (level: keyof Log) => (message: string, fields?: LogFields) =>
    put(level, level === 'error' && !message.includes('error') ? `error: ${message}` : message, fields);
  const at = (level: keyof Log) => (LEVELS.indexOf(level) < least ? () => {} : writer(level));
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    always: { info: writer('info'), warn: writer('warn') },
    flush: () => sink.flushSync?.(),
  };
}

function jsonWriter(sink: Sink) {
  let message = '';
  const logger = pino(
    {
      level: 'debug',
      base: { app: 'pocket-id', version: VERSION },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => hideWords(escapeUnsafe(line), message) },
    },
    sink as pino.DestinationStream,
  );
  return (level: keyof Log, text: string, fields?: LogFields) => {
    message = text;
    logger[level](fields ? shortened(fields) : {}, text);
  };
}
