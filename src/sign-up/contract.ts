import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, problems } from '#platform/http/contract.ts';
import { email, line } from '#platform/text.ts';
import { User, username } from '../users/contract.ts';

/** Who wants an account. `""` means "none" for the address. */
export const SignUp = z
  .object({
    username: username(),
    email: z.preprocess((value) => (value === '' ? null : value), email().nullish()),
    firstName: line({ max: 50 }).nullish(),
    lastName: line({ max: 50 }).nullish(),
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
