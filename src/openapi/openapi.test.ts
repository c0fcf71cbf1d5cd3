import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ROUTES } from '../routes.ts';
import { world } from '../testing/world.ts';
import { breakingChanges, type Document } from './breaking.ts';
import { exampleOf } from './examples.ts';

/** Routes under /api that are no REST: protocols with documents of their own, reports of browsers, and this one. */
const NOT_REST = /^\/api\/(?:oidc\/(?:token|userinfo|introspect|revoke|par|end-session|device\/authorize)|csp-reports|openapi\.json|docs)$/;

// biome-ignore lint/suspicious/noExplicitAny: a whole OpenAPI document.
const served = async (t: Parameters<typeof world>[0]): Promise<any> => (await (await world(t)).request('/api/openapi.json')).json();

test('every route of the REST API is in the document, with who may call it and every refusal by its code', async (t) => {
  const document = await served(t);
  assert.equal(document.openapi, '3.1.0');
  for (const { method, path, who } of ROUTES.filter((row) => row.path.startsWith('/api/') && !NOT_REST.test(row.path))) {
    const operation = document.paths[path]?.[method];
    assert.ok(operation, `${method} ${path}`);
    assert.ok(operation.summary && operation.tags?.length === 1, `${method} ${path} has a summary and one tag`);
    assert.match(operation.description, /Who may call/);
    assert.equal(operation.security.length > 0, !['none', 'opt'].includes(who), `${method} ${path}`);
    if (operation.security.length > 0) assert.ok(operation.responses['401'], `${method} ${path} may refuse strangers`);
    for (const [status, { description }] of Object.entries<{ description: string }>(operation.responses)) {
      if (Number(status) >= 400) assert.match(description, /`[a-z_]+`/, `${method} ${path} ${status}`);
    }
  }
  const ids = Object.values<Record<string, { operationId: string }>>(document.paths).flatMap((operations) =>
    Object.values(operations).map(({ operationId }) => operationId),
  );
  assert.equal(new Set(ids).size, ids.length, 'every operation has a name of its own');
  for (const id of ids) assert.match(id, /^(?:get|post|put|patch|delete)[A-Za-z0-9]+$/);
  assert.equal(document.paths['/api/users/{id}/user-groups'].put.operationId, 'putUsersByIdUserGroups');
  const undocumented = Object.keys(document.paths).filter((path) => !ROUTES.some((row) => row.path === path));
  assert.deepEqual(undocumented, []);
});

test('what the door may refuse is named at every operation that has one', async (t) => {
  const { paths } = await served(t);
  const named = (method: string, path: string) =>
    Object.values<{ description: string }>(paths[path][method].responses).flatMap(({ description }) =>
      [...description.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code),
    );
  const has = (method: string, path: string, codes: string[]) =>
    assert.deepEqual(
      codes.filter((code) => !named(method, path).includes(code)),
      [],
      `${method} ${path}`,
    );
  has('get', '/api/users', ['validation_failed', 'not_signed_in', 'invalid_api_key', 'user_disabled', 'forbidden', 'api_key_scope']);
  has('post', '/api/users', ['invalid_request_body', 'cross_site_request', 'api_key_scope', 'not_found']);
  has('post', '/api/api-keys', ['api_key_auth_not_allowed', 'user_disabled', 'invalid_request_body']);
  has('post', '/api/oidc/device/verify', ['reauthentication_required', 'not_signed_in', 'validation_failed']);
  has('post', '/api/webauthn/logout', ['invalid_request_body']);
  has('put', '/api/users/me/profile-picture', ['validation_failed', 'file_too_large']);
  has('post', '/api/one-time-access-email', ['rate_limited']);
  assert.ok(!named('post', '/api/api-keys').includes('api_key_scope'), 'no key comes that far');
});

test('every schema has an example, and every reference leads somewhere', async (t) => {
  const document = await served(t);
  const { schemas } = document.components;
  for (const [name, schema] of Object.entries<{ example?: unknown; properties?: object }>(schemas)) {
    assert.notEqual(schema.example, undefined, name);
    assert.doesNotMatch(JSON.stringify(schema.example), /:"text"/, `${name} shows what its fields look like`);
    if (schema.properties)
      assert.ok(
        Object.keys(schema.example as object).every((key) => key in (schema.properties as object)),
        name,
      );
  }
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) assert.ok(schemas[name!], name!);
});

test('the examples of the main bodies are taken by the API itself', async (t) => {
  const w = await world(t);
  const { schemas } = (await (await w.request('/api/openapi.json')).json()).components;
  for (const [schema, path] of [
    ['UserCreate', '/api/users'],
    ['UserGroupCreate', '/api/user-groups'],
    ['OidcClientCreate', '/api/oidc/clients'],
    ['ApiCreate', '/api/apis'],
  ] as const) {
    const { logoUrl, darkLogoUrl, userGroupIds, ...example } = schemas[schema].example;
    assert.equal((await w.api('POST', path, example)).status, 201, schema);
  }
});

