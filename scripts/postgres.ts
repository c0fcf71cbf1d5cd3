import { startPostgres } from './postgres-server.ts';

/** `npm run postgres`: a PostgreSQL for developers until Ctrl-C, at the address that is printed. */
const server = await startPostgres({ port: process.argv[2] ? Number(process.argv[2]) : undefined });
process.stdout.write(`TEST_DATABASE_URL=${server.url}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    server.stop().then(() => process.exit(0));
  });
