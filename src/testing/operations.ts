import { randomUUID } from 'node:crypto';
import { person } from './people.ts';
import type { World } from './world.ts';

/** A JSON schema as far as the tests that go through all operations look into it. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  allOf?: JsonSchema[];
  example?: unknown;
}
interface Documented {
  parameters?: { name: string; in: 'path' | 'query' | 'header' }[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
}
interface Document {
  paths: Record<string, Record<string, Documented>>;
  components: { schemas: Record<string, JsonSchema> };
}

/** One operation of the OpenAPI document, with what a call of it needs. */
export interface Operation {
  method: string;
  /** With parameters in braces. */
  path: string;
  /** Things that are there, by the parameter's name. */
  params: Record<string, string>;
  query: string[];
  /** A JSON body that is good, made anew for each call, and its schema; undefined when it takes none. */
  body?: { schema: JsonSchema; good(): unknown };
}

/** A household with one of everything, its operations as the served document lists them, and a caller who may call them all. */
export async function everyOperation(w: World) {
  const ann = await person(w, { username: 'ann', admin: true });
  const bob = await person(w, { username: 'bob', groups: ['familia'] });
  await ann.signIn();
  await bob.signIn();
  const made = async (path: string, body: unknown): Promise<{ id: string }> => {
    const answer = await w.api('POST', path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const first = async (path: string): Promise<{ id: string }> => {
    const { body } = await w.api('GET', path);
    return (Array.isArray(body) ? body : body.data)[0];
  };
  const client = await made('/api/oidc/clients', { name: 'Paperless', callbackURLs: ['https://app.example.com/callback'] });
  const api = await made('/api/apis', { name: 'Files', resource: 'https://files.example.com' });
  const scim = await made('/api/scim/service-provider', { endpoint: 'https://scim.example.com/v2', oidcClientId: client.id });
  const token = await made('/api/signup-tokens', { ttl: 3600, usageLimit: 5 });
  const secret = await made(`/api/oidc/clients/${client.id}/secrets`, {});
  const familia = await first('/api/user-groups');
  const key = (await (await ann.request('/api/api-keys', { json: { name: 'homelab' } })).json()) as { apiKey: { id: string } };
  const ids: [path: RegExp, parameter: string, value: string][] = [
    [/^\/api\/users\/\{id\}/, 'id', bob.id],
    [/^\/api\/oidc\/users\/\{id\}/, 'id', bob.id],
    [/^\/api\/user-groups\//, 'id', familia.id],
    [/user-group\/\{userGroupId\}/, 'userGroupId', familia.id],
    [/./, 'userId', bob.id],
    [/^\/api\/oidc\/clients\//, 'id', client.id],
    [/./, 'clientId', client.id],
    [/./, 'secretId', secret.id],
    [/^\/api\/apis\//, 'id', api.id],
    [/^\/api\/scim\//, 'id', scim.id],
    [/^\/api\/signup-tokens\//, 'id', token.id],
    [/^\/api\/api-keys\//, 'id', key.apiKey.id],
    [/^\/api\/users\/\{id\}\/sessions/, 'sessionId', (await first(`/api/users/${bob.id}/sessions`)).id],
    [/./, 'credentialId', (await first(`/api/users/${bob.id}/webauthn-credentials`)).id],
    [/^\/api\/webauthn\/credentials\//, 'id', (await first(`/api/users/${ann.id}/webauthn-credentials`)).id],
  ];
  const idOf = (path: string, name: string) =>
    ids.find(([pattern, parameter]) => parameter === name && pattern.test(path))?.[2] ?? 'nothing';

  /** What the document's examples name that is not there, and the values that may be used once. */
  const real: Record<string, () => unknown> = {
    userGroupIds: () => [familia.id],
    userIds: () => [bob.id],
    oidcClientIds: () => [client.id],
    oidcClientId: () => client.id,
    userDelegatedPermissionIds: () => [],
    clientPermissionIds: () => [],
    logoUrl: () => null,
    darkLogoUrl: () => null,
    username: () => `user-${++count}`,
    email: () => `user-${++count}@example.org`,
    resource: () => `https://api-${++count}.example.org`,
    id: () => randomUUID(),
  };
  let count = 0;
  const settings = Object.fromEntries(
    (await w.api('GET', '/api/application-configuration/all')).body.map(({ key, value }: Record<string, string>) => [key, value]),
  );

  const document = (await (await w.request('/api/openapi.json')).json()) as Document;
  const resolve = (schema: JsonSchema): JsonSchema =>
    schema.$ref === undefined ? schema : resolve(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  const exampleOf = (schema: JsonSchema): unknown => {
    const { example, type, items, properties } = resolve(schema);
    if (example !== undefined) return example;
    if (type === 'array') return items ? [exampleOf(items)] : [];
    return Object.fromEntries(Object.entries(properties ?? {}).map(([name, part]) => [name, exampleOf(part)]));
  };
  const goodBody = (path: string, schema: JsonSchema): unknown => {
    if (path === '/api/application-configuration') return settings;
    const example = exampleOf(schema);
    if (Array.isArray(example)) return example;
    const body = Object.entries(example as object).map(([name, value]) => [name, real[name] ? real[name]() : value]);
    return {
      ...Object.fromEntries(body),
      ...(path.startsWith('/api/user-groups') && 'name' in (example as object) ? { name: `group-${++count}` } : {}),
    };
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]): Operation => {
      const schema = requestBody?.content['application/json']?.schema;
      const named = (where: string) => parameters.filter((parameter) => parameter.in === where).map(({ name }) => name);
      return {
        method: method.toUpperCase(),
        path,
        params: Object.fromEntries(named('path').map((name) => [name, idOf(path, name)])),
        query: named('query'),
        ...(schema ? { body: { schema: resolve(schema), good: () => goodBody(path, schema) } } : {}),
      };
    }),
  );

  /** Calls it as an administrator in a browser, who is signed in again when an operation before ended that. */
  const call = async ({ method, path }: Operation, over: { params: Record<string, string>; query?: string; body?: string }) => {
    const url =
      path.replace(/\{(\w+)\}/g, (_, name: string) => over.params[name] ?? '') + (over.query === undefined ? '' : `?${over.query}`);
    const headers: Record<string, string> = over.body === undefined ? {} : { 'content-type': 'application/json' };
    const send = () => ann.request(url, { method, headers, body: over.body });
    const response = await send();
    if (response.status !== 401) return response;
    await ann.signIn();
    return send();
  };
  return { operations, call, resolve, ann, bob };
}
