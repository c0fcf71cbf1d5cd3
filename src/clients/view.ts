import { date, dateOrNull } from '#platform/http/contract.ts';
import type { ClaimsMapping, Client, ClientMeta, FederatedIdentity, Secret } from './contract.ts';
import type { ClientRow, SecretRow } from './store.ts';

/** Which logos a client has. */
export interface Logos {
  light: boolean;
  dark: boolean;
}
const NONE: Logos = { light: false, dark: false };

/** The columns of a client that everybody is told of who may use it. */
export type MetaRow = Pick<ClientRow, 'id' | 'name' | 'description' | 'launch_url' | 'requires_reauthentication' | 'client_type'>;

export const toMeta = (row: MetaRow, logos: Logos = NONE): ClientMeta => ({
  id: row.id,
  name: row.name,
  description: row.description,
  hasLogo: logos.light,
  hasDarkLogo: logos.dark,
  launchURL: row.launch_url,
  requiresReauthentication: row.requires_reauthentication === 1,
  clientType: row.client_type as ClientMeta['clientType'],
});

export const toSecret = (row: SecretRow, now: number): Secret => ({
  id: row.id,
  prefix: row.prefix,
  createdAt: date(row.created_at),
  expiresAt: dateOrNull(row.expires_at),
  isActive: row.expires_at === null || row.expires_at > now,
});

export const toClient = (row: ClientRow, secrets: readonly Secret[], logos: Logos = NONE): Client => ({
  ...toMeta(row, logos),
  callbackURLs: JSON.parse(row.callback_urls) as string[],
  logoutCallbackURLs: JSON.parse(row.logout_callback_urls) as string[],
  isPublic: row.is_public === 1,
  pkceEnabled: row.pkce_enabled === 1,
  ...(row.pkce_supported === 1 ? { pkceSupported: true } : {}),
  requiresPushedAuthorizationRequests: row.requires_par === 1,
  skipConsent: row.skip_consent === 1,
  credentials: { federatedIdentities: JSON.parse(row.federated_identities) as FederatedIdentity[], secrets: [...secrets] },
  isGroupRestricted: row.is_group_restricted === 1,
  accessTokenDurationMinutes: row.access_token_minutes,
  refreshTokenDurationMinutes: row.refresh_token_minutes,
  idTokenSigningAlg: row.id_token_alg as Client['idTokenSigningAlg'],
  accessTokenSigningAlg: row.access_token_alg as Client['accessTokenSigningAlg'],
  minimalIdToken: row.minimal_id_token === 1,
  claimsMapping: JSON.parse(row.claims_mapping) as ClaimsMapping,
});

/** What an audit row tells of a client. */
export const described = (row: ClientRow) => {
  const { hasLogo, hasDarkLogo, pkceSupported, credentials, ...told } = toClient(row, []);
  return { ...told, federatedIdentities: credentials.federatedIdentities };
};
