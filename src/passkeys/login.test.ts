import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { createApp } from '../app.ts';
import { systemRandom } from '../platform/random.ts';
import type { Overrides } from '../testing/authenticator.ts';
import { browser } from '../testing/browser.ts';
import { sharedKeys } from '../testing/keys.ts';
import { type Person, person } from '../testing/people.ts';
import { APP_URL, type World, world } from '../testing/world.ts';

const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
const signedIn = (response: Response) => response.headers.getSetCookie().some((c) => c.includes('access_token='));
/** Everything a sign-in could leave behind. */
const traces = async ({ database: { db } }: World) => [
  await db.selectFrom('session').selectAll().execute(),
  await db.selectFrom('passkey').selectAll().orderBy('id').execute(),
  await db.selectFrom('audit_log').select('id').execute(),
];

/** Sends an answer that must be refused, and sees that nothing came of it. Answers the code. */
async function refused(w: World, ann: Person, answer: unknown, what: string): Promise<string> {
  const before = await traces(w);
  const response = await ann.sendsLogin(answer);
  assert.ok(response.status === 400 || response.status === 401, `${what}: ${response.status}`);
  assert.equal(signedIn(response), false, what);
  assert.deepEqual(await traces(w), before, what);
  return codeOf(response);
}
const refusedWith = async (w: World, ann: Person, overrides: Overrides) =>
  refused(w, ann, await ann.answersLogin(overrides), JSON.stringify(overrides));

test('one touch of a passkey signs a person in', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', groups: ['familia'] });
  const response = await ann.login();
  assert.equal(response.status, 200);
  const user = (await response.json()) as { id: string; userGroups: { name: string }[] };
  assert.deepEqual([user.id, user.userGroups.map((g) => g.name)], [ann.id, ['familia']]);
  assert.equal((await ann.request('/api/users/me')).status, 200);
  const events = await w.database.db.selectFrom('audit_log').select(['event', 'username']).execute();
  assert.deepEqual(
    events.map((e) => [e.event, e.username]),
    [['SIGN_IN', 'ann']],
  );
});

test('a passkey of every algorithm that is offered signs in, and only with its own key', async (t) => {
  const w = await world(t);
  for (const alg of ['ES256', 'EdDSA', 'RS256'] as const) {
    const ann = await person(w, { username: alg, device: { alg } });
    assert.equal((await ann.login()).status, 200, alg);
    assert.equal((await ann.login({ wrongKey: true })).status, 401, alg);
  }
});

test('a sign-in takes four statements, and a fifth when its passkey was not used for an hour', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const { passkeys } = w.app.services;
  const origin = { requestId: '00000000-0000-4000-8000-000000000000', ip: '192.0.2.1', userAgent: '' };
  const statements = async () => {
    const { id, options } = await passkeys.startLogin();
    const response = ann.device.assert(options);
    const before = w.statements.length;
    await passkeys.finishLogin({ id, response, origin });
    return w.statements.slice(before).filter((sql) => /^(select|insert|update|delete)/i.test(sql)).length;
  };
  assert.deepEqual([await statements(), await statements()], [5, 4]);
});

test('two tabs of one browser do not end each other’s ceremony', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const first = await ann.answersLogin();
  const second = await ann.answersLogin();
  assert.equal((await ann.sendsLogin(first)).status, 200);
  assert.equal((await ann.sendsLogin(second)).status, 200);
});

test('an authenticator that tells little, or more than we know, signs in all the same', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const answer = await ann.answersLogin({
    clientData: { future: { nested: true }, tokenBinding: { status: 'supported' }, crossOrigin: undefined },
  });
  const { authenticatorAttachment, clientExtensionResults, ...bare } = answer;
  assert.equal((await ann.sendsLogin({ ...bare, unknown: [1, { deep: 'x' }] })).status, 200);
});

test('a refused sign-in is found by the word unauthorized, with its reason', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const reasons: [Overrides, string][] = [
    [{ uv: false }, 'passkey_user_verification_required'],
    [{ wrongKey: true }, 'webauthn_authentication_failed'],
    [{ origin: 'https://evil.test' }, 'invalid_webauthn_response'],
  ];
  for (const [overrides, reason] of reasons) {
    w.log.lines.length = 0;
    await ann.login(overrides);
    const lines = w.log.lines.filter((l) => `${l.message} ${Object.values(l.fields).join(' ')}`.includes('unauthorized'));
    assert.deepEqual(
      lines.map((l) => l.fields.reason),
      [reason],
    );
    assert.equal(typeof lines[0]?.fields.request_id, 'string');
  }
});

