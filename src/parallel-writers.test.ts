import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { application, CALLBACK, codeFor, post, redeem, refresh, token } from './testing/applications.ts';
import { person } from './testing/people.ts';
import { world } from './testing/world.ts';

const AT_ONCE = 64;
type Answer = { status: number; body?: unknown };

/** Sends one request of each number at the same moment; all must be answered well. */
async function allAtOnce<T extends Answer>(what: string, send: (number: number) => Promise<T>): Promise<T[]> {
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, number) => send(number)));
  const refused = answers.filter((answer) => answer.status >= 400);
  assert.deepEqual(
    refused.map(({ status, body }) => ({ status, body })),
    [],
    `${what}: ${refused.length} of ${AT_ONCE} were refused`,
  );
  return answers;
}

async function installation(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-writers-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const w = await world(t, { database: join(directory, 'pocket-id.db') });
  const people = await Promise.all(Array.from({ length: 8 }, (_, i) => person(w, { username: `person${i}` })));
  const app = await application(w);
  const member = (number: number) => people[number % people.length]!;
  return { w, app, member };
}
type Installation = Awaited<ReturnType<typeof installation>>;

const authorizeQuery = (clientId: string) =>
  new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid profile email groups',
    state: 'a-state',
  });

/** Every kind of request that writes on the way into an application and behind it. */
async function kindsOfSignIn({ w, app, member }: Installation) {
  const codes = await Promise.all(Array.from({ length: AT_ONCE * 2 }, (_, i) => codeFor(w, app, member(i))));
  for (let i = 0; i < 8; i++) await member(i).signIn();
  const kept: string[] = [];
  const exchange = async (number: number) => {
    const answer = await redeem(w, app, codes[number]!);
    kept[number] = answer.body.refresh_token;
    return answer;
  };
  await allAtOnce('code exchange', exchange);
  const logins = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => member(i).otherBrowser()));
  const answers = await Promise.all(logins.map((browser) => browser.answersLogin()));
  return {
    'code exchange': (number: number) => exchange(AT_ONCE + number),
    refresh: (number: number) => refresh(w, app, kept[number]!),
    'client credentials': () => token(w, app, { grant_type: 'client_credentials' }),
    'authorization with a session': async (number: number) => {
      const { headers } = await member(number).visit(`/authorize?${authorizeQuery(app.id)}`, { site: 'cross-site' });
      const location = headers.get('location') ?? '';
      // Whoever has to ask the person something else first answers with a redirect too.
      return { status: location.includes('code=') ? 302 : 500, body: location };
    },
    'start of a passkey sign-in': (number: number) => member(number).request('/api/webauthn/login/start'),
    'end of a passkey sign-in': (number: number) => logins[number]!.sendsLogin(answers[number]),
  };
}

/** Every kind of change that programs make through the REST API, `round` apart from others. */
function kindsOfChange({ w, app }: Installation, round: string) {
  const user = (number: number) => ({
    username: `${round}${number}`,
    email: `${round}${number}@example.test`,
    firstName: 'New',
    displayName: 'New',
  });
  const group = (number: number) => ({ name: `${round}-group-${number}`, friendlyName: `Group ${number}` });
  const client = (number: number) => ({ name: `${round} ${number}`, callbackURLs: [CALLBACK] });
  return {
    'new user': (number: number) => w.api('POST', '/api/users', user(number)),
    'new group': (number: number) => w.api('POST', '/api/user-groups', group(number)),
    'new client': (number: number) => w.api('POST', '/api/oidc/clients', client(number)),
    'new secret': () => w.api('POST', `/api/oidc/clients/${app.id}/secret`),
  };
}

test('sixty-four requests of one kind at once are all answered, whatever they write', async (t) => {
  const place = await installation(t);
  for (const [what, send] of Object.entries(await kindsOfSignIn(place))) await allAtOnce<Answer>(what, async (n) => send(n));
  for (const [what, send] of Object.entries(kindsOfChange(place, 'a'))) await allAtOnce<Answer>(what, send);
});

test('sixty-four requests of every kind at once are all answered', async (t) => {
  const place = await installation(t);
  const kinds = { ...(await kindsOfSignIn(place)), ...kindsOfChange(place, 'b') };
  // A secret of its own is what the others authenticate with: a new one would end it.
  const { 'new secret': _, ...together } = kinds;
  await Promise.all(Object.entries(together).map(([what, send]) => allAtOnce<Answer>(what, async (n) => send(n))));
});

test('tokens are revoked by sixty-four requests at once', async (t) => {
  const { w, app, member } = await installation(t);
  const tokens = await allAtOnce('code exchange', async (n) => redeem(w, app, await codeFor(w, app, member(n))));
  const credentials = { client_id: app.id, client_secret: app.secret };
  await allAtOnce('revocation', (n) => post(w, '/api/oidc/revoke', { token: tokens[n]!.body.refresh_token, ...credentials }));
});
