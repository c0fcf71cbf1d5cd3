import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROUTES, type RouteRow } from '../routes.ts';
import { keyOf, personWithRole } from '../testing/administration.ts';
import { person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';
import type { Who } from './guard.ts';

/**
 * Who may call what: one line for each word of `routes.ts`, one column for each caller. `in` reaches the handler; `401` nobody is signed in,
 * `key` the API key counts for nothing, `403` not with these rights, `off` the account is disabled, `ses` a session is needed, `rd` the key only
 * reads. A slash parts routes that read from routes that write. The last column is an access token of an administrator, sent as a session.
 */
const EXPECTED = `
who       | stranger | user | manager | auditor | admin | disabled | ex-admin || user-key | manager-key | auditor-key | admin-key | read-key | ended-key | disabled-key | wrong-key | access-token
none      | in       | in   | in      | in      | in    | in       | in       || in       | in          | in          | in        | in       | in        | in           | in        | in
opt       | in       | in   | in      | in      | in    | in       | in       || in       | in          | in          | in        | in       | in        | in           | in        | in
protocol  | in       | in   | in      | in      | in    | in       | in       || in       | in          | in          | in        | in       | in        | in           | in        | in
user      | 401      | in   | in      | in      | in    | off      | in       || in       | in          | in          | in        | in/rd    | key       | key          | key       | 401
browser   | 401      | in   | in      | in      | in    | off      | in       || ses      | ses         | ses         | ses       | ses      | ses       | ses          | ses       | 401
manager   | 401      | 403  | in      | in/403  | in    | off      | 403      || 403      | in          | in/403      | in        | in/rd    | key       | key          | key       | 401
auditor   | 401      | 403  | 403     | in/403  | in    | off      | 403      || 403      | 403         | in/403      | in        | in/rd    | key       | key          | key       | 401
admin     | 401      | 403  | 403     | 403     | in    | off      | 403      || 403      | 403         | 403         | in        | in/rd    | key       | key          | key       | 401
`;
const REFUSALS: Record<string, string> = {
  not_signed_in: '401',
  invalid_api_key: 'key',
  forbidden: '403',
  user_disabled: 'off',
  api_key_auth_not_allowed: 'ses',
  api_key_scope: 'rd',
};

const [head = '', ...lines] = EXPECTED.trim().split('\n');
const cells = (line: string) =>
  line
    .split('|')
    .map((cell) => cell.trim())
    .filter((cell) => cell !== '');
const callers = cells(head).slice(1);
const expectation = (who: Who, caller: string, reads: boolean): string => {
  const row = lines.map(cells).find(([name]) => name === who);
  const [reading, writing] = (row?.[callers.indexOf(caller) + 1] ?? 'missing').split('/');
  return (reads ? reading : (writing ?? reading)) as string;
};

const NOBODY = '0b7d9df2-1111-4222-8333-944444444444';
const urlOf = (row: RouteRow) => row.path.replace(/\{(?:file)\}/, 'x.js').replace(/\{\w+\}/g, NOBODY);
const changes = (row: RouteRow) => row.method !== 'get';

/** A request that a page of ours would send, with nothing in it. */
const init = (row: RouteRow, headers: Record<string, string>): RequestInit => ({
  method: row.method.toUpperCase(),
  headers: { ...(changes(row) && !row.anyBody && row.method !== 'delete' ? { 'content-type': 'application/json' } : {}), ...headers },
  body: changes(row) && !row.anyBody && row.method !== 'delete' ? '{}' : undefined,
});

/** What each caller sends; sessions are made anew for each request, since some routes end them. */
async function everybody(w: World): Promise<Record<string, () => Promise<Record<string, string>>>> {
  const [user, manager, auditor] = [
    await person(w, { username: 'user' }),
    await personWithRole(w, 'manager', 'user_manager'),
    await personWithRole(w, 'auditor', 'auditor'),
  ];
  const [admin, disabled, ex] = [
    await person(w, { username: 'admin', admin: true }),
    await person(w, { username: 'disabled', admin: true }),
    await person(w, { username: 'ex', admin: true }),
  ];
  const disabledKey = await keyOf(w, disabled);
  const endedKey = await keyOf(w, admin, { expiresAt: w.clock.now() + 1 });
  await ex.signIn();
  await w.database.db.updateTable('user').set({ is_admin: 0 }).where('id', '=', ex.id).execute();
  const cookie = (who: typeof user) => async () => {
    await who.signIn();
    return { cookie: `__Host-access_token=${who.cookie('__Host-access_token')}`, 'sec-fetch-site': 'same-origin', origin: w.config.appUrl };
  };
  w.clock.advance(2);
  const key = (value: string) => async () => ({ 'x-api-key': value });
  const disable = (yes: 0 | 1) => w.database.db.updateTable('user').set({ disabled: yes }).where('id', '=', disabled.id).execute();
  await disable(1);
  const whoWasSignedIn = async () => {
    await disable(0);
    const headers = await cookie(disabled)();
    await disable(1);
    return headers;
  };
  return {
    stranger: async () => ({}),
    user: cookie(user),
    manager: cookie(manager),
    auditor: cookie(auditor),
    admin: cookie(admin),
    disabled: whoWasSignedIn,
    'ex-admin': cookie(ex),
    'user-key': key(await keyOf(w, user)),
    'manager-key': key(await keyOf(w, manager)),
    'auditor-key': key(await keyOf(w, auditor)),
    'admin-key': key(await keyOf(w, admin)),
    'read-key': key(await keyOf(w, admin, { scopes: ['read'] })),
    'ended-key': key(endedKey),
    'disabled-key': key(disabledKey),
    'wrong-key': key('x'.repeat(32)),
    // SEC-080: what an application got for an administrator opens nothing here.
    'access-token': async () => ({ authorization: 'Bearer eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ4In0.AAAA' }),
  };
}

const codeOf = async (response: Response): Promise<string | undefined> => {
  if (![401, 403].includes(response.status) || !response.headers.get('content-type')?.includes('json')) return undefined;
  return ((await response.json()) as { code?: string }).code;
};

for (const caller of callers) {
  test(`SEC-182 every route lets ${caller} in or refuses them, as the table says`, async (t) => {
    const w = await world(t);
    const send = (await everybody(w))[caller];
    assert.ok(send, `the table's column ${caller} has a caller`);
    const wrong: string[] = [];
    for (const row of ROUTES) {
      const response = await w.request(urlOf(row), init(row, await send()));
      const code = await codeOf(response);
      const outcome = (code !== undefined && REFUSALS[code]) || 'in';
      const expected = expectation(row.who, caller, !changes(row));
      if (outcome !== expected) wrong.push(`${row.method} ${row.path} (${row.who}): ${outcome}, not ${expected}`);
    }
    assert.equal(wrong.join('\n'), '');
  });
}

test('the table has a line for every word that routes use, and a caller for every column', async (t) => {
  assert.deepEqual(
    [...new Set(ROUTES.map((row) => row.who))].filter((who) => !lines.some((line) => cells(line)[0] === who)),
    [],
  );
  assert.deepEqual(Object.keys(await everybody(await world(t))), callers);
});

const writing = ROUTES.filter((row) => row.path.startsWith('/api/') && changes(row) && !row.crossSite);

test('SEC-143 a page of another site changes nothing, whatever it sends along', async (t) => {
  const w = await world(t);
  const admin = await person(w, { username: 'admin', admin: true });
  const contexts: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.test' },
    { origin: 'null' },
  ];
  const wrong: string[] = [];
  for (const row of writing) {
    for (const context of contexts) {
      await admin.signIn();
      const cookie = `__Host-access_token=${admin.cookie('__Host-access_token')}`;
      const response = await w.request(urlOf(row), init(row, { cookie, ...context }));
      if ((await codeOf(response)) !== 'cross_site_request')
        wrong.push(`${row.method} ${row.path} ${JSON.stringify(context)}: ${response.status}`);
    }
  }
  assert.equal(wrong.join('\n'), '');
});

test('SEC-142 a body that does not say it is JSON changes nothing', async (t) => {
  const w = await world(t);
  const admin = await person(w, { username: 'admin', admin: true });
  const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json garbage', ''];
  const wrong: string[] = [];
  for (const row of writing.filter((r) => !r.anyBody && r.method !== 'delete')) {
    for (const type of types) {
      await admin.signIn();
      const headers = {
        cookie: `__Host-access_token=${admin.cookie('__Host-access_token')}`,
        'sec-fetch-site': 'same-origin',
        origin: w.config.appUrl,
        'content-type': type,
      };
      const response = await w.request(urlOf(row), { method: row.method.toUpperCase(), headers, body: '{}' });
      if (![400, 415].includes(response.status)) wrong.push(`${row.method} ${row.path} "${type}": ${response.status}`);
    }
  }
  assert.equal(wrong.join('\n'), '');
});
