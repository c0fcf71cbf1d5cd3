import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { personClaims } from '#oidc/claims.ts';
import type { Client, Person } from '#oidc/ports.ts';
import { application } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { answerOf, relyingParty, sentBy } from '../testing/relying-party.ts';
import { world } from '../testing/world.ts';

const PROTOCOL = ['acr', 'amr', 'at_hash', 'aud', 'auth_time', 'exp', 'iat', 'iss', 'jti', 'nonce', 'sid', 'sub'];

async function setting(t: TestContext, over: Parameters<typeof application>[1] = {}) {
  const w = await world(t);
  const milton = await person(w, { username: 'milton', groups: ['familia', 'video'] });
  const app = await application(w, over);
  const rp = await relyingParty(w, app);
  const claims = (asked: unknown) => JSON.stringify(asked);
  const about = (token: Record<string, unknown> | undefined) =>
    Object.fromEntries(Object.entries(token ?? {}).filter(([key]) => !PROTOCOL.includes(key)));
  const atUserinfo = async (accessToken: string) => about(await rp.userInfo(accessToken, milton.id));
  return { w, milton, app, rp, claims, about, atUserinfo };
}

test('oidcc-claims-essential: the name is at userinfo and not in a minimal ID token', async (t) => {
  const { milton, rp, claims, about, atUserinfo } = await setting(t, { minimal_id_token: 1 });
  const asked = claims({ userinfo: { name: { essential: true } } });
  const { tokens, claims: idToken } = await rp.signIn(milton, { scope: 'openid', claims: asked });
  assert.equal(tokens.scope, 'openid');
  assert.deepEqual(about(idToken), {});
  assert.deepEqual(await atUserinfo(tokens.access_token), { name: 'Milton Example' });
});

test('fapi2-…-test-claims-parameter-identity-claims: claims asked for the ID token are in it, minimal or not, and after a refresh', async (t) => {
  const { milton, rp, claims, about, atUserinfo } = await setting(t, { minimal_id_token: 1 });
  const asked = claims({ id_token: { email: null, groups: { essential: true }, preferred_username: { value: 'somebody' } } });
  const { tokens, claims: idToken } = await rp.signIn(milton, { scope: 'openid', claims: asked });
  const expected = { email: 'milton@example.test', groups: ['familia', 'video'], preferred_username: 'milton' };
  assert.deepEqual(about(idToken), expected);
  assert.deepEqual(await atUserinfo(tokens.access_token), {});
  const refreshed = await rp.refresh(tokens.refresh_token ?? '');
  assert.deepEqual(about(refreshed.claims()), expected);
});

test('claims asked by name come beside those of the scopes', async (t) => {
  const { milton, rp, claims, about, atUserinfo } = await setting(t);
  const asked = claims({ userinfo: { given_name: null }, id_token: { family_name: null } });
  const { tokens, claims: idToken } = await rp.signIn(milton, { scope: 'openid email', claims: asked });
  const email = { email: 'milton@example.test', email_verified: true };
  assert.deepEqual(about(idToken), { ...email, family_name: 'Example' });
  assert.deepEqual(await atUserinfo(tokens.access_token), { ...email, given_name: 'Milton' });
});

