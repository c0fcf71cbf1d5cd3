import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, ListQuery, moment, nullIsAbsent, pageOf, problems } from '#platform/http/contract.ts';
import { line, lines } from '#platform/text.ts';

/** `full` reaches all its owner may do, `read` all they may read, `<family>:read` and `<family>:write` one family of the API. */
export const KEY_SCOPES = [
  'full',
  'read',
  'users:read',
  'users:write',
  'groups:read',
  'groups:write',
  'clients:read',
  'clients:write',
  'apis:read',
  'apis:write',
  'settings:read',
  'settings:write',
  'audit:read',
] as const;

export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    expiresAt: z.string().nullable().openapi({ description: 'null: the key does not expire' }),
    lastUsedAt: z.string().nullable().openapi({ description: 'To the minute' }),
    createdAt: z.string(),
    expirationEmailSent: z.boolean(),
    prefix: z.string().openapi({ description: 'The first four characters of the key' }),
    scopes: z.array(z.enum(KEY_SCOPES)),
  })
  .openapi('ApiKey');
export type ApiKey = z.infer<typeof ApiKey>;

const ApiKeyWithToken = z
  .object({ apiKey: ApiKey, token: z.string().openapi({ description: 'The key itself; shown this once' }) })
  .openapi('ApiKeyWithToken');

const expiresAt = nullIsAbsent(moment().optional());
export const CreateApiKey = z
  .object({
    name: line({ min: 3, max: 50 }),
    description: nullIsAbsent(lines({ max: 500 }).optional()),
    expiresAt,
    scopes: nullIsAbsent(
      z
        .array(z.enum(KEY_SCOPES))
        .min(1)
        .max(KEY_SCOPES.length)
        .overwrite((scopes) => [...new Set(scopes)])
        .optional(),
    ),
  })
  .openapi('ApiKeyCreate', { example: { name: 'homelab', expiresAt: undefined, scopes: ['full'] } });

const all = { tags: ['API keys'] };
const byId = z.object({ id: z.string() });
const browser = ['not_signed_in', 'api_key_auth_not_allowed'] as const;

export const listApiKeys = createRoute({
  ...all,
  method: 'get',
  path: '/api/api-keys',
  summary: "The caller's own keys",
  description: 'Sort: name, expiresAt, lastUsedAt, createdAt.',
  request: { query: ListQuery },
  responses: { 200: answer(pageOf(ApiKey)), ...problems('not_signed_in') },
});
export const createApiKey = createRoute({
  ...all,
  method: 'post',
  path: '/api/api-keys',
  summary: 'Make a key that acts for the caller',
  description: 'Without `expiresAt` it does not expire; without `scopes` it may do all its owner may.',
  request: { body: json(CreateApiKey) },
  responses: { 201: answer(ApiKeyWithToken, 'Created'), ...problems('validation_failed', 'invalid_api_key_expiration', ...browser) },
});
export const renewApiKey = createRoute({
  ...all,
  method: 'post',
  path: '/api/api-keys/{id}/renew',
  summary: 'Give an expired key a new value and a new term',
  request: { params: byId, body: json(z.object({ expiresAt }).openapi('ApiKeyRenew')) },
  responses: {
    200: answer(ApiKeyWithToken),
    ...problems('validation_failed', 'invalid_api_key_expiration', ...browser, 'api_key_not_found', 'api_key_not_expired'),
  },
});
export const deleteApiKey = createRoute({
  ...all,
  method: 'delete',
  path: '/api/api-keys/{id}',
  summary: 'Revoke a key at once',
  request: { params: byId },
  responses: { 204: { description: 'Revoked' }, ...problems('not_signed_in', 'api_key_not_found') },
});
