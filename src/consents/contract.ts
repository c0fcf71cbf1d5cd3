import { createRoute, z } from '@hono/zod-openapi';
import { answer, ListQuery, pageOf, problems } from '#platform/http/contract.ts';
import { ClientMeta } from '../clients/contract.ts';

/** An application a person has let know them. */
export const AuthorizedClient = z
  .object({
    scope: z.string().openapi({ description: 'The scopes as the text of a JSON array', example: '["openid","profile"]' }),
    client: ClientMeta,
    lastUsedAt: z.iso.datetime(),
  })
  .openapi('AuthorizedClient');
export type AuthorizedClient = z.infer<typeof AuthorizedClient>;

/** An application a person may use. */
export const AccessibleClient = z.object({ ...ClientMeta.shape, lastUsedAt: z.iso.datetime().nullable() }).openapi('AccessibleClient');
export type AccessibleClient = z.infer<typeof AccessibleClient>;

const query = ListQuery;

export const listMine = createRoute({
  method: 'get',
  path: '/api/oidc/users/me/authorized-clients',
  tags: ['Consents'],
  summary: 'The applications the caller let know them',
  request: { query },
  responses: { 200: answer(pageOf(AuthorizedClient)), ...problems('not_signed_in') },
});
export const listOf = createRoute({
  method: 'get',
  path: '/api/oidc/users/{id}/authorized-clients',
  tags: ['Consents'],
  summary: 'The applications somebody let know them',
  request: { query, params: z.object({ id: z.string() }) },
  responses: { 200: answer(pageOf(AuthorizedClient)), ...problems('not_signed_in', 'forbidden', 'user_not_found') },
});
/** Also ends everything the application got for the person. */
export const revokeMine = createRoute({
  method: 'delete',
  path: '/api/oidc/users/me/authorized-clients/{clientId}',
  tags: ['Consents'],
  summary: 'Withdraw what an application was allowed, and end everything it got',
  request: { params: z.object({ clientId: z.string().openapi({ description: 'The client id, or `~` and its unpadded base64url' }) }) },
  responses: { 204: { description: 'Revoked' }, ...problems('not_signed_in', 'not_found') },
});
export const listAccessible = createRoute({
  method: 'get',
  path: '/api/oidc/users/me/clients',
  tags: ['Consents'],
  summary: 'The applications the caller may use',
  request: { query },
  responses: { 200: answer(pageOf(AccessibleClient)), ...problems('not_signed_in') },
});
