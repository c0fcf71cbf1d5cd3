import { createRoute, z } from '@hono/zod-openapi';
import { answer, emptyIsObject, json, ListQuery, moment, nullIsAbsent, optionalJson, pageOf, problems } from '#platform/http/contract.ts';
import { isUrl, line, lines } from '#platform/text.ts';
import { GroupMinimal } from '../groups/minimal.contract.ts';

/** A client as anybody may see it. */
export const ClientMeta = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    hasLogo: z.boolean(),
    hasDarkLogo: z.boolean(),
    launchURL: z.string().nullable(),
    requiresReauthentication: z.boolean(),
    clientType: z.enum(['standard', 'cimd']),
  })
  .openapi('OidcClientMeta');
export type ClientMeta = z.infer<typeof ClientMeta>;

export const FederatedIdentity = z
  .object({
    issuer: z.string(),
    subject: z.string().optional(),
    audience: z.string().optional(),
    jwks: z.string().optional(),
    replayProtection: z.boolean(),
  })
  .openapi('FederatedIdentity');
export type FederatedIdentity = z.infer<typeof FederatedIdentity>;

export const Secret = z
  .object({
    id: z.string(),
    prefix: z.string().openapi({ description: 'The first four characters' }),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    isActive: z.boolean(),
  })
  .openapi('OidcClientSecret');
export type Secret = z.infer<typeof Secret>;

export const ALGS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

export const ClaimsMapping = z
  .object({
    rename: z.record(z.string(), z.string().min(1).max(255)).optional().openapi({ description: 'Claim → its name at this client' }),
    fixed: z.record(z.string(), z.unknown()).optional().openapi({ description: 'Claim → the value everybody gets' }),
    groups: z
      .object({ keep: z.array(z.string()).optional(), rename: z.record(z.string(), z.string()).optional() })
      .optional()
      .openapi({ description: '`keep`: names or patterns with `*` of the groups to tell; `rename`: group → its name at this client' }),
  })
  .openapi('ClaimsMapping');
export type ClaimsMapping = z.infer<typeof ClaimsMapping>;

const clientFields = {
  ...ClientMeta.shape,
  callbackURLs: z.array(z.string()),
  logoutCallbackURLs: z.array(z.string()),
  isPublic: z.boolean(),
  pkceEnabled: z.boolean().openapi({ description: 'PKCE is required; always so for public clients' }),
  pkceSupported: z.boolean().optional(),
  requiresPushedAuthorizationRequests: z.boolean(),
  skipConsent: z.boolean(),
  credentials: z.object({ federatedIdentities: z.array(FederatedIdentity), secrets: z.array(Secret) }),
  isGroupRestricted: z.boolean(),
  accessTokenDurationMinutes: z.int(),
  refreshTokenDurationMinutes: z.int(),
  idTokenSigningAlg: z.enum(ALGS),
  accessTokenSigningAlg: z.enum(ALGS),
  minimalIdToken: z.boolean().openapi({ description: 'The ID token carries no claim of the granted scopes; userinfo does' }),
  claimsMapping: ClaimsMapping,
};
export const Client = z.object(clientFields).openapi('OidcClient');
export type Client = z.infer<typeof Client>;
export const ClientWithGroups = z
  .object({ ...clientFields, allowedUserGroups: z.array(GroupMinimal) })
  .openapi('OidcClientWithAllowedUserGroups');
export type ClientWithGroups = z.infer<typeof ClientWithGroups>;
const ClientListItem = z.object({ ...clientFields, allowedUserGroupsCount: z.int() }).openapi('OidcClientListItem');
export type ClientListItem = z.infer<typeof ClientListItem>;

const url = () => z.string().max(2048);
/** Judged by the scheme that a browser will see, which is not always the one that is written. */
const isLink = (text: string) => isUrl(text) && !['javascript:', 'data:', 'vbscript:', 'blob:'].includes(new URL(text).protocol);
const flag = () => z.boolean().nullish();
/** `""` and null both mean "none". */
const urlOrNone = (name: string) =>
  z.preprocess(
    (value) => (value === '' ? null : value),
    url()
      .refine(isLink, { message: `${name} is not valid` })
      .nullish(),
  );
const httpUrlOrNone = (name: string) =>
  z.preprocess(
    (value) => (value === '' ? null : value),
    url()
      .refine((text) => isUrl(text) && /^https?:$/.test(new URL(text).protocol), {
        message: `${name} is not a valid http or https URL`,
      })
      .nullish(),
  );