test('the reference shows every operation, escapes what it shows, and needs no script', async (t) => {
  const { request } = await world(t);
  const response = await request('/api/docs');
  const html = await response.text();
  const policy = response.headers.get('content-security-policy')!;
  assert.match(policy, /^default-src 'none'; style-src 'sha256-/);
  assert.doesNotMatch(html, /<script|\son\w+=|style="/);
  for (const row of ROUTES.filter((r) => r.path.startsWith('/api/') && !NOT_REST.test(r.path))) {
    assert.ok(html.includes(`<b>${row.method.toUpperCase()}</b><code>${row.path}</code>`), `${row.method} ${row.path}`);
  }
});

test('the reference says of each field of a body what it may be', async (t) => {
  const html = await (await (await world(t)).request('/api/docs')).text();
  const section = (name: string) => html.slice(html.indexOf(`id="${name}"`), html.indexOf('</details>', html.indexOf(`id="${name}"`)));
  for (const [operation, name, kind] of [
    ['post-api-users', 'username', 'text, 1–50 characters'],
    ['post-api-users', 'userGroupIds', 'list of text, or null; optional'],
    ['post-api-signup-tokens', 'usageLimit', 'whole number, 1–100'],
    ['post-api-signup', 'firstName', 'text, at most 50 characters, or null; optional'],
    ['post-api-device-login-verification-decision', 'decision', '&quot;approve&quot;, &quot;deny&quot;'],
  ])
    assert.ok(section(operation!).includes(`<td><code>${name}</code></td><td>${kind}</td>`), `${operation} ${name}`);
});

/** The document of the last release: see HANDBOOK.md. */
const released = (): Document => JSON.parse(readFileSync(new URL('../../docs/openapi.released.json', import.meta.url), 'utf8'));

const document = (over: Partial<Record<'answer' | 'body' | 'status' | 'path', unknown>> = {}): Document => ({
  paths: {
    [(over.path as string) ?? '/api/things']: {
      post: {
        requestBody: {
          content: {
            'application/json': { schema: (over.body ?? { type: 'object', properties: { a: { type: ['string', 'null'] } } }) as object },
          },
        },
        responses: {
          [(over.status as string) ?? '201']: {
            content: { 'application/json': { schema: (over.answer ?? { $ref: '#/components/schemas/Thing' }) as object } },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Thing: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'string' }, list: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } } } } },
      } as object,
    },
  },
});
const thing = (properties: object, required = ['id']) => ({ type: 'object', required, properties });
const list = { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } } } };

const changes: [name: string, after: Document, expected: string[]][] = [
  ['nothing', document(), []],
  ['a field more', document({ answer: thing({ id: { type: 'string' }, list, extra: { type: 'string' } }) }), []],
  ['a field less', document({ answer: thing({ list }) }), ['POST /api/things 201.id is gone']],
  ['another type', document({ answer: thing({ id: { type: 'integer' }, list }) }), ['POST /api/things 201.id may now be integer']],
  [
    'null where there was none',
    document({ answer: thing({ id: { type: ['string', 'null'] }, list }) }),
    ['POST /api/things 201.id may now be null'],
  ],
  [
    'a field that may be absent',
    document({ answer: thing({ id: { type: 'string' }, list }, []) }),
    ['POST /api/things 201.id may now be absent'],
  ],
  [
    'a field less inside a list',
    document({ answer: thing({ id: { type: 'string' }, list: { ...list, items: { type: 'object', properties: {} } } }) }),
    ['POST /api/things 201.list[].n is gone'],
  ],
  ['another status', document({ status: '200' }), ['POST /api/things no longer answers 201']],
  ['another path', document({ path: '/api/others' }), ['POST /api/things is gone']],
  [
    'a body that needs more',
    document({ body: { type: 'object', required: ['b'], properties: { a: { type: ['string', 'null'] } } } }),
    ['POST /api/things body.b is now required'],
  ],
  ['a field of the body less', document({ body: { type: 'object', properties: {} } }), ['POST /api/things body.a is no longer taken']],
  [
    'a field whose type is not told any more',
    document({ answer: thing({ id: {}, list }) }),
    ['POST /api/things 201.id may now be anything'],
  ],
  [
    'a body that takes less',
    document({ body: { type: 'object', properties: { a: { type: 'string' } } } }),
    ['POST /api/things body.a may no longer be null'],
  ],
];
for (const [name, after, expected] of changes) {
  test(`compared with the last release, ${name}: ${expected.length === 0 ? 'compatible' : 'not compatible'}`, () => {
    assert.deepEqual(breakingChanges(document(), after), expected);
  });
}