test('SEC-085 without user verification nobody is signed in where it is required', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  assert.equal(await refusedWith(w, ann, { uv: false, counter: 7 }), 'passkey_user_verification_required');
  await w.api('PUT', '/api/application-configuration', { webauthnUserVerification: 'preferred' });
  assert.equal((await ann.login({ uv: false })).status, 200);
});

test('SEC-087 without user presence nobody is signed in', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  assert.equal(await refusedWith(w, ann, { up: false }), 'invalid_webauthn_response');
});

test('SEC-088 one answer signs in once', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const answer = await ann.answersLogin();
  assert.equal((await ann.sendsLogin(answer)).status, 200);
  assert.equal(await refused(w, ann, answer, 'again'), 'invalid_webauthn_session');
});

test('SEC-088 fifty parallel sends of one answer give one session', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  for (let round = 1; round <= 5; round++) {
    const answer = await ann.answersLogin();
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => ann.sendsLogin(answer)))).map((r) => r.status);
    assert.equal(statuses.filter((s) => s === 200).length, 1);
    assert.equal(statuses.filter((s) => s === 400).length, 49);
  }
});

test('SEC-088 a wrong answer spends the challenge', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const right = await ann.answersLogin();
  const wrong = { ...right, response: { ...right.response, signature: ann.device.assert({ challenge: 'x' }).response.signature } };
  assert.equal(await refused(w, ann, wrong, 'wrong signature'), 'webauthn_authentication_failed');
  assert.equal(await refused(w, ann, right, 'right, but late'), 'invalid_webauthn_session');
});

test('SEC-089 nothing is finished that was not begun here', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const neverBegun = ann.device.assert({ challenge: 'bmV2ZXIgYmVndW4' });
  for (const sent of [neverBegun, {}, { id: 'x' }])
    assert.equal(await refused(w, ann, sent, 'no cookie, no challenge'), 'missing_session_id');

  const answer = await ann.answersLogin();
  const cookie = ann.cookie('__Host-session') as string;
  ann.jar.delete('__Host-session');
  assert.equal(await refused(w, ann, answer, 'cookie removed'), 'missing_session_id');
  ann.plant('__Host-session', 'A'.repeat(43));
  assert.equal(await refused(w, ann, answer, 'another cookie'), 'invalid_webauthn_session');
  ann.plant('__Host-session', cookie);

  for (const challenge of ['', 'bmV2ZXIgYmVndW4']) {
    const made = ann.device.assert({ challenge });
    const extra = { ...made, challenge, expectedChallenge: challenge, response: { ...made.response, challenge } };
    assert.equal(await refused(w, ann, extra, `challenge "${challenge}" of the sender`), 'invalid_webauthn_session');
  }
  assert.equal((await ann.sendsLogin(answer)).status, 200);
});

test('SEC-089 a restart forgets no challenge and lets none be answered twice', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const answer = await ann.answersLogin();
  const { config, database, clock, log } = w;
  const app = await createApp({ config, database, clock, log, random: systemRandom, generateKey: sharedKeys() });
  const restarted = { ...w, app };
  const b = browser(restarted);
  b.plant('__Host-session', ann.cookie('__Host-session') as string);
  const statuses = [
    await b.request('/api/webauthn/login/finish', { json: answer }),
    await b.request('/api/webauthn/login/finish', { json: answer }),
  ];
  assert.deepEqual(
    statuses.map((r) => r.status),
    [200, 400],
  );
});

