import assert from 'node:assert/strict';
import test from 'node:test';
import { application } from './testing/applications.ts';
import { everyOperation } from './testing/operations.ts';
import { person } from './testing/people.ts';
import { world } from './testing/world.ts';

/** As sqlmap and its like try them: to end a literal, to comment, to join, to wait, to match everything. */
const INJECTIONS = [
  "' OR 1=1 --",
  "' OR '1'='1",
  '" OR ""="',
  "') OR ('1'='1",
  '1 OR 1=1',
  "'; drop table session; --",
  "' UNION SELECT secret_hash FROM client_secret --",
  "'||(select pg_sleep(10))||'",
  "' AND 1=randomblob(1000000000) --",
  '%',
  '_',
  '\\',
  '\\%',
  '%%%%%',
  '*',
  "'",
  '"',
  '--',
  '/*',
  '$1',
  '?',
  ':1',
];
test('SEC-196 no text of an injection finds more than nonsense does, by search, filter, order or id, and everything is still there', async (t) => {
  const w = await world(t);
  const { operations, call } = await everyOperation(w);
  const { db } = w.database;
  const rows = async () => {
    const tables = ['user', 'user_group', 'client', 'client_secret', 'api_key', 'session', 'signup_token'] as const;
    return Promise.all(tables.map(async (table) => (await db.selectFrom(table).selectAll().execute()).length));
  };
  const before = await rows();

  const lists = operations.filter(({ method, query }) => method === 'GET' && query.includes('search'));
  let searched = 0;
  for (const list of lists) {
    const ask = async (name: string, text: string) => {
      const answer = await call(list, { params: list.params, query: `${encodeURIComponent(name)}=${encodeURIComponent(text)}` });
      return { status: answer.status, body: (await answer.json()) as { data?: unknown[] } };
    };
    const all = await ask('page', '1');
    const nonsense = await ask('search', 'nobody-and-nothing');
    if (all.body.data?.length && !nonsense.body.data?.length) searched++;
    for (const text of INJECTIONS) {
      assert.deepEqual(await ask('search', text), nonsense, `${list.path} searched for ${text}`);
      if (INJECTIONS.indexOf(text) % 4 > 0) continue;
      for (const name of ['sort[column]', 'sort[direction]', 'limit', 'filters[userId]', 'filters[event]']) {
        const { status, body } = await ask(name, text);
        assert.ok(
          status === 400 || (status === 200 && (body.data ?? []).length <= (all.body.data ?? []).length),
          `${list.path} ${name}=${text}`,
        );
      }
    }
  }
  assert.ok(searched >= 5, `${searched} lists search`);

  for (const operation of operations)
    for (const name of Object.keys(operation.params))
      for (const text of INJECTIONS.slice(0, 5)) {
        const params = { ...operation.params, [name]: encodeURIComponent(text) };
        const { status } = await call(operation, { params, body: operation.body && JSON.stringify(operation.body.good()) });
        // Only what may be said of things that are not there is said: their absence, an empty list, that they are gone.
        assert.ok(
          (status >= 400 && status < 500) || (operation.method === 'GET' && status === 200) || status === 204,
          `${operation.method} ${operation.path} ${name}=${text}: ${status}`,
        );
      }
  assert.deepEqual(await rows(), before);
});

const HUGE = 100_000;
/** Each is slow for a pattern that tries one text in many ways: for a quadratic one a minute, for an exponential one for ever. */
const ADVERSARIAL = [
  'a'.repeat(HUGE),
  ' '.repeat(HUGE),
  `${' '.repeat(HUGE)}x`,
  'a@'.repeat(HUGE / 2),
  `a@${'a.'.repeat(HUGE / 2)}`,
  `${'a'.repeat(HUGE)}@`,
  `a@${'a-'.repeat(HUGE / 2)}`,
  'en;q=0.1,'.repeat(HUGE / 9),
  'en-'.repeat(HUGE / 3),
  `en;q=${'0'.repeat(HUGE)}`,
  'a=b; '.repeat(HUGE / 5),
  '='.repeat(HUGE),
  '%'.repeat(HUGE),
  '%2525'.repeat(HUGE / 5),
  '('.repeat(HUGE),
  `Mozilla/5.0 (${';'.repeat(HUGE)}`,
  `Mozilla/5.0 ${'Chrome/1 '.repeat(HUGE / 9)}`,
  '"'.repeat(HUGE),
  '\\'.repeat(HUGE),
  `https://${'a.'.repeat(HUGE / 2)}example.com/`,
  `https://app.example.com/${'../'.repeat(HUGE / 3)}`,
  `https://app.example.com/${'*'.repeat(HUGE)}`,
  `Basic ${'A'.repeat(HUGE)}`,
  `Bearer ${'.'.repeat(HUGE)}`,
  `Bearer ${'eyJhbGciOiJub25lIn0.'.repeat(HUGE / 20)}`,
  '-'.repeat(HUGE),
];

