import assert from 'node:assert/strict';
import test from 'node:test';
import { sql } from 'kysely';
import { ROUTES } from './routes.ts';
import { application } from './testing/applications.ts';
import { undocumented } from './testing/documented.ts';
import { everyOperation, type JsonSchema, type Operation } from './testing/operations.ts';
import { person } from './testing/people.ts';
import { type World, world } from './testing/world.ts';

/** In place of each part of a JSON body. The longest fits into the 64 KiB that the server takes; of a megabyte it reads nothing (SEC-227). */
const VALUES: unknown[] = [
  null,
  [],
  {},
  7,
  -1,
  1e308,
  true,
  '',
  'x'.repeat(60_000),
  '\ud800',
  '\0',
  "' OR 1=1 --",
  '1; drop table "user"',
  '\\',
  '%',
  '_',
];
/** In place of each parameter of a path or query, percent-encoded. */
const TEXTS = [
  '%00',
  '%ED%A0%80',
  '%FF',
  "'%20OR%201=1--",
  '%25',
  '_',
  '%5C',
  '__proto__',
  'constructor',
  'x'.repeat(7000),
  '-1',
  'NaN',
  '1e9',
];
/** In place of a whole body. */
const BODIES = ['', '{', '[]', 'null', '"x"', '7', '\0', '{"__proto__":{"isAdmin":true}}', '['.repeat(30_000), '{"a":'.repeat(10_000)];

/** What a refusal must not tell: code, files, statements, what we are made of, and where (SEC-203). */
const INSIDE =
  /\.[jt]s\b|node_modules|node:|\/src\/|at \w+ \(|sqlite|postgres|kysely|zod|hono|\bselect\b.*\bfrom\b|insert into|no such|column "|relation|syntax error|constraint|ECONN|127\.0\.0\.1|\d+\.\d+\.\d+/i;

type Path = (string | number)[];

function* pathsOf(value: unknown, at: Path = []): Generator<Path> {
  yield at;
  if (Array.isArray(value)) for (const [index, part] of value.entries()) yield* pathsOf(part, [...at, index]);
  else if (typeof value === 'object' && value !== null)
    for (const [name, part] of Object.entries(value)) yield* pathsOf(part, [...at, name]);
}

function replaced(value: unknown, [head, ...rest]: Path, by: unknown): unknown {
  if (head === undefined) return by;
  if (Array.isArray(value)) return value.map((part, index) => (index === head ? replaced(part, rest, by) : part));
  return { ...(value as object), [head]: replaced((value as Record<string, unknown>)[head], rest, by) };
}

const typeOf = (value: unknown) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);

/** The types the document allows there; undefined when it leaves that open. */
function typesAt(resolve: (schema: JsonSchema) => JsonSchema, schema: JsonSchema, [head, ...rest]: Path): Set<string> | undefined {
  const { type, anyOf, allOf, items, properties } = resolve(schema);
  const within = (part: JsonSchema) => typesAt(resolve, part, head === undefined ? [] : [head, ...rest]);
  if (anyOf || allOf) {
    const all = (anyOf ?? allOf ?? []).map(within);
    return all.includes(undefined) ? undefined : new Set(all.flatMap((types) => [...(types as Set<string>)]));
  }
  if (head === undefined)
    return type === undefined ? undefined : new Set([type].flat().map((name) => (name === 'integer' ? 'number' : name)));
  const next = typeof head === 'number' ? items : properties?.[head];
  return next && typesAt(resolve, next, rest);
}