test('a claim needs the consent of the scope it belongs to, and is not given after that is revoked', async (t) => {
  const { w, milton, app, rp, claims } = await setting(t);
  const asked = { scope: 'openid', claims: claims({ userinfo: { email: null } }) };
  assert.deepEqual((await rp.signIn(milton, { scope: 'openid' })).steps, ['authenticate', 'consent']);
  const silent = await sentBy(w, await rp.ask(milton, await rp.begin({ ...asked, prompt: 'none' })));
  assert.equal(silent && answerOf(silent).get('error'), 'consent_required');
  const { steps, tokens } = await rp.signIn(milton, asked);
  assert.deepEqual([steps, tokens.scope], [['consent'], 'openid']);
  assert.deepEqual((await rp.signIn(milton, asked)).steps, []);
  await w.database.db.updateTable('consent').set({ scopes: '["openid"]' }).where('client_id', '=', app.id).execute();
  const refused = await w.request('/api/oidc/userinfo', { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(refused.status, 401);
});

test('the consent page shows the scope that a single claim belongs to', async (t) => {
  const { w, milton, rp, claims } = await setting(t);
  await milton.signIn();
  const begun = await rp.ask(milton, await rp.begin({ scope: 'openid', claims: claims({ userinfo: { email: null } }) }));
  const page = await (await milton.visit(begun.headers.get('location') ?? '')).text();
  assert.match(page, /milton@example\.test/);
  const { id } = await w.database.db.selectFrom('interaction').select('id').executeTakeFirstOrThrow();
  const { scopes, scopeInfo } = (await (await milton.request(`/api/oidc/interactions/${id}`)).json()) as {
    scopes: string[];
    scopeInfo: { key: string }[];
  };
  assert.deepEqual([scopes, scopeInfo.map(({ key }) => key)], [['openid'], ['openid', 'email']]);
});

test('custom claims are asked for by name only where the scope profile is granted', async (t) => {
  const { w, milton, rp, claims, about, atUserinfo } = await setting(t, { minimal_id_token: 1 });
  await w.api('PUT', `/api/custom-claims/user/${milton.id}`, [{ key: 'shoe_size', value: '43' }]);
  const asked = claims({ userinfo: { shoe_size: null }, id_token: { shoe_size: null, iss: null, at_hash: null } });
  const without = await rp.signIn(milton, { scope: 'openid', claims: asked });
  assert.deepEqual([about(without.claims), await atUserinfo(without.tokens.access_token)], [{}, {}]);
  const granted = await rp.signIn(milton, { scope: 'openid profile', claims: asked });
  assert.deepEqual(about(granted.claims), { shoe_size: 43 });
});

test('the claims mapping of the application holds for claims asked by name', async (t) => {
  const mapping = { rename: { preferred_username: 'nickname' }, fixed: { tenant: 'home' }, groups: { keep: ['fam*'] } };
  const { milton, rp, claims, about } = await setting(t, { minimal_id_token: 1, claims_mapping: JSON.stringify(mapping) });
  const asked = claims({ id_token: { preferred_username: null, groups: null } });
  const { claims: idToken } = await rp.signIn(milton, { scope: 'openid', claims: asked });
  assert.deepEqual(about(idToken), { nickname: 'milton', groups: ['familia'] });
});

const somebody: Person = {
  id: 'p',
  username: 'milton',
  email: null,
  emailVerified: false,
  firstName: '',
  lastName: '',
  displayName: '',
  locale: null,
  disabled: false,
  updatedAt: 0,
  groups: [],
  customClaims: {},
};
test('a custom claim is the JSON it is written as, and text where that would change it', () => {
  const written = {
    yes: 'true',
    size: '43',
    half: '0.5',
    list: '["a",1]',
    quoted: '"43"',
    zip: '00143',
    id: '1234567890123456789',
    far: '1e999',
    pretty: '\n  { "a": [1] }\n',
  };
  const { yes, size, half, list, quoted, zip, id, far, pretty } = personClaims({ ...somebody, customClaims: written }, ['profile'], {
    issuer: 'https://auth.example.test',
    client: { claimsMapping: {} } as Client,
  });
  assert.deepEqual([yes, size, half, list, quoted, pretty], [true, 43, 0.5, ['a', 1], '43', { a: [1] }]);
  assert.deepEqual([zip, id, far], ['00143', '1234567890123456789', '1e999']);
});

const PATTERNS: [pattern: string, name: string, fits: boolean][] = [
  ['familia', 'familia', true],
  ['familia', 'familia2', false],
  ['fam*', 'familia', true],
  ['*lia', 'familia', true],
  ['*', 'familia', true],
  ['f*m*a', 'familia', true],
  ['fam*milia', 'familia', false],
  ['f*l*i*m*a', 'familia', false],
  ['fa.ilia', 'familia', false],
  ['*-*-*-*-*-*-*-*-x', '-'.repeat(255), false],
];
test('groups are told by patterns with stars, however many there are', () => {
  const about = (pattern: string, name: string) =>
    personClaims({ ...somebody, groups: [{ id: 'g', name }] }, ['groups'], {
      issuer: 'https://auth.example.test',
      client: { claimsMapping: { groups: { keep: [pattern] } } } as Client,
    }).groups;
  const began = performance.now();
  for (const [pattern, name, fits] of PATTERNS) assert.deepEqual(about(pattern, name), fits ? [name] : [], `${pattern} ${name}`);
  assert.ok(performance.now() - began < 1000, 'a regular expression takes minutes');
});

test('groups that an application knows by one name are told once, and others by their own, whatever that is', () => {
  const groups = ['admins', 'familia', 'owners', 'constructor'].map((name) => ({ id: name, name }));
  const rename = { admins: 'staff', owners: 'staff' };
  const told = personClaims({ ...somebody, groups }, ['groups'], {
    issuer: 'https://auth.example.test',
    client: { claimsMapping: { groups: { rename } } } as unknown as Client,
  });
  assert.deepEqual(told.groups, ['staff', 'familia', 'constructor']);
});

test('a subject asked for by value is the person who is signed in, or there is no answer', async (t) => {
  const { w, milton, rp, claims } = await setting(t);
  const holo = await person(w, { username: 'holo' });
  const sub = (value: string) => claims({ id_token: { sub: { value } } });
  await rp.signIn(milton);
  assert.equal((await rp.signIn(milton, { prompt: 'none', claims: sub(milton.id) })).claims?.sub, milton.id);
  const silent = await sentBy(w, await rp.ask(milton, await rp.begin({ prompt: 'none', claims: sub(holo.id) })));
  assert.equal(silent && answerOf(silent).get('error'), 'login_required');
  const { sent, steps } = await rp.authorize(milton, { claims: sub(holo.id) });
  assert.deepEqual([steps[0], answerOf(sent).get('error')], ['authenticate', 'login_required']);
});

test('a library that writes null for what it leaves out of a single claim asks for that claim as it is', async (t) => {
  const { milton, rp, claims, about } = await setting(t, { minimal_id_token: 1 });
  const member = { essential: true, value: null, values: null };
  const { claims: idToken } = await rp.signIn(milton, {
    scope: 'openid',
    claims: claims({ id_token: { sub: member, acr: member, email: member, auth_time: { essential: null, value: null } } }),
  });
  assert.deepEqual([idToken?.acr, idToken?.sub, about(idToken)], ['phr', milton.id, { email: 'milton@example.test' }]);
});

test('acr asked for by name is answered, and an essential one needs a passkey', async (t) => {
  const { w, milton, rp, claims } = await setting(t);
  await rp.signIn(milton);
  const acr = (asked: unknown) => claims({ id_token: { acr: asked, auth_time: { essential: true } } });
  const { claims: idToken } = await rp.signIn(milton, { claims: acr(null) });
  assert.deepEqual([idToken?.acr, typeof idToken?.auth_time], ['phr', 'number']);
  await milton.signIn({ amr: 'otp' });
  assert.equal((await rp.signIn(milton, { claims: acr({ values: ['phr'] }) })).claims?.acr, '0');
  const essential = acr({ essential: true, values: ['phr'] });
  const silent = await sentBy(w, await rp.ask(milton, await rp.begin({ prompt: 'none', claims: essential })));
  assert.equal(silent && answerOf(silent).get('error'), 'login_required');
  const begun = await rp.ask(milton, await rp.begin({ claims: essential }));
  const { searchParams } = new URL(begun.headers.get('location') ?? '', w.config.appUrl);
  const { currentStep } = (await (await milton.request(`/api/oidc/interactions/${searchParams.get('interaction')}`)).json()) as {
    currentStep: string;
  };
  assert.equal(currentStep, 'reauthenticate');
});