// How long an answer took is no matter of a test. A pattern that backtracks does not end within the test's time, and the answer must be the right one.
test('SEC-200 a hundred thousand characters made against patterns get the answer that any other wrong text gets', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', admin: true });
  const app = await application(w, { callback_urls: '["https://*.example.com/callback", "https://app.example.com/**"]' });
  await ann.signIn();
  const cookie = `__Host-access_token=${ann.cookie('__Host-access_token')}`;
  const user = { username: 'milton', firstName: 'Milton', lastName: '', displayName: 'Milton', email: 'milton@example.test' };
  const request = {
    client_id: app.id,
    response_type: 'code',
    redirect_uri: 'https://app.example.com/callback',
    scope: 'openid',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
  };
  const authorize = (over: Record<string, string>) => ann.visit(`/authorize?${new URLSearchParams({ ...request, ...over })}`);
  const callback = (url: string) => w.api('POST', '/api/oidc/clients', { name: 'App', callbackURLs: [url] });
  const places: [place: string, statuses: number[], (text: string) => Promise<{ status: number }> | { status: number }][] = [
    ['Accept-Language', [200], (text) => w.request('/login', { headers: { 'accept-language': text } })],
    ['User-Agent', [200], (text) => w.request('/api/webauthn/login/start', { headers: { 'user-agent': text } })],
    ['User-Agent of a session', [200], (text) => ann.request('/api/users/me', { headers: { 'user-agent': text } })],
    ['Cookie', [401], (text) => w.request('/api/users/me', { headers: { cookie: text } })],
    ['a session cookie', [401], (text) => w.request('/api/users/me', { headers: { cookie: `__Host-access_token=${text}` } })],
    ['Authorization at userinfo', [401], (text) => w.request('/api/oidc/userinfo', { headers: { authorization: text } })],
    ['Authorization at the API', [401], (text) => w.request('/api/users/me', { headers: { authorization: text } })],
    [
      'Authorization of a client',
      [400, 401],
      (text) =>
        w.request('/api/oidc/token', {
          method: 'POST',
          headers: { authorization: text, 'content-type': 'application/x-www-form-urlencoded' },
          body: 'grant_type=client_credentials',
        }),
    ],
    ['Content-Type', [400, 415], (text) => ann.request('/api/api-keys', { method: 'POST', headers: { 'content-type': text }, body: '{}' })],
    ['If-None-Match', [200], (text) => w.request('/api/application-images/logo', { headers: { 'if-none-match': text } })],
    [
      'Origin',
      [403],
      (text) =>
        w.request('/api/api-keys', { method: 'POST', headers: { cookie, origin: text, 'content-type': 'application/json' }, body: '{}' }),
    ],
    ['scope', [302], (text) => authorize({ scope: text })],
    ['redirect_uri', [400], (text) => authorize({ redirect_uri: text })],
    ['ui_locales', [302], (text) => authorize({ ui_locales: text })],
    ['claims', [302], (text) => authorize({ claims: text })],
    ['id_token_hint', [302], (text) => authorize({ id_token_hint: text, prompt: 'none' })],
    [
      'a hint at the end of the session',
      [302],
      (text) => w.request(`/api/oidc/end-session?${new URLSearchParams({ id_token_hint: text })}`),
    ],
    ['a redirect', [200, 302], (text) => w.request(`/login?${new URLSearchParams({ redirect: text })}`)],
    ['an e-mail address', [400], (text) => w.api('POST', '/api/users', { ...user, email: text })],
    ['a user name', [400], (text) => w.api('POST', '/api/users', { ...user, username: text })],
    ['a locale', [400], (text) => w.api('POST', '/api/users', { ...user, locale: text })],
    ['a callback pattern', [400], callback],
    ['a span of time', [400], (text) => w.api('POST', '/api/signup-tokens', { ttl: text, usageLimit: 1 })],
    ['a one-time code', [401, 404], (text) => w.request(`/api/one-time-access-token/${encodeURIComponent(text)}`, { method: 'POST' })],
    ['a search', [400], (text) => w.api('GET', `/api/users?search=${encodeURIComponent(text)}`)],
    ['an order', [200], (text) => w.api('GET', `/api/users?${new URLSearchParams({ 'sort[column]': text })}`)],
    ['the id of a client', [404], (text) => w.api('GET', `/api/oidc/clients/${encodeURIComponent(text)}`)],
  ];
  const wrong: string[] = [];
  for (const [place, statuses, send] of places)
    for (const text of ADVERSARIAL) {
      const { status } = await send(text);
      if (!statuses.includes(status)) wrong.push(`${place} ${text.slice(0, 30)}: ${status}`);
    }
  assert.deepEqual(wrong, []);
});

test('a name of which nothing can be seen is no name, and one of any script is', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', admin: true });
  await ann.signIn();
  const [passkey] = (await (await ann.request('/api/webauthn/credentials')).json()) as { id: string }[];
  const named: [what: string, send: (name: string) => Promise<number>][] = [
    ['client', async (name) => (await w.api('POST', '/api/oidc/clients', { name, callbackURLs: [] })).status],
    ['group', async (name) => (await w.api('POST', '/api/user-groups', { name, friendlyName: name })).status],
    ['API', async (name) => (await w.api('POST', '/api/apis', { name, resource: `https://a.test/${Math.random()}` })).status],
    [
      'passkey',
      async (name) => (await ann.request(`/api/webauthn/credentials/${passkey!.id}`, { method: 'PATCH', json: { name } })).status,
    ],
    ['API key', async (name) => (await ann.request('/api/api-keys', { json: { name } })).status],
  ];
  for (const [what, send] of named) {
    for (const unseen of ['   ', '\u00a0\u2003\u3000', '\u200d\u200c\u00ad', '\u3164\u3164\u3164', '\u0301\u0301\u0301'])
      assert.equal(await send(unseen), 400, `${what} ${JSON.stringify(unseen)}`);
    for (const seen of [' a ab', '家族の', 'משפ', '\u{1f511}\u{1f511}\u{1f511}', '???'])
      assert.ok((await send(seen)) < 300, `${what} ${seen}`);
  }
});
