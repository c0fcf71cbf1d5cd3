import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, nullIsAbsent, problems } from '#platform/http/contract.ts';
import { isUrl } from '#platform/text.ts';
import { ClientMeta } from '../../clients/contract.ts';

export const ScimProvider = z
  .object({
    id: z.string(),
    endpoint: z.string(),
    token: z.string().openapi({ description: '`XXXXXXXXXX` unless an administrator’s API key with the scope `full` asks' }),
    lastSyncedAt: z.string().nullable(),
    oidcClient: ClientMeta,
    createdAt: z.string(),
  })
  .openapi('ScimServiceProvider');
export type ScimProvider = z.infer<typeof ScimProvider>;

const endpoint = z
  .string()
  .max(2048)
  .refine((text) => isUrl(text) && /^https?:$/.test(new URL(text).protocol), {
    message: 'Endpoint is not a valid http or https URL',
  });
const token = nullIsAbsent(
  z
    .string()
    .max(10_000)
    .regex(/^[\x20-\x7e]*$/)
    .optional(),
);
export const CreateProvider = z.object({ endpoint, token, oidcClientId: z.string().min(1) }).openapi('ScimServiceProviderCreate');
export type CreateProvider = z.infer<typeof CreateProvider>;
export const UpdateProvider = z
  .object({ endpoint: nullIsAbsent(endpoint.optional()), token, oidcClientId: nullIsAbsent(z.string().min(1).optional()) })
  .openapi('ScimServiceProviderUpdate', { description: 'A field that is absent keeps its value; `token: ""` removes the token.' });
export type UpdateProvider = z.infer<typeof UpdateProvider>;

const all = { tags: ['SCIM'] };
const byId = z.object({ id: z.string() });
const refused = ['not_signed_in', 'forbidden'] as const;

export const providerOfClient = createRoute({
  ...all,
  method: 'get',
  path: '/api/oidc/clients/{id}/scim-service-provider',
  summary: 'The SCIM provider of a client',
  request: { params: byId },
  responses: { 200: answer(ScimProvider), ...problems(...refused, 'not_found') },
});
export const createProvider = createRoute({
  ...all,
  method: 'post',
  path: '/api/scim/service-provider',
  summary: 'Push users and groups of a client to a SCIM endpoint',
  request: { body: json(CreateProvider) },
  responses: { 201: answer(ScimProvider, 'Created'), ...problems('validation_failed', ...refused, 'not_found', 'already_in_use') },
});
export const updateProvider = createRoute({
  ...all,
  method: 'put',
  path: '/api/scim/service-provider/{id}',
  summary: 'Update a SCIM provider',
  request: { params: byId, body: json(UpdateProvider) },
  responses: { 200: answer(ScimProvider), ...problems('validation_failed', ...refused, 'not_found', 'already_in_use') },
});
export const deleteProvider = createRoute({
  ...all,
  method: 'delete',
  path: '/api/scim/service-provider/{id}',
  summary: 'Delete a SCIM provider; one that is not there is deleted already',
  request: { params: byId },
  responses: { 204: { description: 'Deleted' }, ...problems(...refused) },
});
export const syncProvider = createRoute({
  ...all,
  method: 'post',
  path: '/api/scim/service-provider/{id}/sync',
  summary: 'Push now',
  request: { params: byId },
  responses: { 200: { description: 'Done' }, ...problems(...refused, 'not_found', 'scim_unavailable') },
});
