import type { CreateClient, FederatedIdentity, UpdateClient } from './contract.ts';
import type { ClientRow } from './store.ts';

const ACCESS_MINUTES = 60;
/** 30 days. */
const REFRESH_MINUTES = 43_200;

const flag = (value: boolean): 0 | 1 => (value ? 1 : 0);

/** A client as it is when nothing is said about it. */
export const blankClient = (id: string, now: number): ClientRow => ({
  id,
  name: '',
  description: '',
  callback_urls: '[]',
  logout_callback_urls: '[]',
  is_public: 0,
  pkce_enabled: 0,
  pkce_supported: 0,
  requires_reauthentication: 0,
  requires_par: 0,
  skip_consent: 0,
  is_group_restricted: 0,
  launch_url: null,
  federated_identities: '[]',
  access_token_minutes: ACCESS_MINUTES,
  refresh_token_minutes: REFRESH_MINUTES,
  id_token_alg: 'RS256',
  access_token_alg: 'ES256',
  minimal_id_token: 0,
  claims_mapping: '{}',
  client_type: 'standard',
  search_key: '',
  created_at: now,
  updated_at: now,
});

type Identities = NonNullable<NonNullable<UpdateClient['credentials']>['federatedIdentities']>;

/** Clients of the API do not know `replayProtection`: for an identity that stays the same it keeps its value. */
const identities = (before: ClientRow, given: Identities): FederatedIdentity[] => {
  const known = JSON.parse(before.federated_identities) as FederatedIdentity[];
  return given.map(({ issuer, subject, audience, jwks, replayProtection }) => {
    const same = known.find((other) => other.issuer === issuer && other.subject === subject && other.audience === audience);
    return { issuer, subject, audience, jwks, replayProtection: replayProtection ?? same?.replayProtection ?? false };
  });
};

const minutes = (given: number | null | undefined, before: number, standard: number) => (given === 0 ? standard : (given ?? before));

const FLAGS = [
  'isPublic',
  'pkceEnabled',
  'requiresReauthentication',
  'requiresPushedAuthorizationRequests',
  'skipConsent',
  'isGroupRestricted',
] as const;

/**
 * The Kubernetes operator writes whole clients the way Go's `omitempty` does: what is false or "" is left out. It could take no flag back if
 * that meant "keep". Its bodies, and no other known client's, name both lists and both lifetimes and nothing that is false.
 */
export function spelledOut(body: UpdateClient): UpdateClient {
  const { callbackURLs, logoutCallbackURLs, accessTokenDurationMinutes, refreshTokenDurationMinutes, credentials } = body;
  const listed = callbackURLs !== undefined && logoutCallbackURLs !== undefined;
  if (!listed || !accessTokenDurationMinutes || !refreshTokenDurationMinutes || FLAGS.some((name) => body[name] === false)) return body;
  const identity = (given: Identities[number]) => ({ ...given, replayProtection: given.replayProtection ?? false });
  return {
    ...body,
    ...Object.fromEntries(FLAGS.map((name) => [name, body[name] ?? false])),
    description: body.description ?? '',
    callbackURLs: callbackURLs ?? [],
    credentials: credentials && { federatedIdentities: credentials.federatedIdentities?.map(identity) },
  };
}

/**
 * What a body says, over what was there. A field that is absent keeps its value, but for three that the Terraform provider unsets by leaving
 * them out: `launchURL`, `logoutCallbackURLs` and `requiresReauthentication`. The lists stay exactly as they were sent.
 */
export function mergedClient(before: ClientRow, body: UpdateClient | CreateClient): ClientRow {
  const isPublic = flag(body.isPublic ?? before.is_public === 1);
  // RFC 9700 section 2.1.1: a public client has nothing but PKCE between its code and a thief.
  const pkce = isPublic === 1 ? 1 : flag(body.pkceEnabled ?? before.pkce_enabled === 1);
  return {
    ...before,
    name: body.name ?? before.name,
    description: body.description ?? before.description,
    callback_urls: body.callbackURLs ? JSON.stringify(body.callbackURLs) : before.callback_urls,
    logout_callback_urls: JSON.stringify(body.logoutCallbackURLs ?? []),
    is_public: isPublic,
    pkce_enabled: pkce,
    pkce_supported: pkce === 1 ? before.pkce_supported : 0,
    requires_reauthentication: flag(body.requiresReauthentication ?? false),
    requires_par: flag(body.requiresPushedAuthorizationRequests ?? before.requires_par === 1),
    skip_consent: flag(body.skipConsent ?? before.skip_consent === 1),
    is_group_restricted: flag(body.isGroupRestricted ?? before.is_group_restricted === 1),
    launch_url: body.launchURL ?? null,
    federated_identities: body.credentials
      ? JSON.stringify(identities(before, body.credentials.federatedIdentities ?? []))
      : before.federated_identities,
    access_token_minutes: minutes(body.accessTokenDurationMinutes, before.access_token_minutes, ACCESS_MINUTES),
    refresh_token_minutes: minutes(body.refreshTokenDurationMinutes, before.refresh_token_minutes, REFRESH_MINUTES),
    id_token_alg: body.idTokenSigningAlg ?? before.id_token_alg,
    access_token_alg: body.accessTokenSigningAlg ?? before.access_token_alg,
    minimal_id_token: flag(body.minimalIdToken ?? before.minimal_id_token === 1),
    claims_mapping: body.claimsMapping ? JSON.stringify(body.claimsMapping) : before.claims_mapping,
  };
}

/** A client that describes itself by a document (`cimd`) is only told what its document cannot say. */
export const cimdBody = (body: UpdateClient, before: ClientRow): UpdateClient => ({
  // Absent would empty it.
  logoutCallbackURLs: JSON.parse(before.logout_callback_urls) as string[],
  description: body.description,
  requiresReauthentication: body.requiresReauthentication,
  requiresPushedAuthorizationRequests: body.requiresPushedAuthorizationRequests,
  skipConsent: body.skipConsent,
  launchURL: body.launchURL,
  isGroupRestricted: body.isGroupRestricted,
  accessTokenDurationMinutes: body.accessTokenDurationMinutes,
  refreshTokenDurationMinutes: body.refreshTokenDurationMinutes,
});
