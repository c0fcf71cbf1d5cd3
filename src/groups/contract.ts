import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, ListQuery, pageOf, problems } from '#platform/http/contract.ts';
import { line } from '#platform/text.ts';
import { ClientMeta } from '../clients/contract.ts';
import { CustomClaim } from '../custom-claims/contract.ts';
import { User } from '../users/contract.ts';
import { GroupMinimal } from './minimal.contract.ts';

export const Group = z
  .object({
    id: z.string(),
    friendlyName: z.string(),
    name: z.string().openapi({ description: 'What applications see in the `groups` claim' }),
    customClaims: z.array(CustomClaim),
    ldapId: z.string().nullable(),
    createdAt: z.string(),
    users: z.array(User).openapi({ description: 'Their own claims and groups are left empty here' }),
    allowedOidcClients: z.array(ClientMeta),
  })
  .openapi('UserGroup');
export type Group = z.infer<typeof Group>;

export const GroupBody = z
  .object({ friendlyName: line({ min: 2, max: 50 }), name: line({ min: 2, max: 255 }) })
  .openapi('UserGroupCreate', {
    example: { friendlyName: 'Familia', name: 'familia' },
  });
export type GroupBody = z.infer<typeof GroupBody>;
export const GroupUpdate = z
  .object({ friendlyName: line({ min: 2, max: 50 }).nullish(), name: line({ min: 2, max: 255 }).nullish() })
  .openapi('UserGroupUpdate', { description: 'A field that is absent keeps its value.' });
export type GroupUpdate = z.infer<typeof GroupUpdate>;

const all = { tags: ['User groups'] };
const byId = z.object({ id: z.string() });
const refused = ['not_signed_in', 'forbidden'] as const;

export const listGroups = createRoute({
  ...all,
  method: 'get',
  path: '/api/user-groups',
  summary: 'List groups',
  description: 'Sort: createdAt, friendlyName, name, userCount.',
  request: { query: ListQuery },
  responses: { 200: answer(pageOf(GroupMinimal)), ...problems(...refused) },
});
export const getGroup = createRoute({
  ...all,
  method: 'get',
  path: '/api/user-groups/{id}',
  summary: 'Get a group with its members',
  request: { params: byId },
  responses: { 200: answer(Group), ...problems(...refused, 'not_found') },
});
export const createGroup = createRoute({
  ...all,
  method: 'post',
  path: '/api/user-groups',
  summary: 'Create a group',
  request: { body: json(GroupBody) },
  responses: { 201: answer(Group, 'Created'), ...problems('validation_failed', ...refused, 'already_in_use') },
});
export const updateGroup = createRoute({
  ...all,
  method: 'put',
  path: '/api/user-groups/{id}',
  summary: 'Update a group',
  request: { params: byId, body: json(GroupUpdate) },
  responses: { 200: answer(Group), ...problems('validation_failed', ...refused, 'ldap_user_group_update', 'not_found', 'already_in_use') },
});
export const deleteGroup = createRoute({
  ...all,
  method: 'delete',
  path: '/api/user-groups/{id}',
  summary: 'Delete a group',
  request: { params: byId },
  responses: { 204: { description: 'Deleted' }, ...problems(...refused, 'ldap_user_group_update', 'not_found') },
});
export const setMembers = createRoute({
  ...all,
  method: 'put',
  path: '/api/user-groups/{id}/users',
  summary: 'Replace the members of a group',
  request: { params: byId, body: json(z.object({ userIds: z.array(z.string()).max(100_000) }).openapi('UserGroupMembers')) },
  responses: { 200: answer(Group), ...problems('validation_failed', ...refused, 'not_found', 'user_not_found') },
});
export const setAllowedClients = createRoute({
  ...all,
  method: 'put',
  path: '/api/user-groups/{id}/allowed-oidc-clients',
  summary: 'Replace the clients that list a group as allowed',
  request: { params: byId, body: json(z.object({ oidcClientIds: z.array(z.string()).max(10_000) }).openapi('UserGroupAllowedClients')) },
  responses: { 200: answer(Group), ...problems('validation_failed', ...refused, 'not_found') },
});
export const groupsOfUser = createRoute({
  ...all,
  method: 'get',
  path: '/api/users/{id}/groups',
  summary: 'The groups of a user',
  request: { params: byId },
  responses: { 200: answer(z.array(Group)), ...problems(...refused, 'user_not_found') },
});
