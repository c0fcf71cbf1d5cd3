import { readConfig } from '#platform/config.ts';

/** Asks `/healthz` of the running server and sets the exit code: 0 when it is well. */
export async function healthcheck({ endpoint, verbose }: { endpoint?: string; verbose?: boolean }): Promise<void> {
  const base = endpoint ?? `http://localhost:${readConfig(process.env, { key: 'ignore' }).port}`;
  const answer = await fetch(new URL('/healthz', base), { signal: AbortSignal.timeout(5000), redirect: 'error' }).then(
    ({ status }) => ({ well: status === 204, said: `HTTP ${status}` }),
    (cause: Error) => ({ well: false, said: `no answer (${cause.name})` }),
  );
  if (verbose || !answer.well)
    process[answer.well ? 'stdout' : 'stderr'].write(`${answer.well ? 'healthy' : 'error: not healthy'}: ${answer.said}\n`);
  process.exitCode = answer.well ? 0 : 1;
}
