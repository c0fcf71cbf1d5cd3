/** Fields of a log line. Values must never be secrets. */
export type LogFields = Record<string, string | number | boolean | null | undefined>;

/** The program's log. A failure's message contains the word `error`, a refusal's the word `unauthorized`: operators search for these. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Lines to stdout. */
export function createLog(_config: { logLevel: string; logJson: boolean }): Log {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void process.stdout.write(`${level} ${message} ${JSON.stringify(fields)}\n`);
  return { debug: at('DBG'), info: at('INF'), warn: at('WRN'), error: at('ERR') };
}
