import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/platform/clock.ts';
import type { Database } from '../../src/platform/db/open.ts';
import { type Application, application, basic, CALLBACK, codeFor } from '../../src/testing/applications.ts';
import { installation } from '../../src/testing/installation.ts';
import { person } from '../../src/testing/people.ts';
import type { World } from '../../src/testing/world.ts';

/** What the seeding helpers use of a world. */
const seedWorld = (database: Database) => ({ database, clock: systemClock, config: { appUrl: 'http://localhost' } }) as unknown as World;

const send = (url: string, app: Application, fields: Record<string, string>) =>
  fetch(`${url}/api/oidc/token`, {
    method: 'POST',
    headers: { authorization: basic(app), 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });

const redemption = ({ code, verifier }: { code: string; verifier: string | undefined }) => ({
  grant_type: 'authorization_code',
  code,
  redirect_uri: CALLBACK,
  code_verifier: verifier ?? '',
});

test('SEC-028 fifty parallel redemptions of one code, spread over the processes, give one token response in each of a hundred rounds', async (t) => {
  let app!: Application;
  const codes: Awaited<ReturnType<typeof codeFor>>[] = [];
  const { at } = await installation(t, {
    seed: async (database) => {
      const w = seedWorld(database);
      const milton = await person(w, { username: 'milton' });
      app = await application(w, { id_token_alg: 'ES256' });
      for (let round = 0; round < 100; round++) codes.push(await codeFor(w, app, milton));
      // The rounds take longer than the minute a code lives on a slow machine; the race is what is looked at here.
      await database.db
        .updateTable('oauth_grant')
        .set({ code_expires_at: systemClock.now() + 600 })
        .execute();
    },
  });
  for (const [round, code] of codes.entries()) {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => send(at(n), app, redemption(code))));
    const statuses = answers.map((answer) => answer.status).sort();
    assert.deepEqual([statuses[0], statuses[1], statuses.at(-1)], [200, 400, 400], `round ${round}`);
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  }
});

test('SEC-053 fifty parallel refreshes of one token, spread over the processes, leave one lineage in each of a hundred rounds', async (t) => {
  let app!: Application;
  let code!: Awaited<ReturnType<typeof codeFor>>;
  const { at } = await installation(t, {
    seed: async (database) => {
      const w = seedWorld(database);
      const milton = await person(w, { username: 'milton' });
      app = await application(w, { id_token_alg: 'ES256' });
      code = await codeFor(w, app, milton);
    },
  });
  let { refresh_token: token } = (await (await send(at(0), app, redemption(code))).json()) as { refresh_token: string };
  for (let round = 0; round < 100; round++) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => send(at(n), app, { grant_type: 'refresh_token', refresh_token: token })),
    );
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as { refresh_token?: string }[];
    const successors = new Set(bodies.map((body) => body.refresh_token));
    assert.equal(successors.size, 1, `round ${round}: ${JSON.stringify([...successors])}`);
    token = [...successors][0] ?? assert.fail('no successor');
  }
});