/** 0 means "the default". */
const minutes = () => z.int().min(0).max(525_600).nullish();
const text = (max: number) => nullIsAbsent(z.string().max(max).optional());

const FederatedIdentityInput = z.object({
  issuer: z.string().min(1).max(2048),
  subject: text(2048),
  audience: text(2048),
  jwks: text(100_000).openapi({ description: 'URL of the issuer’s key set' }),
  replayProtection: nullIsAbsent(z.boolean().optional()),
});
const ClaimsMappingInput = ClaimsMapping.strict().nullish();

const Writable = {
  name: line({ min: 1, max: 50 }),
  description: lines({ max: 150 }).nullish(),
  callbackURLs: z.array(url()).max(500).nullish(),
  logoutCallbackURLs: z.array(url()).max(500).nullish(),
  isPublic: flag(),
  pkceEnabled: flag(),
  requiresReauthentication: flag(),
  requiresPushedAuthorizationRequests: flag(),
  skipConsent: flag(),
  isGroupRestricted: flag(),
  credentials: z.object({ federatedIdentities: z.array(FederatedIdentityInput).max(100).nullish() }).nullish(),
  launchURL: urlOrNone('Launch URL'),
  logoUrl: httpUrlOrNone('Logo URL'),
  darkLogoUrl: httpUrlOrNone('Dark logo URL'),
  accessTokenDurationMinutes: minutes(),
  refreshTokenDurationMinutes: minutes(),
  idTokenSigningAlg: z.enum(ALGS).nullish(),
  accessTokenSigningAlg: z.enum(ALGS).nullish(),
  minimalIdToken: flag(),
  claimsMapping: ClaimsMappingInput,
};
export const CreateClient = z
  .object({
    ...Writable,
    id: nullIsAbsent(
      z
        .string()
        .min(2)
        .max(128)
        .regex(/^[a-zA-Z0-9._-]+$/)
        .optional(),
    ),
  })
  .openapi('OidcClientCreate');
export type CreateClient = z.infer<typeof CreateClient>;
export const UpdateClient = z.object({ ...Writable, name: Writable.name.nullish() }).openapi('OidcClientUpdate', {
  description:
    'A field that is absent keeps its value, but for `launchURL`, `logoutCallbackURLs` and `requiresReauthentication`, which fall back to their default. A body that names both lists of URLs and both lifetimes and nothing that is false is whole: flags it leaves out are false, and the description is none.',
});
export type UpdateClient = z.infer<typeof UpdateClient>;

/** Printable ASCII of at least 16 characters, the space being one (RFC 6749 appendix A.2); kept exactly as it is sent. */
const OwnSecret = nullIsAbsent(
  z
    .string()
    .min(16)
    .max(512)
    .regex(/^[\x20-\x7e]+$/)
    .optional(),
);

const all = { tags: ['OIDC clients'] };
const byId = z.object({ id: z.string().openapi({ description: 'The client id, or `~` and its unpadded base64url' }) });
const refused = ['not_signed_in', 'forbidden'] as const;
const writing = ['validation_failed', ...refused, 'logo_download_failed', 'logo_type_not_supported', 'logo_too_large'] as const;

export const listClients = createRoute({
  ...all,
  method: 'get',
  path: '/api/oidc/clients',
  summary: 'List clients',
  description:
    'Sort: createdAt, name, pkceEnabled, requiresReauthentication, requiresPushedAuthorizationRequests, skipConsent, isGroupRestricted, pkceSupported, clientType, allowedUserGroupsCount. Filters: the same flags and clientType.',
  request: { query: ListQuery },
  responses: { 200: answer(pageOf(ClientListItem)), ...problems(...refused) },
});
export const createClient = createRoute({
  ...all,
  method: 'post',
  path: '/api/oidc/clients',
  summary: 'Create a client',
  description: 'A new client has no secret: make one with `POST /api/oidc/clients/{id}/secrets`.',
  request: { body: json(CreateClient) },
  responses: { 201: answer(ClientWithGroups, 'Created'), ...problems(...writing, 'client_id_already_exists') },
});
export const getClient = createRoute({
  ...all,
  method: 'get',
  path: '/api/oidc/clients/{id}',
  summary: 'Get a client',
  request: { params: byId },
  responses: { 200: answer(ClientWithGroups), ...problems(...refused, 'not_found') },
});
export const getClientMeta = createRoute({
  ...all,
  method: 'get',
  path: '/api/oidc/clients/{id}/meta',
  summary: 'What anybody may know of a client',
  request: { params: byId },
  responses: { 200: answer(ClientMeta), ...problems('not_found') },
});
export const updateClient = createRoute({
  ...all,
  method: 'put',
  path: '/api/oidc/clients/{id}',
  summary: 'Update a client',
  request: { params: byId, body: json(UpdateClient) },
  responses: { 200: answer(ClientWithGroups), ...problems(...writing, 'not_found') },
});
export const deleteClient = createRoute({
  ...all,
  method: 'delete',
  path: '/api/oidc/clients/{id}',
  summary: 'Delete a client; one that is not there is deleted already',
  request: { params: byId },
  responses: { 204: { description: 'Deleted' }, ...problems(...refused) },
});
export const setAllowedGroups = createRoute({
  ...all,
  method: 'put',
  path: '/api/oidc/clients/{id}/allowed-user-groups',
  summary: 'Replace the groups that may use a client',
  description: 'Does not touch `isGroupRestricted`.',
  request: { params: byId, body: json(z.object({ userGroupIds: z.array(z.string()).max(10_000) }).openapi('AllowedUserGroups')) },
  responses: { 200: answer(Client), ...problems('validation_failed', ...refused, 'not_found') },
});

