import type { OpenAPIHono } from '@hono/zod-openapi';
import { ERRORS, type ErrorCode } from '#platform/errors.ts';
import type { Env } from '#platform/http/context.ts';
import { exampleOf, type Schema } from './examples.ts';

/** What the document needs of a route's row. */
export interface DocumentedRow {
  method: string;
  path: string;
  who: string;
  crossSite?: boolean;
  anyBody?: boolean;
  limit?: string;
}

const DESCRIPTION = `The REST API of PocketID. It is compatible with the clients of Pocket ID, and a promise: nothing here loses a field, changes a type or
vanishes within a major version.

**Who you are.** A browser's session cookie, or an API key in the header \`X-API-Key\`. A key does what its owner may, and no more.

**Errors** are JSON: \`error\` is a sentence, \`code\` a word to branch on, \`details.fields\` names wrong fields, \`request_id\` finds the line in the log.
Each operation names the codes of its own. Any may also be answered \`invalid_request\` (400), \`method_not_allowed\` (405), \`body_too_large\` (413),
\`uri_too_long\` (414), \`body_encoding_not_supported\` (415), \`misdirected_request\` (421), \`rate_limited\` (429), \`headers_too_large\` (431),
\`internal_error\` (500) or \`unavailable\` (503).

**Lists** take \`pagination[page]\` and \`pagination[limit]\` (or \`page\`, \`limit\`; at most 100), \`sort[column]\`, \`sort[direction]\`, \`search\` and
\`filters[field]\`, which may be repeated. A page beyond the end is the last one, and says so.

**Changes.** A field that a PUT leaves out keeps its value, with three exceptions at clients. Unknown fields are passed over.`;

const WHO: Readonly<Record<string, string>> = {
  none: 'Anybody.',
  opt: 'Anybody; a session is read when there is one.',
  user: 'Any user, by session or API key.',
  browser: 'Any user, by session only: an API key gets 403 `api_key_auth_not_allowed`.',
  admin: 'Administrators, by session or API key.',
  manager: 'Administrators, and user managers for people who do not administer; auditors may read.',
  auditor: 'Administrators and auditors.',
  protocol: 'Applications, as OAuth says.',
};
const BOTH = [{ session: [] }, { apiKey: [] }];
const SECURITY: Readonly<Record<string, unknown[]>> = { user: BOTH, admin: BOTH, manager: BOTH, auditor: BOTH, browser: [{ session: [] }] };

/** What the door answers before any handler is asked, by `who`. */
const NOBODY: ErrorCode[] = ['not_signed_in', 'invalid_api_key', 'user_disabled', 'api_key_scope'];
const AT_THE_DOOR: Readonly<Record<string, ErrorCode[]>> = {
  user: NOBODY,
  browser: ['not_signed_in', 'user_disabled', 'api_key_auth_not_allowed'],
  admin: [...NOBODY, 'forbidden'],
  manager: [...NOBODY, 'forbidden'],
  auditor: [...NOBODY, 'forbidden'],
};
const PROBLEM = { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } };

interface Operation {
  operationId?: string;
  description?: string;
  security?: unknown[];
  parameters?: unknown[];
  requestBody?: unknown;
  responses: Record<string, { description: string; content?: unknown }>;
}

/** What generated clients call an operation: `put /api/users/{id}/user-groups` → `putUsersByIdUserGroups`. */
const idOf = (method: string, path: string): string =>
  method +
  path
    .replace(/^\/api/, '')
    .replace(/\{(\w+)\}/g, 'by-$1')
    .replace(/[^a-zA-Z0-9]+(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Names one more code that an operation may answer. */
function mention({ responses }: Operation, code: ErrorCode): void {
  const status = String(ERRORS[code][0]);
  const word = `\`${code}\``;
  const before = responses[status];
  if (!before) responses[status] = { description: word, content: PROBLEM };
  else if (!before.description.includes(word)) before.description += `, ${word}`;
}

/** The codes that follow from a row and from what an operation takes, whatever it does. */
function mentionCommon(operation: Operation, { method, who, crossSite, anyBody, limit }: DocumentedRow): void {
  for (const code of AT_THE_DOOR[who] ?? []) mention(operation, code);
  if (method !== 'get' && !crossSite) mention(operation, 'cross_site_request');
  // Also where none is taken: a body that comes along says that it is JSON, or the request is refused.
  if (method !== 'get' && method !== 'delete' && !anyBody) mention(operation, 'invalid_request_body');
  if (operation.requestBody || operation.parameters?.length) mention(operation, 'validation_failed');
  if (limit) mention(operation, 'rate_limited');
}

/**
 * The OpenAPI 3.1 document: everything the contracts say, and of each route's row who may call it. `rows` that are no part of the REST API (pages,
 * OAuth endpoints, which have documents of their own) are not in it.
 */
export function openApiDocument(
  app: OpenAPIHono<Env>,
  rows: readonly DocumentedRow[],
  { version, appUrl }: { version: string; appUrl: string },
) {
  const document = app.getOpenAPI31Document(
    {
      openapi: '3.1.0',
      info: { title: 'PocketID', version, description: DESCRIPTION, license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' } },
      servers: [{ url: appUrl }],
    },
    { sortComponents: 'alphabetically' },
  );
  const paths = document.paths as Record<string, Record<string, Operation>>;
  for (const row of rows) {
    const { method, path, who } = row;
    const operation = paths[path]?.[method];
    if (!operation) continue;
    operation.operationId = idOf(method, path);
    operation.description = [operation.description, `*Who may call:* ${WHO[who] ?? who}`].filter(Boolean).join('\n\n');
    operation.security = SECURITY[who] ?? [];
    mentionCommon(operation, row);
  }
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  return {
    ...document,
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      ...document.components,
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [name, { ...schema, example: exampleOf(schema, schemas) }]),
      ),
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-access_token', description: '`access_token` where APP_URL is http' },
      },
    },
  };
}
