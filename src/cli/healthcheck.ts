import { isIPv6 } from 'node:net';
import { readConfig } from '#platform/config.ts';
import { StartError } from '#platform/start-error.ts';

/** Where the server of these settings listens, as this machine reaches it. */
function ownAddress(): string {
  const { host, port } = readConfig(process.env, { key: 'ignore' });
  const everywhere = host === '0.0.0.0' || host === '::';
  return `http://${everywhere ? 'localhost' : isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** What Node says of a request that failed is in its cause: `ECONNREFUSED`. */
const whyOf = ({ name, cause }: Error): string => (cause as NodeJS.ErrnoException | undefined)?.code ?? name;

/** Asks `/healthz` of the running server and sets the exit code: 0 when it is well. Throws StartError when `endpoint` is no address. */
export async function healthcheck({ endpoint, verbose }: { endpoint?: string; verbose?: boolean }): Promise<void> {
  const base = endpoint ?? ownAddress();
  if (!/^https?:/i.test(base) || !URL.canParse(base)) throw new StartError('--endpoint must be a URL such as http://localhost:1411');
  const answer = await fetch(new URL('/healthz', base), { signal: AbortSignal.timeout(5000), redirect: 'error' }).then(
    ({ status }) => ({ well: status === 204, said: `HTTP ${status}` }),
    (cause: Error) => ({ well: false, said: `no answer (${whyOf(cause)})` }),
  );
  if (verbose || !answer.well)
    process[answer.well ? 'stdout' : 'stderr'].write(`${answer.well ? 'healthy' : 'error: not healthy'}: ${answer.said}\n`);
  process.exitCode = answer.well ? 0 : 1;
}
