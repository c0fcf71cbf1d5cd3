import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, problems } from '#platform/http/contract.ts';
import { line } from '#platform/text.ts';

export const CustomClaim = z
  .object({ key: z.string().openapi({ example: 'department' }), value: z.string().openapi({ example: 'engineering' }) })
  .openapi('CustomClaim');
export type CustomClaim = z.infer<typeof CustomClaim>;

/** Claims that PocketID sets itself; a custom claim may not pretend to be one. */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set(
  `given_name family_name name email email_verified preferred_username display_name groups type sub iss aud exp iat auth_time nonce acr amr azp
  client_id nbf jti`.split(/\s+/),
);

/** Lines and tabs are a claim's own affair; a NUL is none of any text. */
const value = z
  .string()
  .min(1)
  .max(4096)
  .normalize('NFC')
  .refine((text) => !text.includes('\0'), { message: 'Value is not valid' });
/** One claim as it may be given to somebody, apart from its key being free and not reserved. */
export const CustomClaimInput = z.object({ key: line({ min: 1, max: 255 }), value }).openapi('CustomClaimInput');
const Body = z.array(CustomClaimInput).max(200);
const all = { tags: ['Custom claims'] };
const refusals = ['validation_failed', 'reserved_claim', 'duplicate_claim', 'not_signed_in', 'forbidden'] as const;

export const claimSuggestions = createRoute({
  ...all,
  method: 'get',
  path: '/api/custom-claims/suggestions',
  summary: 'Claim keys in use, the most used first',
  responses: { 200: answer(z.array(z.string())), ...problems('not_signed_in', 'forbidden') },
});
export const setUserClaims = createRoute({
  ...all,
  method: 'put',
  path: '/api/custom-claims/user/{userId}',
  summary: "Replace a user's custom claims",
  request: { params: z.object({ userId: z.string() }), body: json(Body) },
  responses: { 200: answer(z.array(CustomClaim)), ...problems(...refusals, 'user_not_found') },
});
export const setGroupClaims = createRoute({
  ...all,
  method: 'put',
  path: '/api/custom-claims/user-group/{userGroupId}',
  summary: "Replace a group's custom claims",
  request: { params: z.object({ userGroupId: z.string() }), body: json(Body) },
  responses: { 200: answer(z.array(CustomClaim)), ...problems(...refusals, 'not_found') },
});
