import pino from 'pino';
import { escapeUnsafe, hideWords, textLine } from './log-format.ts';
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

/** What `createLog` needs of a stream: pino's destination, or a test's. */
interface Sink {
  write(line: string): unknown;
  flushSync?(): void;
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Lines that are written together: one system call for many requests. */
const TOGETHER = 32;

/** Lines wait here for at most half a second, or until there are enough of them. Joined, they are one text; each added to a longer one costs more than making it. */
function buffered(): Sink {
  const sink = pino.destination({ dest: 1, minLength: 4096, maxLength: 64 * 1024 * 1024, sync: false });
  // A reader of our lines that went away must not end the server.
  sink.on('error', () => {});
  let lines: string[] = [];
  const pass = () => {
    if (lines.length > 0) sink.write(lines.join(''));
    lines = [];
  };
  setInterval(() => {
    pass();
    sink.flush();
  }, 500).unref();
  return {
    write(line) {
      if (lines.push(line) === TOGETHER) pass();
    },
    flushSync() {
      pass();
      sink.flushSync();
    },
  };
}

/**
 * Lines to stdout: text in Pocket ID's form (`Jan _2 15:04:05 INF message key=value`), or JSON objects with LOG_JSON. `flush` writes what
 * waits, at once: call it before the process ends.
 */
export function createLog(
  { logLevel, logJson }: { logLevel: keyof Log; logJson: boolean },
  sink: Sink = buffered(),
): Log & { flush(): void } {
  const write = logJson
    ? jsonWriter(sink)
    : (level: keyof Log, message: string, fields?: LogFields) => void sink.write(textLine(level, message, fields));
  const least = LEVELS.indexOf(logLevel);
  const at = (level: keyof Log) => {
    if (LEVELS.indexOf(level) < least) return () => {};
    return (message: string, fields?: LogFields) =>
      write(level, level === 'error' && !message.includes('error') ? `error: ${message}` : message, fields);
  };
  const flush = () => {
    try {
      sink.flushSync?.();
    } catch {
      // Nothing was written yet, or nobody reads any more.
    }
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), flush };
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
    logger[level](fields ?? {}, text);
  };
}
