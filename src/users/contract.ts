import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, ListQuery, pageOf, problems } from '#platform/http/contract.ts';
import { email, line } from '#platform/text.ts';
import { CustomClaim } from '../custom-claims/contract.ts';
import { GroupMinimal } from '../groups/minimal.contract.ts';

export const User = z
  .object({
    id: z.string().openapi({ description: 'UUID; also the `sub` of every token' }),
    username: z.string(),
    email: z.string().nullable(),
    emailVerified: z.boolean(),
    firstName: z.string(),
    lastName: z.string(),
    displayName: z.string(),
    isAdmin: z.boolean(),
    locale: z.string().nullable().openapi({ description: 'BCP 47, as it was sent' }),
    customClaims: z.array(CustomClaim),
    userGroups: z.array(GroupMinimal),
    ldapId: z.string().nullable(),
    disabled: z.boolean(),
    role: z.enum(['', 'user_manager', 'auditor']).openapi({ description: 'What somebody who is no administrator may administer' }),
  })
  .openapi('User', {
    example: {
      id: '7b1f3a0e-3c55-4c0c-9f1e-52f0f0a6a2b1',
      username: 'milton',
      email: 'milton@example.org',
      emailVerified: true,
      firstName: 'Milton',
      lastName: '',
      displayName: 'Milton',
      isAdmin: false,
      locale: 'en',
      customClaims: [],
      userGroups: [],
      ldapId: null,
      disabled: false,
      role: '',
    },
  });
export type User = z.infer<typeof User>;

/** Letters, digits, `_ . @ -`, beginning and ending with a letter or digit. */
export const USERNAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9_.@-]*[a-zA-Z0-9])?$/;
export const username = () => line({ min: 1, max: 50 }).regex(USERNAME);

/** A person's first, last or display name: programs leave them empty, but what is there can be seen. */
export const nameOfPerson = (max: number) => line({ max, seen: true }).nullish();

/** `""` and null both mean "none". */
const orNone = <T extends z.ZodType<string>>(schema: T) => z.preprocess((value) => (value === '' ? null : value), schema.nullish());
const flag = () => z.boolean().nullish();

/** What a person may say about themselves. */
const Own = {
  username: username().nullish(),
  email: orNone(email()),
  firstName: nameOfPerson(50),
  lastName: nameOfPerson(50),
  displayName: nameOfPerson(100),
  locale: orNone(
    z
      .string()
      .max(35)
      .regex(/^[a-zA-Z]{2,8}(?:[-_][a-zA-Z0-9]{1,8})*$/),
  ),
};
const Standing = { emailVerified: flag(), isAdmin: flag(), disabled: flag(), role: z.enum(['', 'user_manager', 'auditor']).nullish() };
/** Of any version and variant: other programs number their people too. */
const anyUuid = () => z.guid().openapi({ format: 'uuid' });
const Ids = z.array(z.string()).max(100_000);

export const CreateUser = z
  .object({ ...Own, ...Standing, username: username(), id: anyUuid().nullish(), userGroupIds: Ids.nullish() })
  .openapi('UserCreate');
export type CreateUser = z.infer<typeof CreateUser>;
export const UpdateUser = z
  .object({
    ...Own,
    ...Standing,
    userGroupIds: Ids.nullish().openapi({ description: 'Changes no group. Null marks a body that leaves out whatever is empty.' }),
  })
  .openapi('UserUpdate', {
    description:
      'A field that is absent keeps its value. With `userGroupIds: null` an absent field is empty or false instead, but for `role`.',
  });
export type UpdateUser = z.infer<typeof UpdateUser>;
export const UpdateMe = z.object(Own).openapi('UserUpdateSelf', { description: 'A field that is absent keeps its value.' });
export type UpdateMe = z.infer<typeof UpdateMe>;

const all = { tags: ['Users'] };
const byId = z.object({ id: z.string() });
const refused = ['not_signed_in', 'forbidden'] as const;

export const listUsers = createRoute({
  ...all,
  method: 'get',
  path: '/api/users',
  summary: 'List users',
  description:
    'Sort: createdAt, username, email, emailVerified, firstName, lastName, displayName, isAdmin, disabled. Filters: emailVerified, isAdmin, disabled.',
  request: { query: ListQuery },
  responses: { 200: answer(pageOf(User)), ...problems(...refused) },
});
export const getMe = createRoute({
  ...all,
  method: 'get',
  path: '/api/users/me',
  summary: 'The caller',
  responses: { 200: answer(User), ...problems('not_signed_in') },
});
export const getUser = createRoute({
  ...all,
  method: 'get',
  path: '/api/users/{id}',
  summary: 'Get a user',
  request: { params: byId },
  responses: { 200: answer(User), ...problems(...refused, 'user_not_found') },
});
export const createUser = createRoute({
  ...all,
  method: 'post',
  path: '/api/users',
  summary: 'Create a user',
  request: { body: json(CreateUser) },
  responses: { 201: answer(User, 'Created'), ...problems('validation_failed', ...refused, 'not_found', 'already_in_use') },
});
export const updateUser = createRoute({
  ...all,
  method: 'put',
  path: '/api/users/{id}',
  summary: 'Update a user',
  request: { params: byId, body: json(UpdateUser) },
  responses: { 200: answer(User), ...problems('validation_failed', ...refused, 'user_not_found', 'already_in_use', 'last_administrator') },
});
export const updateMe = createRoute({
  ...all,
  method: 'put',
  path: '/api/users/me',
  summary: 'Update the caller',
  request: { body: json(UpdateMe) },
  responses: {
    200: answer(User),
    ...problems('validation_failed', 'not_signed_in', 'api_key_auth_not_allowed', 'user_not_found', 'already_in_use'),
  },
});
export const deleteUser = createRoute({
  ...all,
  method: 'delete',
  path: '/api/users/{id}',
  summary: 'Delete a user and everything that hangs on them',
  request: { params: byId },
  responses: { 204: { description: 'Deleted' }, ...problems(...refused, 'ldap_user_update', 'user_not_found', 'last_administrator') },
});
export const setUserGroups = createRoute({
  ...all,
  method: 'put',
  path: '/api/users/{id}/user-groups',
  summary: "Replace a user's groups",
  request: { params: byId, body: json(z.object({ userGroupIds: Ids }).openapi('UserGroupIds')) },
  responses: { 200: answer(User), ...problems('validation_failed', ...refused, 'user_not_found', 'not_found') },
});