test('SEC-090 a challenge serves its own ceremony, browser, session and person only', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const bob = await person(w, { username: 'bob' });
  await ann.signIn();
  await bob.signIn();

  const asLogin = ann.device.assert({
    challenge: ((await (await ann.request('/api/webauthn/register/start')).json()) as { challenge: string }).challenge,
  });
  assert.equal(await refused(w, ann, asLogin, 'registration challenge at login'), 'invalid_webauthn_session');
  const stepUp = await ann.answersReauthentication();
  assert.equal(await refused(w, ann, stepUp, 'step-up challenge at login'), 'invalid_webauthn_session');
  const login = await ann.answersLogin();
  assert.equal((await ann.sendsReauthentication(login)).status, 400);

  const other = ann.otherBrowser();
  await other.answersLogin();
  const elsewhere = await other.sendsLogin(await ann.answersLogin());
  assert.deepEqual([elsewhere.status, signedIn(elsewhere)], [400, false]);

  const mine = await ann.answersReauthentication();
  bob.plant('__Host-session', ann.cookie('__Host-session') as string);
  const stolen = await bob.sendsReauthentication(mine);
  assert.deepEqual([stolen.status, await codeOf(stolen)], [400, 'invalid_webauthn_session']);
  const options = (await (await ann.request('/api/webauthn/register/start')).json()) as Parameters<typeof bob.device.register>[0];
  assert.equal((await bob.sendsRegistration(bob.device.register(options, { ignoreExcluded: true }))).status, 400);
});

test('SEC-091 a challenge is dead after five minutes though nothing swept it', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const late = await ann.answersLogin();
  w.clock.advance(299);
  const inTime = await ann.answersLogin();
  w.clock.advance(1);
  assert.equal(await refused(w, ann, late, 'late'), 'invalid_webauthn_session');
  w.clock.advance(298);
  assert.equal((await ann.sendsLogin(inTime)).status, 200);
});

test('SEC-093 an answer made on another origin is refused', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const { host } = new URL(APP_URL);
  const origins = [
    `http://${host}`,
    `https://${host}:8443`,
    `https://www.${host}`,
    'https://example.test',
    `https://${host}.`,
    'null',
    `https://${host}.evil.test`,
    `${APP_URL}/`,
    APP_URL.toUpperCase(),
    '',
    ` ${APP_URL}`,
    'android:apk-key-hash:AAAA',
  ];
  for (const origin of origins) assert.equal(await refusedWith(w, ann, { origin }), 'invalid_webauthn_response');
});

test('SEC-094 an answer for another relying party is refused', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  for (const rpId of ['evil.test', 'example.test', 'test', `www.${new URL(APP_URL).hostname}`, APP_URL]) {
    assert.equal(await refusedWith(w, ann, { rpId }), 'invalid_webauthn_response');
  }
});

test('SEC-095 an answer made inside a frame of another site is refused', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const framed: Overrides[] = [
    { crossOrigin: true },
    { crossOrigin: true, topOrigin: 'https://evil.test' },
    { topOrigin: 'https://evil.test' },
    { topOrigin: APP_URL },
    { clientData: { crossOrigin: 'true' } },
    { clientData: { crossOrigin: 1 } },
    { clientData: { topOrigin: null } },
  ];
  for (const overrides of framed) assert.equal(await refusedWith(w, ann, overrides), 'invalid_webauthn_response');
});

const flipped = (encoded: string, bit: number) => {
  const bytes = Buffer.from(encoded, 'base64url');
  // Signatures are of slightly different lengths.
  const at = Math.min(bit >> 3, bytes.length - 1);
  bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
  return bytes.toString('base64url');
};

