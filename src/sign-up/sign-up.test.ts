import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MASK } from '../platform/seal.ts';
import { type Call, keyOf, withKey, withSession } from '../testing/administration.ts';
import { application } from '../testing/applications.ts';
import { browser } from '../testing/browser.ts';
import { person } from '../testing/people.ts';
import { relyingParty } from '../testing/relying-party.ts';
import { type World, world } from '../testing/world.ts';

type Json = Record<string, unknown>;
const ELA = { username: 'ela', email: 'ela@example.test', firstName: 'Ela', lastName: 'Vidal' };
const configure = async (w: World, settings: Json) =>
  assert.equal((await w.api('PUT', '/api/application-configuration', settings)).status, 200);
const newToken = async (w: World, body: Json = {}) => {
  const { status, body: made } = await w.api('POST', '/api/signup-tokens', { ttl: '1h', usageLimit: 1, ...body });
  assert.equal(status, 201, JSON.stringify(made));
  return made as { id: string; token: string } & Json;
};
const signUp = (w: World, body: Json) => browser(w).request('/api/signup', { json: { ...ELA, ...body } });
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

test('with a token somebody makes an account of their own and is signed in', async (t) => {
  const w = await world(t);
  await person(w, { username: 'kate', groups: ['familia', 'guests'] });
  const groups = await w.database.db.selectFrom('user_group').select(['id', 'name']).execute();
  const familia = groups.find((g) => g.name === 'familia')?.id as string;
  const { token, id } = await newToken(w, { userGroupIds: [familia] });
  assert.match(token, /^[A-Za-z0-9]{16}$/);
  const visitor = browser(w);
  const response = await visitor.request('/api/signup', { json: { ...ELA, token } });
  assert.equal(response.status, 201);
  const user = (await response.json()) as Json & { userGroups: { name: string }[] };
  assert.deepEqual(
    [user.displayName, user.isAdmin, user.emailVerified, user.userGroups.map((g) => g.name)],
    ['Ela Vidal', false, false, ['familia']],
  );
  assert.equal((await visitor.request('/api/users/me')).status, 200);
  const row = await w.database.db
    .selectFrom('audit_log')
    .select(['data', 'username'])
    .where('event', '=', 'ACCOUNT_CREATED')
    .executeTakeFirstOrThrow();
  assert.deepEqual([row.username, JSON.parse(row.data)], ['ela', { signupToken: id }]);
});

test('an account’s names may be empty, but blanks are none', async (t) => {
  const w = await world(t);
  await person(w, { username: 'kate' });
  await configure(w, { allowUserSignups: 'open' });
  for (const field of ['firstName', 'lastName']) {
    const refused = await signUp(w, { [field]: ' \u3164 ' });
    const { details } = (await refused.json()) as { details: { fields: Json[] } };
    assert.deepEqual([refused.status, details.fields.map((one) => [one.field, one.code])], [400, [[field, 'invalid_format']]]);
  }
  const made = await signUp(w, { firstName: '', lastName: null });
  assert.deepEqual([made.status, ((await made.json()) as Json).displayName], [201, '']);
});

test('who has just made an account proved nothing by it: no method of theirs is told to anybody', async (t) => {
  const w = await world(t);
  const { token } = await newToken(w);
  const visitor = browser(w);
  assert.equal((await visitor.request('/api/signup', { json: { ...ELA, token } })).status, 201);
  const sessions = (await (await visitor.request('/api/users/me/sessions')).json()) as { authMethods: string[] }[];
  assert.deepEqual(
    sessions.map((session) => session.authMethods),
    [[]],
  );
  assert.match(await (await visitor.visit('/account')).text(), /with a new account/);
  const rp = await relyingParty(w, await application(w));
  const signIn = () => assert.fail('nobody asks for more');
  const { claims } = await rp.signIn({ ...visitor, signIn });
  assert.deepEqual([claims?.email, Object.hasOwn(claims ?? {}, 'amr')], [ELA.email, false]);
});

