import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { systemClock } from '../../src/platform/clock.ts';
import type { Database } from '../../src/platform/db/open.ts';
import { installation, type Replica, STATIC_KEY } from '../../src/testing/installation.ts';
import { type Person, person } from '../../src/testing/people.ts';
import type { World } from '../../src/testing/world.ts';

/** What the seeding helpers use of a world. */
const seedWorld = (database: Database) => ({ database, clock: systemClock, config: { appUrl: 'http://localhost' } }) as unknown as World;

/** The secret of the link that a process prints when it has started. */
async function setupSecret({ child, output }: Replica): Promise<string> {
  for (;;) {
    const secret = /secret=([\w-]{43})/.exec(output())?.[1];
    if (secret) return secret;
    if (child.stdout) await once(child.stdout, 'data');
  }
}

/** An installation with one person in it. */
async function withMilton(t: Parameters<typeof installation>[0]) {
  let milton!: Person;
  const seed = async (database: Database) => {
    milton = await person(seedWorld(database), { username: 'milton' });
    await milton.addPasskey();
  };
  const home = await installation(t, { seed });
  return { ...home, milton };
}

const post = (url: string, json: unknown, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) });
const newCode = async (url: string, userId: string, ttl: string) => {
  const response = await post(`${url}/api/users/${userId}/one-time-access-token`, { ttl }, { 'x-api-key': STATIC_KEY });
  return ((await response.json()) as { token: string }).token;
};
const cookiesOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((line) => line.slice(0, line.indexOf(';')))
    .join('; ');
const count = (answers: Response[], status: number) => answers.filter((answer) => answer.status === status).length;

test('SEC-118 fifty parallel redemptions of one sign-in code, spread over the processes, give one session in each of twenty rounds', async (t) => {
  const home = await withMilton(t);
  for (let round = 1; round <= 20; round++) {
    const code = await newCode(home.at(round), home.milton.id, '1h');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => fetch(`${home.at(n)}/api/one-time-access-token/${code}`, { method: 'POST' })),
    );
    assert.deepEqual([count(answers, 200), count(answers, 401)], [1, 49], `round ${round}`);
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  }
});

test('SEC-116 two hundred parallel guesses, spread over the processes, end a short code', async (t) => {
  const home = await withMilton(t);
  const code = await newCode(home.at(0), home.milton.id, '10m');
  const guesses = Array.from({ length: 200 }, (_, n) =>
    fetch(`${home.at(n)}/api/one-time-access-token/${String(n).padStart(6, '2')}`, { method: 'POST' }),
  );
  const answers = await Promise.all(guesses);
  assert.equal(count(answers, 401), 200);
  const right = await fetch(`${home.at(1)}/api/one-time-access-token/${code}`, { method: 'POST' });
  assert.equal(right.status, 401);
});

test('SEC-088 fifty parallel sends of one passkey answer, spread over the processes, give one session in each of twenty rounds', async (t) => {
  const home = await withMilton(t);
  for (let round = 1; round <= 20; round++) {
    const begun = await fetch(`${home.at(round)}/api/webauthn/login/start`);
    const cookie = cookiesOf(begun);
    const answer = home.milton.device.assert((await begun.json()) as { challenge: string }, { origin: home.appUrl });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => post(`${home.at(n)}/api/webauthn/login/finish`, answer, { cookie })),
    );
    assert.deepEqual([count(answers, 200), count(answers, 400)], [1, 49], `round ${round}`);
    await Promise.all(answers.map((response) => response.arrayBuffer()));
  }
});

test('of two passkeys that two processes remove at the same time one stays', async (t) => {
  const home = await withMilton(t);
  const begun = await fetch(`${home.at(0)}/api/webauthn/login/start`);
  const answer = home.milton.device.assert((await begun.json()) as { challenge: string }, { origin: home.appUrl });
  const cookie = cookiesOf(await post(`${home.at(0)}/api/webauthn/login/finish`, answer, { cookie: cookiesOf(begun) }));
  const both = (await (await fetch(`${home.at(0)}/api/webauthn/credentials`, { headers: { cookie } })).json()) as { id: string }[];
  const removals = both.map(({ id }, n) =>
    fetch(`${home.at(n)}/api/webauthn/credentials/${id}`, { method: 'DELETE', headers: { cookie } }),
  );
  assert.deepEqual((await Promise.all(removals)).map((response) => response.status).sort(), [204, 409]);
});

test('SEC-137 fifty parallel set-ups, spread over the processes, make one administrator', async (t) => {
  const home = await installation(t);
  const secrets = await Promise.all(home.replicas.map(setupSecret));
  // Each start ends the link before it, so of several processes that start at once one printed the link that counts.
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => {
      const secret = secrets[n % secrets.length];
      return post(`${home.at(n >> 1)}/api/signup/setup`, { username: `holo${n}`, firstName: 'Holo', secret });
    }),
  );
  assert.equal(count(answers, 200), 1);
  assert.equal(count(answers, 409) + count(answers, 403), 49);
  const { data } = (await (await fetch(`${home.at(1)}/api/users`, { headers: { 'x-api-key': STATIC_KEY } })).json()) as {
    data: { isAdmin: boolean }[];
  };
  assert.deepEqual(
    data.map((user) => user.isAdmin),
    [true],
  );
});
