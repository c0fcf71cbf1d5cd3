import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, ListQuery, nullIsAbsent, pageOf, problems } from '#platform/http/contract.ts';
import { isUrl, line, lines } from '#platform/text.ts';

const Permission = z
  .object({
    id: z.string(),
    key: z.string().openapi({ description: 'A scope of this API' }),
    name: z.string(),
    description: z.string().optional(),
    allowedForCimdClients: z.boolean(),
  })
  .openapi('ApiPermission');
export const Api = z
  .object({
    id: z.string(),
    name: z.string(),
    resource: z
      .string()
      .openapi({ description: 'The resource indicator (RFC 8707) and audience of its tokens', example: 'https://api.example.org' }),
    createdAt: z.string(),
    permissions: z.array(Permission),
    allowCimdClients: z.boolean(),
  })
  .openapi('Api');
export type Api = z.infer<typeof Api>;

const grantFields = {
  userDelegatedAccess: z.boolean().openapi({ description: 'On behalf of people' }),
  clientAccess: z.boolean().openapi({ description: 'For itself, by client credentials' }),
  userDelegatedPermissionIds: z.array(z.string()),
  clientPermissionIds: z.array(z.string()),
  cimdGrantedAccess: z.boolean(),
  cimdGrantedPermissionIds: z.array(z.string()),
};
export const ApiClient = z
  .object({
    id: z.string(),
    name: z.string(),
    clientType: z.enum(['standard', 'cimd']),
    isPublic: z.boolean(),
    hasLogo: z.boolean(),
    hasDarkLogo: z.boolean(),
  })
  .openapi('ApiClient');
export type ApiClient = z.infer<typeof ApiClient>;
export const ClientGrant = z.object({ client: ApiClient, ...grantFields }).openapi('ApiClientGrant');
export type ClientGrant = z.infer<typeof ClientGrant>;
export const ApiGrant = z.object({ api: Api, ...grantFields }).openapi('ClientApiGrant');
export type ApiGrant = z.infer<typeof ApiGrant>;

/** RFC 6749 section 3.3: the characters of one scope. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const RESERVED = ['openid', 'profile', 'email', 'email_verified', 'groups', 'offline_access'];

/** RFC 8707 section 2: an absolute URI without a fragment. Trailing slashes are cut, so that two spellings are not two APIs. */
const resource = z
  .string()
  // First, so that what is left has to be one.
  .overwrite((text) => text.replace(/\/+$/, ''))
  .min(1)
  .max(350)
  .refine((text) => /^[a-z][a-z0-9+.-]*:[^\s#]+$/i.test(text) && isUrl(text) && !/^(?:javascript|data|vbscript|file|blob):/i.test(text), {
    message: 'Resource must be an absolute URI without a fragment',
  });

const PermissionInput = z.object({
  key: z
    .string()
    .min(1)
    .max(128)
    .regex(SCOPE)
    .refine((key) => !RESERVED.includes(key), { message: 'Key is reserved', params: { code: 'reserved' } }),
  name: line({ min: 1, max: 50 }),
  description: nullIsAbsent(lines({ max: 200 }).optional()),
});
export const SetPermissions = z
  .object({
    permissions: z
      .array(PermissionInput)
      .max(500)
      .refine((list) => new Set(list.map((p) => p.key)).size === list.length, { message: 'Permissions must have different keys' }),
  })
  .openapi('ApiPermissionsUpdate');
const Ids = z.array(z.string()).max(500).nullish();
/** The operator's client leaves false out. */
const flag = () => z.boolean().default(false);
export const SetCimdAccess = z.object({ enabled: flag(), permissionIds: Ids }).openapi('ApiCimdAccess');
export const SetGrant = z
  .object({ userDelegatedAccess: flag(), clientAccess: flag(), userDelegatedPermissionIds: Ids, clientPermissionIds: Ids })
  .openapi('ApiClientGrantUpdate');
export type SetGrant = z.infer<typeof SetGrant>;

const all = { tags: ['APIs'] };
const byId = z.object({ id: z.string() });
const byClient = z.object({ clientId: z.string() });
const refused = ['not_signed_in', 'forbidden'] as const;
const name = z.object({ name: line({ min: 1, max: 50 }) });

