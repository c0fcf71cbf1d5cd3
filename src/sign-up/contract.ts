import { createRoute, z } from '@hono/zod-openapi';
import { ttl } from '#platform/duration.ts';
import { answer, json, ListQuery, pageOf, problems } from '#platform/http/contract.ts';
import { email } from '#platform/text.ts';
import { GroupMinimal } from '../groups/minimal.contract.ts';
import { nameOfPerson, User, username } from '../users/contract.ts';

/** Who wants an account. `""` means "none" for the address. */
export const SignUp = z
  .object({
    username: username(),
    email: z.preprocess((value) => (value === '' ? null : value), email().nullish()),
    firstName: nameOfPerson(50),
    lastName: nameOfPerson(50),
  })
  .openapi('SignUp');
export type SignUp = z.infer<typeof SignUp>;

const tags = ['Sign-up'];
const secret = z.string().max(200);

export const setUpState = createRoute({
  tags,
  method: 'get',
  path: '/api/signup/setup',
  summary: 'Whether the first administrator is still to be made',
  responses: { 204: { description: 'Still to be made' }, ...problems('setup_not_available') },
});
export const setUp = createRoute({
  tags,
  method: 'post',
  path: '/api/signup/setup',
  summary: 'Make the first administrator',
  description:
    'Works once, with the secret of the link that the server prints at each start until then: as `secret` in the body or the query, or in the header `X-Setup-Secret`.',
  request: {
    query: z.object({ secret: secret.optional() }),
    headers: z.object({ 'x-setup-secret': secret.optional() }),
    body: json(SignUp.extend({ secret: secret.nullish() }).openapi('SetUp')),
  },
  responses: { 200: answer(User), ...problems('validation_failed', 'forbidden', 'already_in_use', 'setup_already_completed') },
});

export const SignupToken = z
  .object({
    id: z.uuid(),
    token: z
      .string()
      .openapi({ description: 'Sixteen characters; the link is APP_URL/st/{token}. `XXXXXXXXXX` for an API key without the scope `full`' }),
    expiresAt: z.iso.datetime(),
    usageLimit: z.int(),
    usageCount: z.int(),
    userGroups: z.array(GroupMinimal),
    createdAt: z.iso.datetime(),
  })
  .openapi('SignupToken');

export const signUp = createRoute({
  tags,
  method: 'post',
  path: '/api/signup',
  summary: 'Make an account of one’s own',
  description: 'With a sign-up token, or without one where the configuration opens sign-up to everybody.',
  request: { body: json(SignUp.extend({ token: z.string().max(200).nullish() }).openapi('SignUpRequest')) },
  responses: {
    201: answer(User, 'Created'),
    ...problems('validation_failed', 'token_invalid_or_expired', 'open_signup_disabled', 'already_in_use', 'rate_limited'),
  },
});
export const createToken = createRoute({
  tags,
  method: 'post',
  path: '/api/signup-tokens',
  summary: 'Make a sign-up token',
  request: {
    body: json(
      z
        .object({ ttl: ttl(), usageLimit: z.int().min(1).max(100), userGroupIds: z.array(z.string()).max(1000).nullish() })
        .refine((body) => body.ttl !== undefined, { path: ['ttl'], message: 'TTL is required', params: { code: 'required' } })
        .openapi('SignupTokenCreate'),
    ),
  },
  responses: { 201: answer(SignupToken, 'Created'), ...problems('validation_failed', 'not_signed_in', 'forbidden', 'not_found') },
});
export const listTokens = createRoute({
  tags,
  method: 'get',
  path: '/api/signup-tokens',
  summary: 'List sign-up tokens',
  description: 'Sort: expiresAt, usageLimit, usageCount, createdAt.',
  request: { query: ListQuery },
  responses: { 200: answer(pageOf(SignupToken)), ...problems('not_signed_in', 'forbidden') },
});
export const removeToken = createRoute({
  tags,
  method: 'delete',
  path: '/api/signup-tokens/{id}',
  summary: 'Remove a sign-up token; no error when it is gone already',
  request: { params: z.object({ id: z.string() }) },
  responses: { 204: { description: 'Removed' }, ...problems('not_signed_in', 'forbidden') },
});
