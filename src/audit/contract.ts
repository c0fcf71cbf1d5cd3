import { createRoute, z } from '@hono/zod-openapi';
import { answer, ListQuery, pageOf, problems } from '#platform/http/contract.ts';

/** The `country` of an address that is on no map because it is one's own. The filter `location` goes by it. */
export const INTERNAL = 'Internal Network';

export const AuditEntry = z
  .object({
    id: z.string(),
    createdAt: z.string(),
    event: z.string().openapi({ example: 'CLIENT_AUTHORIZATION' }),
    ipAddress: z.string(),
    country: z.string(),
    city: z.string(),
    device: z.string().openapi({ example: 'Firefox on Linux' }),
    userID: z.string().openapi({ description: 'Whom it is about; empty for what concerns nobody in particular' }),
    username: z.string(),
    actorUsername: z.string().openapi({ description: 'Who did it, when that was somebody else' }),
    data: z.record(z.string(), z.string()).openapi({
      description:
        'Of administrative changes `before` and `after`, JSON texts of the fields that differ, never a secret; `clientName`, `reason`, `apiKeyId` where they apply',
    }),
  })
  .openapi('AuditLogEntry');
export type AuditEntry = z.infer<typeof AuditEntry>;

const all = { tags: ['Audit log'] };
const refused = ['not_signed_in', 'forbidden'] as const;

export const ownAuditLog = createRoute({
  ...all,
  method: 'get',
  path: '/api/audit-logs',
  summary: 'What concerns the caller, newest first',
  description: 'Sort: createdAt, event, ipAddress, country, city, userAgent. Filter: event.',
  request: { query: ListQuery },
  responses: { 200: answer(pageOf(AuditEntry)), ...problems('not_signed_in') },
});
export const wholeAuditLog = createRoute({
  ...all,
  method: 'get',
  path: '/api/audit-logs/all',
  summary: 'Everything, newest first',
  description: 'Sort as for one’s own. Filters: event, userID, clientName, location (`internal` or `external`).',
  request: { query: ListQuery },
  responses: { 200: answer(pageOf(AuditEntry)), ...problems(...refused) },
});
export const auditClientNames = createRoute({
  ...all,
  method: 'get',
  path: '/api/audit-logs/filters/client-names',
  summary: 'The client names that occur',
  responses: { 200: answer(z.array(z.string())), ...problems(...refused) },
});
export const auditUsers = createRoute({
  ...all,
  method: 'get',
  path: '/api/audit-logs/filters/users',
  summary: 'The users that occur, id → username',
  responses: { 200: answer(z.record(z.string(), z.string())), ...problems(...refused) },
});