/** Each row: a form, the same later, what an answer of it loses, and what is refused where it is sent. */
const forms: [name: string, before: object, after: object, lost: string[], refused: string[]][] = [
  ['a word more', { type: 'string', enum: ['a'] }, { type: 'string', enum: ['a', 'b'] }, ['may now be "b"'], []],
  ['a word less', { type: 'string', enum: ['a', 'b'] }, { type: 'string', enum: ['a'] }, [], ['may no longer be "b"']],
  ['another format', { type: 'string', format: 'date-time' }, { type: 'string' }, ['is no longer of the format date-time'], []],
  ['a choice more', { anyOf: [{ type: 'string' }] }, { anyOf: [{ type: 'string' }, { type: 'number' }] }, ['may now be number'], []],
  ['a choice less', { anyOf: [{ type: 'string' }, { type: 'number' }] }, { type: 'string' }, [], ['may no longer be number']],
  [
    'a field less in a part',
    { allOf: [{ $ref: '#/components/schemas/Thing' }, { type: 'object', properties: { more: { type: 'string' } } }] },
    { $ref: '#/components/schemas/Thing' },
    ['.more is gone'],
    ['.more is no longer taken'],
  ],
  [
    'another type of what is under any name',
    { type: 'object', additionalProperties: { type: 'string' } },
    { type: 'object', additionalProperties: { type: 'integer' } },
    ['.* may now be integer'],
    [],
  ],
];
for (const [name, before, after, lost, refused] of forms) {
  test(`compared with the last release, ${name} is seen in answers, and in bodies`, () => {
    const place = (rest: string) => (rest.startsWith('.') ? rest : ` ${rest}`);
    const inAnswer = breakingChanges(document({ answer: before }), document({ answer: after }));
    assert.deepEqual(
      inAnswer,
      lost.map((rest) => `POST /api/things 201${place(rest)}`),
    );
    const inBody = breakingChanges(document({ body: before }), document({ body: after }));
    assert.deepEqual(
      inBody,
      refused.map((rest) => `POST /api/things body${place(rest)}`),
    );
  });
}

test('a query parameter that is taken no more is seen', () => {
  const query = (parameters: object[]): Document => ({ paths: { '/api/things': { get: { parameters: parameters as [] } } } });
  const search = { name: 'search', in: 'query', schema: { type: 'string' } };
  assert.deepEqual(breakingChanges(query([search]), query([])), ['GET /api/things query search is no longer taken']);
  assert.deepEqual(breakingChanges(query([]), query([{ ...search, required: true }])), ['GET /api/things now needs query search']);
});

test('nothing that the last released document promises is taken back', async (t) => {
  assert.deepEqual(breakingChanges(released(), await served(t)), []);
});

test('nothing in the last released document can be taken back without being noticed', () => {
  const [before, after] = [released(), released()];
  /** What is noticed at a path while `key` is not there, or is `instead`. */
  const without = <T extends object>(path: string, within: T, key: keyof T, instead?: T[keyof T]): string[] => {
    const was = within[key];
    if (instead === undefined) delete within[key];
    else within[key] = instead;
    const at = ({ paths, components }: Document): Document => ({ components, paths: paths[path] ? { [path]: paths[path] } : {} });
    const noticed = breakingChanges(at(before), at(after));
    within[key] = was;
    return noticed;
  };
  for (const [path, operations] of Object.entries(before.paths))
    assert.equal(without(path, after.paths, path).length, Object.keys(operations).length, path);
  for (const [name, { properties = {} }] of Object.entries(after.components?.schemas ?? {})) {
    const user = Object.keys(before.paths).find((path) => JSON.stringify(before.paths[path]).includes(`"#/components/schemas/${name}"`));
    if (user === undefined) continue;
    for (const [key, { type }] of Object.entries(properties)) {
      assert.notDeepEqual(without(user, properties, key), [], `${name}.${key} gone`);
      if (type) assert.notDeepEqual(without(user, properties, key, { type: 'never' }), [], `${name}.${key} of another type`);
    }
  }
});

test('an example is made of a schema’s parts', () => {
  const schemas = {
    Thing: {
      type: 'object',
      properties: { email: { type: ['string', 'null'] }, many: { type: 'array', items: { $ref: '#/components/schemas/Part' } } },
    },
    Part: { type: 'object', properties: { on: { type: 'boolean' } } },
  };
  assert.deepEqual(exampleOf({ $ref: '#/components/schemas/Thing' }, schemas), { email: 'milton@example.org', many: [{ on: false }] });
});