test('without a token an account is made only where everybody may', async (t) => {
  const w = await world(t);
  for (const mode of ['disabled', 'withToken']) {
    await configure(w, { allowUserSignups: mode });
    const refused = await signUp(w, {});
    assert.deepEqual([refused.status, await codeOf(refused)], [403, 'open_signup_disabled']);
  }
  await configure(w, { allowUserSignups: 'open', emailsVerified: 'true' });
  const made = await signUp(w, { token: '' });
  assert.equal(made.status, 201);
  assert.equal(((await made.json()) as Json).emailVerified, true);
  assert.equal((await signUp(w, { email: 'other@example.test' })).status, 409);
  assert.equal((await signUp(w, { username: 'other' })).status, 409);
  const row = await w.database.db.selectFrom('audit_log').select('data').where('event', '=', 'ACCOUNT_CREATED').executeTakeFirstOrThrow();
  assert.deepEqual(JSON.parse(row.data), { method: 'open_signup' });
});

test('new accounts get the default groups unless the token names some', async (t) => {
  const w = await world(t);
  await person(w, { username: 'kate', groups: ['guests'] });
  const { id } = await w.database.db.selectFrom('user_group').select('id').executeTakeFirstOrThrow();
  await configure(w, { signupDefaultUserGroupIDs: JSON.stringify([id]), signupDefaultCustomClaims: '[{"key":"plan","value":"home"}]' });
  const { token } = await newToken(w);
  const user = (await (await signUp(w, { token })).json()) as { userGroups: { name: string }[]; customClaims: Json[] };
  assert.deepEqual([user.userGroups.map((g) => g.name), user.customClaims], [['guests'], [{ key: 'plan', value: 'home' }]]);
});

test('an address is asked for where it is required', async (t) => {
  const w = await world(t);
  const { token } = await newToken(w);
  for (const email of ['', null, undefined]) {
    const refused = await signUp(w, { token, email });
    assert.deepEqual([refused.status, ((await refused.json()) as Json).error], [400, 'Email is required']);
  }
  await configure(w, { requireUserEmail: 'false' });
  assert.equal((await signUp(w, { token, email: '' })).status, 201);
});

test('a refused account uses no token up', async (t) => {
  const w = await world(t);
  await person(w, { username: 'ela' });
  const { token } = await newToken(w);
  assert.equal((await signUp(w, { token })).status, 409);
  assert.equal((await signUp(w, { token, username: 'ela2', email: 'ela2@example.test' })).status, 201);
});

test('SEC-138 a token that is forged, changed, used up, over or removed makes no account', async (t) => {
  const w = await world(t);
  const refused = async (token: string, what: string) => {
    const response = await signUp(w, { token, username: 'eve', email: 'eve@example.test' });
    assert.deepEqual([response.status, await codeOf(response)], [401, 'token_invalid_or_expired'], what);
  };
  const { token } = await newToken(w);
  await refused('A'.repeat(16), 'forged');
  await refused(token.slice(1), 'shortened');
  await refused(`${token}A`, 'lengthened');
  await refused(token === token.toLowerCase() ? token.toUpperCase() : token.toLowerCase(), 'another case');
  assert.equal((await signUp(w, { token })).status, 201);
  await refused(token, 'used up');
  const late = await newToken(w, { ttl: 60 });
  w.clock.advance(60);
  await refused(late.token, 'over');
  const removed = await newToken(w);
  for (let times = 1; times <= 2; times++) assert.equal((await w.api('DELETE', `/api/signup-tokens/${removed.id}`)).status, 204);
  await refused(removed.token, 'removed');
});

test('SEC-138 fifty people at once share a token for three', async (t) => {
  const w = await world(t);
  const { token } = await newToken(w, { usageLimit: 3 });
  const attempts = Array.from({ length: 50 }, (_, n) => signUp(w, { token, username: `ela${n}`, email: `ela${n}@example.test` }));
  const statuses = (await Promise.all(attempts)).map((r) => r.status);
  assert.deepEqual([statuses.filter((s) => s === 201).length, statuses.filter((s) => s === 401).length], [3, 47]);
  const made = await w.database.db.selectFrom('user').select('id').where('is_static', '=', 0).execute();
  assert.equal(made.length, 3);
});