test('SEC-097 one flipped bit, a dropped member or two ids make an answer worthless', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const change = async (what: string, edit: (answer: AuthenticationResponseJSON) => unknown) =>
    refused(w, ann, edit(await ann.answersLogin()), what);
  for (const member of ['signature', 'authenticatorData', 'clientDataJSON'] as const) {
    const bits = Buffer.from((await ann.answersLogin()).response[member], 'base64url').length * 8;
    for (let bit = 0; bit < bits; bit += member === 'clientDataJSON' ? 29 : 7) {
      await change(`${member} bit ${bit}`, (a) => ({ ...a, response: { ...a.response, [member]: flipped(a.response[member], bit) } }));
    }
    await change(`no ${member}`, (a) => ({ ...a, response: { ...a.response, [member]: undefined } }));
    await change(`${member} as a number`, (a) => ({ ...a, response: { ...a.response, [member]: 7 } }));
    await change(`${member} empty`, (a) => ({ ...a, response: { ...a.response, [member]: '' } }));
  }
  for (const bit of [0, 9, 255]) {
    await change(`rawId bit ${bit}`, (a) => ({ ...a, rawId: flipped(a.rawId, bit) }));
    await change(`both ids, bit ${bit}`, (a) => ({ ...a, id: flipped(a.id, bit), rawId: flipped(a.rawId, bit) }));
  }
  for (const member of ['id', 'rawId', 'type', 'response'] as const) await change(`no ${member}`, (a) => ({ ...a, [member]: undefined }));
  await change('another type', (a) => ({ ...a, type: 'password' }));
  for (const body of [
    {},
    { response: null },
    { response: {} },
    { id: 'x', rawId: 'x', type: 'public-key', response: { clientDataJSON: 'e30' } },
  ]) {
    await refused(w, ann, body, JSON.stringify(body));
  }
  for (const type of ['webauthn.create', 'payment.get', '']) await refusedWith(w, ann, { type });
});

test('SEC-098 a key of somebody else signs nobody in under a known credential id', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const eve = await person(w, { username: 'eve' });
  const victim = ann.device.credentials[0]!;
  Object.assign(eve.device.credentials[0]!, { id: victim.id, userHandle: victim.userHandle });
  assert.equal(await refused(w, eve, await eve.answersLogin(), 'own key under the victim’s id'), 'webauthn_authentication_failed');
});

test('SEC-099 the user handle must be there and be the owner’s', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const bob = await person(w, { username: 'bob' });
  assert.equal(await refusedWith(w, ann, { userHandle: Buffer.from(bob.id).toString('base64url') }), 'webauthn_authentication_failed');
  assert.equal(await refusedWith(w, ann, { userHandle: null }), 'invalid_webauthn_response');
  assert.equal(await refusedWith(w, ann, { userHandle: '' }), 'invalid_webauthn_response');
});

test('SEC-103 a counter that does not grow is told in the audit log and locks nobody out', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const warnings = async () =>
    w.database.db.selectFrom('audit_log').select(['data', 'username']).where('event', '=', 'PASSKEY_CLONE_WARNING').execute();
  for (const counter of [0, 0, 1, 10]) assert.equal((await ann.login({ counter })).status, 200);
  assert.deepEqual(await warnings(), []);
  assert.equal((await ann.login({ counter: 9 })).status, 200);
  assert.equal((await ann.login({ counter: 10 })).status, 200);
  assert.equal((await ann.login({ counter: 0 })).status, 200);
  const told = await warnings();
  assert.equal(told.length, 3);
  assert.deepEqual(
    told.map((row) => row.username),
    ['ann', 'ann', 'ann'],
  );
  const last = await w.database.db.selectFrom('audit_log').select('event').orderBy('id', 'desc').limit(2).execute();
  assert.deepEqual(
    last.map((row) => row.event),
    ['SIGN_IN', 'PASSKEY_CLONE_WARNING'],
    'the warning comes before the sign-in it is about',
  );
  const { counter } = await w.database.db.selectFrom('passkey').select('counter').executeTakeFirstOrThrow();
  assert.equal(counter, 10);
});

test('SEC-104 backup flags that cannot be are refused with a sentence, and the state is kept', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', device: { be: true, bs: false } });
  assert.equal(await refusedWith(w, ann, { be: false, bs: true }), 'invalid_webauthn_response');
  assert.equal(await refusedWith(w, ann, { be: false, bs: false }), 'invalid_webauthn_response');
  const response = await ann.login({ be: false, bs: false });
  assert.match(((await response.json()) as { error: string }).error, /remove it and add it again/);
  assert.equal((await ann.login({ be: true, bs: true })).status, 200);
  const stored = await w.database.db.selectFrom('passkey').select(['backup_eligible', 'backup_state']).executeTakeFirstOrThrow();
  assert.deepEqual([stored.backup_eligible, stored.backup_state], [1, 1]);
});

