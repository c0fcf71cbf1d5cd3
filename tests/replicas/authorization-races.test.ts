import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { systemClock } from '../../src/platform/clock.ts';
import type { Database } from '../../src/platform/db/open.ts';
import { type Application, application, basic, CALLBACK, codeFor } from '../../src/testing/applications.ts';
import { installation } from '../../src/testing/installation.ts';
import { type Person, person } from '../../src/testing/people.ts';
import type { World } from '../../src/testing/world.ts';

const SCOPE = 'openid profile email groups';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const ROUNDS = 10;

/** What the seeding helpers use of a world. */
const seedWorld = (database: Database) => ({ database, clock: systemClock, config: { appUrl: 'http://localhost' } }) as unknown as World;
const cookiesOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((line) => line.slice(0, line.indexOf(';')))
    .join('; ');

/** Milton, who has let an application know him, and requests that are sent to all processes at once. */
async function home(t: TestContext) {
  let milton!: Person;
  let app!: Application;
  const seed = async (database: Database) => {
    const w = seedWorld(database);
    milton = await person(w, { username: 'milton' });
    app = await application(w, { id_token_alg: 'ES256' });
    await codeFor(w, app, milton);
  };
  const { at, appUrl } = await installation(t, { seed });
  const send = (n: number, path: string, init: RequestInit = {}) => fetch(`${at(n)}${path}`, { redirect: 'manual', ...init });
  const json = (n: number, path: string, body: unknown, cookie: string) =>
    send(n, path, { method: 'POST', headers: { 'content-type': 'application/json', cookie }, body: JSON.stringify(body) });
  const form = async (n: number, path: string, fields: Record<string, string>) => {
    const headers = { authorization: basic(app), 'content-type': 'application/x-www-form-urlencoded' };
    const response = await send(n, path, { method: 'POST', headers, body: new URLSearchParams(fields).toString() });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  };
  /** The answer of a passkey to a ceremony that begins at `path`, and the cookies it has to come with. */
  const answers = async (path: string, cookie = '') => {
    const begun = await send(0, path, { headers: { cookie } });
    const answer = milton.device.assert((await begun.json()) as { challenge: string }, { origin: appUrl });
    return { answer, cookie: `${cookie}; ${cookiesOf(begun)}` };
  };
  const signIn = async () => {
    const { answer, cookie } = await answers('/api/webauthn/login/start');
    return cookiesOf(await json(0, '/api/webauthn/login/finish', answer, cookie));
  };
  const query = (more: Record<string, string> = {}) =>
    `/authorize?${new URLSearchParams({ client_id: app.id, response_type: 'code', redirect_uri: CALLBACK, scope: SCOPE, ...more })}`;
  return { app, send, json, form, answers, signIn, query };
}

const codeIn = (text: string | null) => /[?&]code=([\w-]+)/.exec(text ?? '')?.[1];
const together = <R>(count: number, ask: (n: number) => Promise<R>) => Promise.all(Array.from({ length: count }, (_, n) => ask(n)));

test('a pushed request that all processes are asked with at once gives one code', async (t) => {
  const { app, send, form, signIn, query } = await home(t);
  const cookie = await signIn();
  for (let round = 0; round < ROUNDS; round++) {
    const { body } = await form(round, '/api/oidc/par', { response_type: 'code', redirect_uri: CALLBACK, scope: SCOPE });
    const path = query({ request_uri: body.request_uri ?? '', client_id: app.id });
    const answered = await together(20, (n) => send(n, path, { headers: { cookie } }));
    assert.equal(answered.filter(({ headers }) => codeIn(headers.get('location'))).length, 1, `round ${round}`);
    assert.ok(answered.every(({ status }) => status < 500));
  }
});

test('an interaction that is gone on with at all processes at once gives one code', async (t) => {
  const { send, json, signIn, query } = await home(t);
  const session = await signIn();
  for (let round = 0; round < ROUNDS; round++) {
    const begun = await send(round, query({ prompt: 'consent' }), { headers: { cookie: session } });
    const cookie = `${session}; ${cookiesOf(begun)}`;
    const id = new URL(begun.headers.get('location') ?? '', 'http://localhost').searchParams.get('interaction');
    const go = async (n: number) => (await send(n, `/authorize?interaction=${id}`, { headers: { cookie } })).headers.get('location');
    const complete = (n: number) => json(n, `/api/oidc/interactions/${id}/complete`, { step: 'consent' }, cookie);
    const mixed = await together(20, (n) => (n % 4 === 0 ? go(n >> 2) : complete(n).then((answer) => answer.text())));
    const codes = new Set([...mixed, ...(await together(20, go))].map(codeIn).filter((code) => code !== undefined));
    assert.equal(codes.size, 1, `round ${round}`);
  }
});

test('a device that is let in by and asks all processes at once gets tokens once', async (t) => {
  const { send, form, signIn } = await home(t);
  const cookie = await signIn();
  // More would be taken for guesses: of several approvals all but one name a code that is not there any more.
  const { body } = await form(0, '/api/oidc/device/authorize', { scope: SCOPE });
  const approvals = await together(6, (n) =>
    send(n, `/api/oidc/device/verify?code=${body.user_code}`, { method: 'POST', headers: { cookie } }),
  );
  assert.equal(approvals.filter(({ status }) => status === 204).length, 1);
  const fields = { grant_type: DEVICE, device_code: body.device_code ?? '' };
  const polls = await together(50, (n) => form(n, '/api/oidc/token', fields));
  assert.deepEqual(
    [200, 400].map((status) => polls.filter((poll) => poll.status === status).length),
    [1, 49],
  );
});

test('one passkey answer proves somebody again at one of all processes', async (t) => {
  const { json, answers, signIn } = await home(t);
  for (let round = 0; round < ROUNDS; round++) {
    const { answer, cookie } = await answers('/api/webauthn/reauthenticate/start', await signIn());
    const proven = await together(20, (n) => json(n, '/api/webauthn/reauthenticate', answer, cookie));
    assert.equal(proven.filter(({ status }) => status === 204).length, 1, `round ${round}`);
    assert.ok(proven.every(({ status }) => status < 500));
  }
});

test('no code of any process outlives a sign-out at another', async (t) => {
  const { send, form, signIn, query } = await home(t);
  for (let round = 0; round < ROUNDS; round++) {
    const cookie = await signIn();
    const ask = (n: number) => send(n, query(), { headers: { cookie } });
    const before = await together(4, ask);
    const [ended, ...during] = await Promise.all([
      send(round, '/api/webauthn/logout', { method: 'POST', headers: { cookie } }),
      ...Array.from({ length: 12 }, (_, n) => ask(n)),
    ]);
    assert.equal(ended.status, 204);
    const codes = [...before, ...during].map(({ headers }) => codeIn(headers.get('location'))).filter((code) => code !== undefined);
    assert.ok(codes.length >= before.length);
    for (const code of codes) {
      const { body } = await form(round, '/api/oidc/token', { grant_type: 'authorization_code', code, redirect_uri: CALLBACK });
      assert.equal(body.error, 'invalid_grant', `round ${round}`);
    }
  }
});