/** Judges every answer; what is wrong is kept, so that one run tells all. */
function judge(w: World) {
  const wrong: string[] = [];
  const counts = { all: 0, refused: 0 };
  const undocumentedOnes = new Set<string>();
  /** `what` begins with the method and the path of the operation. */
  const look = async (what: string, response: Response, mustRefuse = false) => {
    counts.all++;
    const text = await response.text();
    const { status, headers } = response;
    const [method = '', path = ''] = what.split(' ');
    const refusal = status >= 400 && headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined;
    const surprise = undocumented(method, path, status, refusal);
    if (surprise && !undocumentedOnes.has(surprise)) wrong.push(surprise);
    if (surprise) undocumentedOnes.add(surprise);
    if (status >= 400) counts.refused++;
    if (status >= 500) wrong.push(`${status} ${what}: ${w.log.lines.findLast(({ level }) => level === 'error')?.fields.error}`);
    else if (mustRefuse && status < 400) wrong.push(`${status} ${what} although the document does not allow it`);
    if (status >= 400 && INSIDE.test(text.replace(/"request_id":"[^"]*"/, ''))) wrong.push(`${what} tells ${INSIDE.exec(text)?.[0]}`);
  };
  return { wrong, counts, look };
}

const shown = (value: unknown) => JSON.stringify(value).slice(0, 40);

test('SEC-196 SEC-199 SEC-203 whatever is put in place of a parameter or a part of a body of the API, it is refused or read as text', async (t) => {
  const w = await world(t);
  const { operations, call, resolve } = await everyOperation(w);
  const { wrong, counts, look } = judge(w);
  const bodyOf = ({ body }: Operation) => body && JSON.stringify(body.good());

  for (const operation of operations) {
    const { method, path, params, query, body } = operation;
    for (const name of Object.keys(params))
      for (const text of TEXTS)
        await look(
          `${method} ${path} ${name}=${text.slice(0, 20)}`,
          await call(operation, { params: { ...params, [name]: text }, body: bodyOf(operation) }),
        );
    for (const name of query.map(encodeURIComponent))
      for (const text of [...TEXTS.map((value) => `${name}=${value}`), `${name}[]=x&${name}=1&${name}=2`, `${name}[__proto__][isAdmin]=1`])
        await look(`${method} ${path}?${text.slice(0, 40)}`, await call(operation, { params, query: text, body: bodyOf(operation) }));
    if (!body) continue;
    for (const at of pathsOf(body.good())) {
      const types = typesAt(resolve, body.schema, at);
      for (const value of VALUES) {
        // A client that sends null means to leave the field out, wherever that is possible.
        const mustRefuse = value !== null && types !== undefined && !types.has(typeOf(value));
        const sent = JSON.stringify(replaced(body.good(), at, value));
        await look(`${method} ${path} ${at.join('.')}=${shown(value)}`, await call(operation, { params, body: sent }), mustRefuse);
      }
    }
    for (const raw of BODIES) await look(`${method} ${path} ${raw.slice(0, 20)}`, await call(operation, { params, body: raw }));
  }
  assert.deepEqual(wrong, []);
  assert.ok(counts.all > 5000 && counts.refused > 0.4 * counts.all && counts.refused < 0.8 * counts.all, JSON.stringify(counts));
  assert.equal(({} as { isAdmin?: unknown }).isAdmin, undefined);
});

/** `/api/users` → users → 0 → name as the API names a field: `users[0].name`. */
const fieldOf = (at: Path) => at.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i ? '.' : ''}${part}`)).join('');

test('a NUL in any text that the API reads is refused by the name of its field, on both databases alike', async (t) => {
  const w = await world(t);
  const { operations, call } = await everyOperation(w);
  const wrong: string[] = [];
  let asked = 0;
  const refused = async (what: string, field: string, response: Response) => {
    asked++;
    const text = await response.text();
    const fields = response.status === 400 ? (JSON.parse(text).details?.fields as { field: string }[] | undefined) : undefined;
    if (!fields?.some((each) => each.field === field)) wrong.push(`${what}: ${response.status} ${text.slice(0, 200)}`);
  };
  for (const operation of operations) {
    const { method, path, params, query, body } = operation;
    const good = () => body && JSON.stringify(body.good());
    const whole = query.includes('scopes') ? { query: 'scopes=openid' } : {};
    for (const name of Object.keys(params))
      await refused(
        `${method} ${path} ${name}`,
        name,
        await call(operation, { ...whole, params: { ...params, [name]: 'a%00b' }, body: good() }),
      );
    for (const name of [...query, ...(query.includes('search') ? ['filters[event]'] : [])])
      await refused(`${method} ${path}?${name}`, name, await call(operation, { params, query: `${name}=a%00b`, body: good() }));
    for (const at of pathsOf(body?.good()))
      if (typeof at.reduce((part: unknown, key) => (part as Record<string, unknown>)[key], body?.good()) === 'string')
        await refused(
          `${method} ${path} {${fieldOf(at)}}`,
          fieldOf(at),
          await call(operation, { params, body: JSON.stringify(replaced(body?.good(), at, 'a\0b')) }),
        );
  }
  assert.deepEqual(wrong, []);
  assert.ok(asked > 250, `${asked} texts`);
});

const AUTHORIZE =
  'client_id redirect_uri response_type scope state nonce code_challenge code_challenge_method response_mode prompt max_age id_token_hint login_hint acr_values ui_locales claims resource request request_uri registration interaction';
const CLIENT = 'client_id client_secret client_assertion client_assertion_type';
/** What the protocol's endpoints and our pages read from queries and forms; every other route of the table is in the API's document. */
const FORMS: [method: 'GET' | 'POST', path: string, names: string, good?: Record<string, string>][] = [
  ['GET', '/authorize', AUTHORIZE],
  ['POST', '/authorize', AUTHORIZE],
  ['POST', '/api/oidc/par', `${AUTHORIZE} ${CLIENT}`],
  [
    'POST',
    '/api/oidc/token',
    `${CLIENT} grant_type code redirect_uri code_verifier resource`,
    { grant_type: 'authorization_code', code: 'x' },
  ],
  ['POST', '/api/oidc/token', `${CLIENT} refresh_token scope`, { grant_type: 'refresh_token', refresh_token: 'x' }],
  ['POST', '/api/oidc/token', `${CLIENT} scope resource`, { grant_type: 'client_credentials' }],
  ['POST', '/api/oidc/token', `${CLIENT} device_code`, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'x' }],
  ['POST', '/api/oidc/introspect', `${CLIENT} token token_type_hint`, { token: 'x' }],
  ['POST', '/api/oidc/revoke', `${CLIENT} token token_type_hint`, { token: 'x' }],
  ['POST', '/api/oidc/device/authorize', `${CLIENT} scope resource`],
  ['GET', '/api/oidc/userinfo', 'access_token'],
  ['POST', '/api/oidc/userinfo', 'access_token'],
  ['GET', '/api/oidc/end-session', 'id_token_hint client_id post_logout_redirect_uri state logout_hint ui_locales'],
  ['POST', '/api/oidc/end-session', 'id_token_hint client_id post_logout_redirect_uri state logout_hint ui_locales'],
  ['GET', '/login', 'redirect interaction lang'],
  ['GET', '/login/alternative', 'redirect interaction lang'],
  ['GET', '/login/alternative/code', 'redirect interaction code lang'],
  ['POST', '/login/alternative/code', 'redirect interaction code'],
  ['GET', '/login/alternative/device', 'redirect interaction over lang'],
  ['GET', '/interaction', 'interaction switch lang'],
  ['GET', '/interaction/error', 'error error_description error_hint id lang'],
  ['POST', '/interaction/complete', 'interaction step person', { step: 'consent' }],
  ['POST', '/interaction/cancel', 'interaction'],
  ['GET', '/setup', 'secret'],
  ['GET', '/signup/setup', 'secret'],
  ['POST', '/signup/setup', 'secret username email firstName lastName'],
  ['GET', '/signup', 'token redirect interaction'],
  ['POST', '/signup', 'token username email firstName lastName redirect'],
  ['GET', '/signup/add-passkey', 'redirect interaction skip'],
  ['GET', '/account', 'done problem lang'],
  ['POST', '/account/passkeys/x/rename', 'name'],
  ['POST', '/account/applications/remove', 'id client clientId'],
  ['GET', '/device', 'user_code done'],
  ['POST', '/device', 'user_code code decision step'],
  ['GET', '/logout', 'lang'],
];

test('SEC-196 SEC-199 SEC-203 no form and no query of the protocol or of a page makes the server fail', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const app = await application(w);
  const { wrong, counts, look } = judge(w);
  const client = { client_id: app.id, client_secret: app.secret };
  const request = { ...client, redirect_uri: 'https://app.example.com/callback', response_type: 'code', scope: 'openid' };
  for (const [method, path, names, own] of FORMS) {
    const good: Record<string, string> = {
      ...(path === '/authorize' || path.endsWith('/par') ? request : path.startsWith('/api') ? client : {}),
      ...own,
    };
    for (const name of names.split(' '))
      for (const text of [...TEXTS, '', '%7B%22a%22%3A%5Bnull%5D%7D', '%0D%0AX%3A%20y', '%22%3E%3Cscript%3E']) {
        await ann.signIn();
        const { [name]: _, ...rest } = good;
        const sent = [...new URLSearchParams(rest)]
          .map((pair) => pair.map(encodeURIComponent).join('='))
          .concat(`${name}=${text}`)
          .join('&');
        const form = { method, body: sent, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
        const response = await (method === 'GET' ? ann.visit(`${path}?${sent}`) : ann.visit(path, { ...form, site: 'same-origin' }));
        // The library's licence and the site's own style name versions; pages are told apart by their scripts elsewhere (SEC-015).
        const isPage = response.headers.get('content-type')?.startsWith('text/html');
        await look(`${method} ${path} ${name}=${text.slice(0, 20)}`, isPage ? new Response(null, { status: response.status }) : response);
      }
  }
  for (const path of ['/interaction/passkey', '/interaction/reauthenticate', '/signup/add-passkey', '/device/approve', '/api/csp-reports'])
    for (const body of [
      ...BODIES,
      ...VALUES.map((value) => JSON.stringify({ response: value, interaction: value, redirect: value, body: value })),
    ]) {
      await ann.signIn();
      await look(
        `POST ${path} ${body.slice(0, 30)}`,
        await ann.request(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
      );
    }
  for (const id of ['\0:x', 'x:\0', '%00:x', '%ED%A0%80:x', "' or 1=1:x"])
    for (const path of ['token', 'introspect', 'revoke', 'par', 'device/authorize']) {
      const authorization = `Basic ${Buffer.from(id).toString('base64')}`;
      const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
      const response = await w.request(`/api/oidc/${path}`, { method: 'POST', headers, body: 'grant_type=client_credentials&token=x' });
      await look(`${path} as ${JSON.stringify(id)}`, response, true);
    }
  assert.deepEqual(wrong, []);
  assert.ok(counts.refused > 500, JSON.stringify(counts));
  const named = new Set(FORMS.map(([method, path]) => `${method} ${path}`));
  const forms = ROUTES.filter(({ method, who, path }) => who === 'protocol' && !path.startsWith('/.well-known') && method !== 'delete');
  assert.deepEqual(
    forms.map(({ method, path }) => `${method.toUpperCase()} ${path}`).filter((row) => !named.has(row)),
    [],
  );
});

test('SEC-203 a failing database tells nothing of itself', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', admin: true });
  await ann.signIn();
  for (const [table, path] of [
    ['user_group', '/api/user-groups'],
    ['client', '/api/oidc/clients/x/meta'],
    ['passkey', '/account'],
  ] as const) {
    await sql`alter table ${sql.table(table)} rename to away`.execute(w.database.db);
    const response = await ann.request(path);
    const text = await response.text();
    await sql`alter table away rename to ${sql.table(table)}`.execute(w.database.db);
    assert.equal(response.status, 500, path);
    assert.doesNotMatch(text, new RegExp(`${table}"|no such|relation|does not exist|sqlite|postgres|kysely|\\.ts\\b`, 'i'), path);
  }
});