test('administrators list tokens and see how far they are used; nobody else does', async (t) => {
  const w = await world(t);
  const first = await newToken(w, { usageLimit: 5 });
  w.clock.advance(10);
  const second = await newToken(w, { ttl: 90, usageLimit: 2 });
  await signUp(w, { token: first.token });
  const { body } = await w.api('GET', '/api/signup-tokens?sort[column]=expiresAt&sort[direction]=asc');
  assert.deepEqual(
    body.data.map((row: Json) => [row.id, row.token, row.usageLimit, row.usageCount]),
    [
      [second.id, second.token, 2, 0],
      [first.id, first.token, 5, 1],
    ],
  );
  assert.deepEqual(body.pagination, { totalPages: 1, totalItems: 2, currentPage: 1, itemsPerPage: 20 });
  const stored = await w.database.db.selectFrom('signup_token').selectAll().execute();
  assert.equal(JSON.stringify(stored).includes(first.token), false);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  assert.equal((await ann.request('/api/signup-tokens')).status, 403);
  assert.equal((await ann.request('/api/signup-tokens', { json: { ttl: '1h', usageLimit: 1 } })).status, 403);
  assert.equal((await browser(w).request('/api/signup-tokens')).status, 401);
});

test('SEC-186 a limited key learns no sign-up token of others, with which it could make somebody in any group', async (t) => {
  const w = await world(t);
  const boss = await person(w, { username: 'boss', admin: true });
  const { token } = await newToken(w);
  const shown = async (call: Call) => (await call('GET', '/api/signup-tokens')).body.data[0].token;
  for (const scopes of [['read'], ['users:read'], ['groups:write', 'users:read'], ['users:write']] as const)
    assert.equal(await shown(withKey(w, await keyOf(w, boss, { scopes: [...scopes] }))), MASK, scopes.join());
  assert.equal(await shown(withKey(w, await keyOf(w, boss, { scopes: ['full'] }))), token);
  assert.equal(await shown(await withSession(boss)), token);
});

test('what is wrong with a token’s wishes is told', async (t) => {
  const w = await world(t);
  const wishes: [Json, number, string][] = [
    [{ usageLimit: 1 }, 400, 'ttl'],
    [{ ttl: 0, usageLimit: 1 }, 400, 'ttl'],
    [{ ttl: '32d', usageLimit: 1 }, 400, 'ttl'],
    [{ ttl: '1h' }, 400, 'usageLimit'],
    [{ ttl: '1h', usageLimit: 0 }, 400, 'usageLimit'],
    [{ ttl: '1h', usageLimit: 101 }, 400, 'usageLimit'],
    [{ ttl: '1h', usageLimit: 1.5 }, 400, 'usageLimit'],
  ];
  for (const [body, status, field] of wishes) {
    const refused = await w.api('POST', '/api/signup-tokens', body);
    assert.deepEqual([refused.status, refused.body.details?.fields?.[0]?.field], [status, field], JSON.stringify(body));
  }
  const missing = await w.api('POST', '/api/signup-tokens', {});
  assert.equal(missing.body.error, 'TTL is required, Usage limit is required');
  assert.equal((await w.api('POST', '/api/signup-tokens', { ttl: '1h', usageLimit: 1, userGroupIds: ['nobody'] })).status, 404);
});

test('nobody signs up as administrator, or with more than they were given', async (t) => {
  const w = await world(t);
  const { token } = await newToken(w);
  const made = await signUp(w, {
    token,
    isAdmin: true,
    role: 'auditor',
    emailVerified: true,
    userGroupIds: ['x'],
    id: '7b1f3a0e-3c55-4c0c-9f1e-52f0f0a6a2b1',
  });
  assert.equal(made.status, 201);
  const user = (await made.json()) as Json;
  assert.deepEqual([user.isAdmin, user.role, user.emailVerified, user.userGroups], [false, '', false, []]);
  assert.notEqual(user.id, '7b1f3a0e-3c55-4c0c-9f1e-52f0f0a6a2b1');
});
