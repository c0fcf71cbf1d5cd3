import { SIGNING_ALGS, type SigningAlg } from '#oidc/ports.ts';
import { StartError } from '#platform/start-error.ts';
import { visitApp } from './visit-app.ts';

/** The one curve of an algorithm, which scripts may name. */
const CURVES: Partial<Record<SigningAlg, string>> = { ES256: 'P-256', EdDSA: 'Ed25519' };

/**
 * Puts a new signing key in the place of an algorithm's current one, and prints its kid and from when it signs. Throws StartError for an algorithm or
 * curve that is none of ours.
 */
export async function keyRotate({ alg, crv, compromised = false }: { alg: string; crv?: string; compromised?: boolean }): Promise<void> {
  const known = SIGNING_ALGS.find((it) => it === alg);
  if (!known) throw new StartError(`--alg must be one of ${SIGNING_ALGS.join(', ')}`);
  if (crv !== undefined && crv !== CURVES[known])
    throw new StartError(CURVES[known] ? `--crv of ${known} is ${CURVES[known]}` : `${known} has no --crv`);
  await visitApp(async ({ signingKeys }, origin) => {
    const { kid, signsFrom } = await signingKeys.rotate(known, origin, { compromised });
    process.stdout.write(
      compromised
        ? `${known}: the key ${kid} signs from now on. The one before is withdrawn: running servers follow within a minute, and what it signed is void.\n`
        : `${known}: the key ${kid} is published and signs from ${new Date(signsFrom * 1000).toISOString()}. The one before stays published until all it signed has ended.\n`,
    );
  });
}
