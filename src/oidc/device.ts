import { checkResource } from './checks/resource.ts';
import { checkScope } from './checks/scope.ts';
import { authenticateClient, type ClientAuthDeps } from './client-auth/authenticate.ts';
import { requiredClient } from './client-auth/credentials.ts';
import type { Parameters } from './parameters.ts';
import type { ClientDocuments, Devices, Ledger, Origin, Seconds } from './ports.ts';

export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** Ten minutes: long enough to fetch a telephone, short enough to make guessing user codes pointless. */
export const DEVICE_CODE_SECONDS = 600;
export const POLL_SECONDS = 5;

/** RFC 8628 section 3.2. */
export interface DeviceAuthorizationResponse {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

/** RFC 8628 section 3.1: a device without a browser asks for a code to show. Throws OAuthError. */
export async function deviceAuthorization(
  deps: ClientAuthDeps & { ledger: Ledger; devices: Devices; documents: Pick<ClientDocuments, 'prepare'> },
  parameters: Parameters,
  authorization: string | undefined,
  { now, origin }: { now: Seconds; origin: Origin },
): Promise<DeviceAuthorizationResponse> {
  const presented = requiredClient(parameters, authorization);
  const facts = (await deps.documents.prepare(presented.id, 'device_code')) ? await deps.ledger.read({ clientId: presented.id }) : {};
  const client = await authenticateClient(deps, facts, presented, now);
  const { resource } = checkResource({ parameters, client });
  const { scopes } = checkScope({ parameters, client }, resource);
  const { deviceCode, userCode } = await deps.devices.open(
    { clientId: client.id, scopes, resource: resource ?? null, expiresAt: now + DEVICE_CODE_SECONDS, interval: POLL_SECONDS, origin },
    now,
  );
  const verificationUri = `${deps.issuer}/device`;
  return {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: verificationUri,
    verification_uri_complete: `${verificationUri}?user_code=${userCode}`,
    expires_in: DEVICE_CODE_SECONDS,
    interval: POLL_SECONDS,
  };
}
