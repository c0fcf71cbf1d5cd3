import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
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
  const undocumented = Object.keys(document.paths).filter((path) => !ROUTES.some((row) => row.path === path));
  assert.deepEqual(undocumented, []);
});

test('every schema has an example, and every reference leads somewhere', async (t) => {
  const document = await served(t);
  const { schemas } = document.components;
  for (const [name, schema] of Object.entries<{ example?: unknown; properties?: object }>(schemas)) {
    assert.notEqual(schema.example, undefined, name);
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

test('nothing that the last released document promises is taken back', async (t) => {
  const released = new URL('../../docs/openapi.released.json', import.meta.url);
  const baseline = existsSync(released) ? released : new URL('../../docs/openapi.json', import.meta.url);
  assert.deepEqual(breakingChanges(JSON.parse(readFileSync(baseline, 'utf8')), await served(t)), []);
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