export const replaceSecret = createRoute({
  ...all,
  method: 'post',
  path: '/api/oidc/clients/{id}/secret',
  summary: 'Replace all secrets of a client by one',
  request: { params: byId, body: optionalJson(z.object({ secret: OwnSecret }).openapi('ClientSecretReplace')) },
  middleware: [emptyIsObject],
  responses: {
    200: answer(z.object({ secret: z.string() }).openapi('ClientSecretValue')),
    ...problems('validation_failed', ...refused, 'not_found'),
  },
});
export const listSecrets = createRoute({
  ...all,
  method: 'get',
  path: '/api/oidc/clients/{id}/secrets',
  summary: 'List the secrets of a client, without their values',
  request: { params: byId },
  responses: { 200: answer(z.array(Secret)), ...problems(...refused, 'not_found') },
});
export const createSecret = createRoute({
  ...all,
  method: 'post',
  path: '/api/oidc/clients/{id}/secrets',
  summary: 'Add a secret; the others stay valid',
  request: {
    params: byId,
    body: optionalJson(z.object({ secret: OwnSecret, expiresAt: nullIsAbsent(moment().optional()) }).openapi('ClientSecretCreate')),
  },
  middleware: [emptyIsObject],
  responses: {
    201: answer(z.object({ ...Secret.shape, secret: z.string() }).openapi('OidcClientSecretWithValue'), 'Created'),
    ...problems('validation_failed', ...refused, 'not_found'),
  },
});
export const deleteSecret = createRoute({
  ...all,
  method: 'delete',
  path: '/api/oidc/clients/{id}/secrets/{secretId}',
  summary: 'Delete a secret; it stops working at once',
  request: { params: byId.extend({ secretId: z.string() }) },
  responses: { 204: { description: 'Deleted' }, ...problems(...refused, 'not_found') },
});

const Claims = z.record(z.string(), z.unknown());
export const refreshClient = createRoute({
  method: 'post',
  path: '/api/oidc/clients/{id}/refresh',
  tags: ['OIDC clients'],
  summary: 'Read the document of a client that describes itself',
  request: { params: byId },
  responses: { 200: answer(ClientWithGroups), ...problems(...refused, 'not_found', 'client_has_no_document', 'client_document_failed') },
});

export const previewClaims = createRoute({
  ...all,
  method: 'get',
  path: '/api/oidc/clients/{id}/preview/{userId}',
  summary: 'What a client would get of a user',
  description: 'Nothing is signed or stored. Numeric dates appear as RFC 3339 texts.',
  request: {
    params: byId.extend({ userId: z.string() }),
    query: z
      .object({ scopes: z.string().min(1).openapi({ description: 'Separated by spaces', example: 'openid profile email groups' }) })
      .loose(),
  },
  responses: {
    200: answer(z.object({ idToken: Claims, accessToken: Claims, userInfo: Claims }).openapi('ClaimsPreview')),
    ...problems('validation_failed', ...refused, 'not_found', 'user_not_found'),
  },
});

/** A client id in a path: as it is, or `~` and its unpadded base64url (ids that are URLs). What does not decode stays as it is, and is unknown. */
export const clientIdOf = (segment: string): string => {
  if (!/^~[A-Za-z0-9_-]+$/.test(segment)) return segment;
  try {
    const bytes = atob(segment.slice(1).replace(/-/g, '+').replace(/_/g, '/'));
    const id = new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
    return id.includes('\0') ? segment : id;
  } catch {
    return segment;
  }
};