test('SEC-105 an answer too large or too deep is refused before it is read', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const deep = JSON.parse(`${'['.repeat(3000)}${']'.repeat(3000)}`);
  const right = await ann.answersLogin();
  const with_ = (members: Record<string, unknown>) => ({ ...right, response: { ...right.response, ...members } });
  for (const [what, answer] of Object.entries({
    clientDataJSON: with_({ clientDataJSON: 'A'.repeat(20_000) }),
    signature: with_({ signature: 'A'.repeat(20_000) }),
    authenticatorData: with_({ authenticatorData: 'A'.repeat(20_000) }),
    userHandle: with_({ userHandle: 'A'.repeat(200) }),
    'credential id': { ...right, id: 'A'.repeat(2000), rawId: 'A'.repeat(2000) },
    'nested members': with_({ clientDataJSON: deep }),
  }))
    assert.equal(await refused(w, ann, answer, what), 'invalid_webauthn_response', what);
  assert.equal((await ann.sendsLogin(right)).status, 200);
});

test('SEC-112 the options tell nothing: the same for everybody but the challenge', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const off = await person(w, { username: 'off', disabled: true });
  const seen = new Set<string>();
  for (const visitor of [browser(w), ann, off]) {
    const response = await visitor.request('/api/webauthn/login/start?username=ann');
    const options = (await response.json()) as Record<string, unknown>;
    assert.match(String(options.challenge), /^[\w-]{43}$/);
    seen.add(JSON.stringify({ ...options, challenge: '' }));
  }
  assert.deepEqual([...seen], ['{"challenge":"","rpId":"auth.example.test","timeout":60000,"userVerification":"required"}']);
});

test('SEC-112 an unknown credential and a wrong signature are answered alike', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const wrong = await ann.login({ wrongKey: true });
  const answer = await ann.answersLogin();
  const unknown = await ann.sendsLogin({ ...answer, id: flipped(answer.id, 3), rawId: flipped(answer.rawId, 3) });
  const told = async (r: Response) => [r.status, { ...((await r.json()) as object), request_id: '' }];
  assert.deepEqual(await told(wrong), await told(unknown));
});

test('SEC-064 a disabled person’s passkey gives no session', async (t) => {
  const w = await world(t);
  const off = await person(w, { username: 'off', disabled: true });
  const response = await off.login();
  assert.deepEqual([response.status, await codeOf(response), signedIn(response)], [403, 'user_disabled', false]);
  assert.deepEqual(await w.database.db.selectFrom('session').selectAll().execute(), []);
});

test('SEC-066 what was somebody’s attaches to nobody with the same name', async (t) => {
  const w = await world(t);
  const first = await person(w, { username: 'milton' });
  await first.login();
  const { body } = await w.api('POST', `/api/users/${first.id}/one-time-access-token`, { ttl: '1h' });
  assert.equal((await w.api('DELETE', `/api/users/${first.id}`)).status, 204);
  const second = await person(w, { username: 'milton' });
  assert.notEqual(second.id, first.id);
  assert.equal((await first.request('/api/users/me')).status, 401);
  assert.equal((await first.login()).status, 401);
  assert.equal((await browser(w).request(`/api/one-time-access-token/${body.token}`, { method: 'POST' })).status, 401);
  assert.equal(((await (await second.login()).json()) as { id: string }).id, second.id);
});

// Attack: a server that mixes up two requests that wait at the same time.
test('SEC-157 two hundred people sign in at once and each is themselves', async (t) => {
  const w = await world(t);
  const people: Person[] = [];
  for (let n = 0; n < 200; n++) people.push(await person(w, { username: `user${n}` }));
  const answers = await Promise.all(people.map((p) => p.answersLogin()));
  const seen = await Promise.all(
    people.map(async (p, n) => {
      for (let turns = n % 7; turns > 0; turns--) await new Promise(setImmediate);
      const user = (await (await p.sendsLogin(answers[n])).json()) as { id: string };
      const me = (await (await p.request('/api/users/me')).json()) as { id: string };
      return [user.id, me.id];
    }),
  );
  assert.deepEqual(
    seen,
    people.map((p) => [p.id, p.id]),
  );
  const audited = await w.database.db.selectFrom('audit_log').select(['user_id', 'username']).where('event', '=', 'SIGN_IN').execute();
  const names = new Map<string, string>(people.map((p) => [p.id, p.username]));
  assert.equal(audited.length, 200);
  for (const row of audited) assert.equal(row.username, names.get(row.user_id as string));
});