export const listApis = createRoute({
  ...all,
  method: 'get',
  path: '/api/apis',
  summary: 'List APIs',
  description: 'Sort: name, createdAt, audience (the resource).',
  request: { query: ListQuery },
  responses: { 200: answer(pageOf(Api)), ...problems(...refused) },
});
export const createApi = createRoute({
  ...all,
  method: 'post',
  path: '/api/apis',
  summary: 'Register an API (RFC 8707)',
  request: { body: json(name.extend({ resource }).openapi('ApiCreate')) },
  responses: { 201: answer(Api, 'Created'), ...problems('validation_failed', ...refused, 'already_in_use') },
});
export const getApi = createRoute({
  ...all,
  method: 'get',
  path: '/api/apis/{id}',
  summary: 'Get an API',
  request: { params: byId },
  responses: { 200: answer(Api), ...problems(...refused, 'not_found') },
});
export const updateApi = createRoute({
  ...all,
  method: 'put',
  path: '/api/apis/{id}',
  summary: 'Rename an API; its resource stays',
  request: { params: byId, body: json(name.openapi('ApiUpdate')) },
  responses: { 200: answer(Api), ...problems('validation_failed', ...refused, 'not_found') },
});
export const deleteApi = createRoute({
  ...all,
  method: 'delete',
  path: '/api/apis/{id}',
  summary: 'Delete an API and every grant of it',
  request: { params: byId },
  responses: { 204: { description: 'Deleted' }, ...problems(...refused, 'not_found') },
});
export const setPermissions = createRoute({
  ...all,
  method: 'put',
  path: '/api/apis/{id}/permissions',
  summary: 'Replace the permissions of an API; one whose key stays keeps its grants',
  request: { params: byId, body: json(SetPermissions) },
  responses: { 200: answer(Api), ...problems('validation_failed', ...refused, 'not_found') },
});
export const setCimdAccess = createRoute({
  ...all,
  method: 'put',
  path: '/api/apis/{id}/cimd-access',
  summary: 'What clients that describe themselves by a document may ask for',
  description: 'What is no permission of this API is left out.',
  request: { params: byId, body: json(SetCimdAccess) },
  responses: { 200: answer(Api), ...problems('validation_failed', ...refused, 'not_found') },
});
export const clientsOfApi = createRoute({
  ...all,
  method: 'get',
  path: '/api/apis/{id}/clients',
  summary: 'The clients that may use an API',
  description: 'Where it is open to clients that describe themselves by a document, these are among them, with `cimdGrantedAccess`.',
  request: { params: byId, query: ListQuery },
  responses: { 200: answer(pageOf(ClientGrant)), ...problems(...refused, 'not_found') },
});
export const assignableClients = createRoute({
  ...all,
  method: 'get',
  path: '/api/apis/{id}/assignable-clients',
  summary: 'The clients without a grant for an API',
  request: { params: byId, query: ListQuery },
  responses: { 200: answer(pageOf(ApiClient)), ...problems(...refused, 'not_found') },
});
export const setGrant = createRoute({
  ...all,
  method: 'put',
  path: '/api/apis/{id}/clients/{clientId}',
  summary: 'Grant a client an API',
  description:
    'A permission implies the access it belongs to; a public client has no access for itself. What is no permission of this API is left out: the answer says what was granted.',
  request: { params: byId.extend({ clientId: z.string() }), body: json(SetGrant) },
  responses: { 200: answer(ClientGrant), ...problems('validation_failed', ...refused, 'not_found') },
});
export const removeGrant = createRoute({
  ...all,
  method: 'delete',
  path: '/api/apis/{id}/clients/{clientId}',
  summary: 'Withdraw an API from a client at once',
  request: { params: byId.extend({ clientId: z.string() }) },
  responses: { 204: { description: 'Withdrawn' }, ...problems(...refused, 'not_found') },
});
export const apisOfClient = createRoute({
  ...all,
  method: 'get',
  path: '/api/api-access/{clientId}/apis',
  summary: 'The APIs a client may use',
  description: 'Not paged. Of a client that describes itself by a document also the APIs that are open to all of those.',
  request: { params: byClient },
  responses: { 200: answer(z.array(ApiGrant)), ...problems(...refused, 'not_found') },
});
export const assignableApis = createRoute({
  ...all,
  method: 'get',
  path: '/api/api-access/{clientId}/assignable-apis',
  summary: 'The APIs without a grant for a client',
  request: { params: byClient, query: ListQuery },
  responses: { 200: answer(pageOf(Api)), ...problems(...refused, 'not_found') },
});
