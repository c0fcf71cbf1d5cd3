import { z } from '@hono/zod-openapi';
import { CustomClaim } from '../custom-claims/contract.ts';

/** A group as it stands in lists and inside other objects. */
export const GroupMinimal = z
  .object({
    id: z.string(),
    friendlyName: z.string(),
    name: z.string(),
    customClaims: z.array(CustomClaim),
    userCount: z.int(),
    ldapId: z.string().nullable(),
    createdAt: z.string(),
  })
  .openapi('UserGroupMinimal', {
    example: {
      id: 'f73525ab-11c7-46da-bfe4-81cdfa335fec',
      friendlyName: 'Familia',
      name: 'familia',
      customClaims: [],
      userCount: 2,
      ldapId: null,
      createdAt: '2026-11-22T08:00:00Z',
    },
  });
export type GroupMinimal = z.infer<typeof GroupMinimal>;
