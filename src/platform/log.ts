import { escapeUnsafe, hideWords, shortened, textLine } from './log-format.ts';
import { bufferedSink, type Sink } from './log-sink.ts';
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

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/**
 * Lines to stdout: text in Pocket ID's form (`Jan _2 15:04:05 INF message key=value`), or JSON objects with LOG_JSON. `always` is for what an
 * operator must see whatever LOG_LEVEL says. `drain` hands over what waits, for a second at most: before the process ends. `flush` does so
 * without giving anything else its turn: as it ends.
 */
export function createLog(
  { logLevel, logJson }: { logLevel: keyof Log; logJson: boolean },
  sink: Sink = bufferedSink(),
): Log & { always: Pick<Log, 'info' | 'warn'>; drain(): Promise<void>; flush(): void } {
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
    drain: async () => sink.drain?.(),
    flush: () => sink.flushSync?.(),
  };
}

/** One object a line, of the names that collectors of JSON logs know. */
function jsonWriter(sink: Sink) {
  const program = { app: 'pocket-id', version: VERSION };
  return (level: keyof Log, msg: string, fields: LogFields = {}) => {
    const line = JSON.stringify({ level, time: new Date().toISOString(), ...program, ...shortened(fields), msg });
    sink.write(`${hideWords(escapeUnsafe(line), msg)}\n`);
  };
}
