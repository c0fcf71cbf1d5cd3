import { Command } from 'commander';
import { ConfigError, logsJson } from '#platform/config.ts';
import { classified, DatabaseUnavailable } from '#platform/db/unavailable.ts';
import { AppError } from '#platform/errors.ts';
import { StartError } from '#platform/start-error.ts';
import { VERSION } from '#platform/version.ts';

/**
 * Runs the command that `argv` (with node and script in front) names; without one, the server. A failure is printed and sets the exit code. Each
 * command is loaded when it is asked for: a health check need not load the server.
 */
export async function run(argv: readonly string[]): Promise<void> {
  // Who reads no further (`doctor | head -1`) has what they wanted. The server writes its log past this stream, which is not even opened for it.
  const isServer = argv.length <= 2 || argv[2] === 'serve';
  if (!isServer) process.stdout.on('error', () => process.exit());
  const program = new Command('pocket-id')
    .description('Passkey-only OpenID Connect provider')
    .version(`pocket-id ${VERSION}`, '-V, --version', 'print the version')
    .enablePositionalOptions();
  program
    .command('serve', { isDefault: true })
    .description('run the server')
    // What is no command ends up here, as an argument.
    .allowExcessArguments()
    .action(async (_options, { args: [unknown] }: Command) => {
      if (unknown !== undefined) throw new StartError(`unknown command ${JSON.stringify(unknown)}: --help lists them`);
      return (await import('./serve.ts')).serve();
    });
  program
    .command('healthcheck')
    .description('ask the running server whether it is well; the exit code answers')
    .option('-e, --endpoint <url>', 'where the server listens (default: http://localhost:PORT)')
    .option('-v, --verbose', 'say what was answered')
    .action(async (options) => (await import('./healthcheck.ts')).healthcheck(options));
  program
    .command('one-time-access-token')
    .argument('<user>', 'username or e-mail address')
    .description('print a sign-in link for a user, valid for one hour')
    .action(async (user) => (await import('./one-time-access-token.ts')).oneTimeAccessToken(user));
  program
    .command('key-rotate')
    .description('put a new signing key in the place of the current one, with an overlap')
    .option('-a, --alg <algorithm>', 'whose key: RS256, PS256, ES256 or EdDSA', 'RS256')
    .option('-c, --crv <curve>', 'its curve, which needs no naming: P-256 or Ed25519')
    .option('-y, --yes', 'nothing is asked in any case')
    .option('--compromised', 'without overlap: withdraw the current key at once, and all it signed')
    .action(async (options) => (await import('./key-rotate.ts')).keyRotate(options));
  program
    .command('doctor')
    .description('print the version, settings and state of the database')
    .action(async () => (await import('./doctor.ts')).doctor());
  program
    .command('version')
    .description('print the version')
    .action(() => void process.stdout.write(`pocket-id ${VERSION}\n`));
  try {
    await program.parseAsync(argv);
  } catch (cause) {
    await tell(describe(cause), isServer);
    process.exitCode = 1;
  }
}

/** Each of these is found by who searches for `error`. Expected failures have a message for the operator; anything else shows its stack. */
function describe(thrown: unknown): string[] {
  const cause = classified(thrown);
  if (cause instanceof ConfigError) return cause.problems.map((problem) => `error in the configuration: ${problem}`);
  // What SQLite says of a damaged file has several lines.
  if (cause instanceof StartError || cause instanceof AppError) return [`error: ${cause.message.replace(/\s*\n\s*/g, ' ')}`];
  if (cause instanceof DatabaseUnavailable) return [`${cause.message} (DB_CONNECTION_STRING says where the database is)`];
  return [`error: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`];
}

/** A server whose lines are JSON ends with such lines too: what reads them drops anything else. */
async function tell(failures: string[], isServer: boolean): Promise<void> {
  if (!isServer || !logsJson(process.env)) return void process.stderr.write(`${failures.join('\n')}\n`);
  const { createLog } = await import('../platform/log.ts');
  const log = createLog({ logLevel: 'error', logJson: true }, process.stderr);
  for (const failure of failures) log.error(failure);
}
