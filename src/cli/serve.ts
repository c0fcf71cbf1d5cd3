import { rmSync } from 'node:fs';
import { systemClock } from '#platform/clock.ts';
import { type Config, readConfig } from '#platform/config.ts';
import { OtherKey } from '#platform/db/installation.ts';
import { type Database, openDatabase } from '#platform/db/open.ts';
import { httpServer } from '#platform/http/server.ts';
import { routesWithoutRow } from '#platform/http/unmatched.ts';
import { createLog } from '#platform/log.ts';
import { shrinkAfterStart } from '#platform/memory.ts';
import { systemRandom } from '#platform/random.ts';
import { StartError } from '#platform/start-error.ts';
import { sweepRegularly } from '#platform/sweep.ts';
import { createApp } from '../app.ts';
import { ROUTES, SECRET_PATHS, takesMuch } from '../routes.ts';

/** How long a stop waits for requests under way. */
const GRACE_MS = 9000;
/** A statement that takes this long is a line in the log, with Pocket ID's threshold. */
const SLOW_SQL_MS = 250;
/** Signals closer than this to the first are the same one, sent to the process and to its group. */
const SAME_SIGNAL_MS = 300;

/** Runs the server until a signal ends it. */
export async function serve(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config);
  process.on('exit', log.flush);
  process.on('warning', (warning) => log.warn('Node warns', { name: warning.name, text: warning.message }));
  process.on('unhandledRejection', (cause) => log.error('internal error: a rejection that nobody handles', stackOf(cause)));
  process.on('uncaughtException', (cause) => {
    log.error('internal error: an exception that nobody caught ends the server', stackOf(cause));
    process.exit(1);
  });
  for (const note of config.notes) log.warn(note);
  if (config.encryptionKeyMadeAt)
    log.always.warn('an encryption key was made: keep a copy of it, the database cannot be used without it', {
      file: config.encryptionKeyMadeAt,
    });

  const slow = {
    from: SLOW_SQL_MS,
    tell: (sql: string, milliseconds: number) => log.warn('slow SQL', { latency: `${milliseconds.toFixed(0)}ms`, sql }),
  };
  const database = await openDatabase(config.database, { clock: systemClock, told: log.info, slow });
  const { app, http } = await listening(config, database, log).catch(async (cause: unknown) => {
    // Connections that are kept open would keep a start that has failed from ending.
    await database.close();
    throw cause;
  });
  const stopSweeping = sweepRegularly(app.sweeps, log);
  stopOnSignals(async () => {
    log.info('stopping: requests under way are finished');
    app.stopWaiting();
    await Promise.all([http.drain(GRACE_MS), stopSweeping()]);
    await app.close();
    log.info('stopped');
    await log.drain();
  });
  log.info('PocketID is ready', { url: config.appUrl, database: database.kind });
  const link = await app.services.setUp.setupLink();
  // In the message, so that a terminal takes it for an address, whole.
  if (link) log.always.info(`Open this link to make the first account: ${link}`);
  await log.drain();
  shrinkAfterStart();
}

/** The application on its database, and the server that listens for it. */
async function listening(config: Config, database: Database, log: ReturnType<typeof createLog>) {
  const app = await createApp({ config, database, clock: systemClock, random: systemRandom, log }).catch((cause: unknown) => {
    throw cause instanceof OtherKey && config.encryptionKeyMadeAt ? withoutItsKey(config.encryptionKeyMadeAt) : cause;
  });
  const unguarded = routesWithoutRow(app.app, ROUTES);
  if (unguarded.length > 0) throw new Error(`without a row in routes.ts: ${unguarded.join(', ')}`);
  const door = { fetch: app.fetch, endpoints: app.endpoints, admit: app.admit };
  const http = httpServer({ ...door, config, log, isUpload: takesMuch, secretPaths: SECRET_PATHS });
  await http.listen(config.port, config.host).catch((cause: unknown) => {
    throw cannotListen(cause, config);
  });
  return { app, http };
}

/** The key that this start made would stand where the lost one has to be put back, and be taken for it with the next start. */
function withoutItsKey(made: string): StartError {
  rmSync(made);
  return new StartError(
    `ENCRYPTION_KEY is not set and ${made} was missing, but the database exists: put back the key it was made with (the one just made is removed again)`,
  );
}

const WHY: Record<string, string> = {
  EADDRINUSE: 'another program listens there: stop it, or choose another PORT',
  EACCES: 'this user may not: choose a PORT of 1024 or more',
  EADDRNOTAVAIL: 'HOST is no address of this machine',
  ENOTFOUND: 'HOST is no address of this machine',
};
/** What the operator can mend is said without a stack. */
function cannotListen(cause: unknown, { host, port }: { host: string; port: number }): unknown {
  const why = WHY[(cause as NodeJS.ErrnoException).code ?? ''];
  return why === undefined ? cause : new StartError(`cannot listen on ${host} port ${port}: ${why}`, { cause });
}

const stackOf = (cause: unknown) => (cause instanceof Error ? { error: cause.message, stack: cause.stack } : { error: String(cause) });

function stopOnSignals(stop: () => Promise<void>): void {
  let began: number | undefined;
  const onSignal = () => {
    if (began === undefined) {
      began = performance.now();
      stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    } else if (performance.now() - began > SAME_SIGNAL_MS) process.exit(1);
  };
  // SIGHUP: the terminal it was started in was closed.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, onSignal);
}
