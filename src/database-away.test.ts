import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { KyselyPlugin } from 'kysely';
import { createApp } from './app.ts';
import { DatabaseUnavailable } from './platform/db/unavailable.ts';
import { systemRandom } from './platform/random.ts';
import { testDatabase } from './platform/testing/database.ts';
import { sharedKeys } from './testing/keys.ts';
import { recordingLog, settableClock, testConfig } from './testing/world.ts';

/** The program on a database whose answers the test can keep back. */
async function running(t: TestContext) {
  const clock = settableClock();
  const log = recordingLog();
  const opened = await testDatabase(clock);
  let away: ((over: Promise<void>) => Promise<unknown>) | undefined;
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const answers: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      await away?.(over);
      return result;
    },
  };
  const database = { ...opened, db: opened.db.withPlugin(answers) };
  const app = await createApp({ config: testConfig(), database, clock, random: systemRandom, log, generateKey: sharedKeys() });
  t.after(() => {
    away = undefined;
    end();
    return app.close();
  });
  const ask = async (path: string) => {
    const began = performance.now();
    const answer = await app.request(`https://auth.example.test${path}`);
    return { status: answer.status, text: await answer.text(), seconds: (performance.now() - began) / 1000 };
  };
  return {
    ask,
    clock,
    log,
    leave: (how: typeof away) => {
      away = how;
    },
  };
}

const HOW = {
  'refuses every statement': () => Promise.reject(new DatabaseUnavailable('gone')),
  'answers nothing': (over: Promise<void>) => over,
};

for (const [what, how] of Object.entries(HOW))
  test(`REL-06 while the database ${what}, keys and discovery are served as they were, and we are well but not ready`, async (t) => {
    const { ask, clock, log, leave } = await running(t);
    const served = ['/.well-known/jwks.json', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'];
    const before = await Promise.all(served.map(ask));
    assert.deepEqual([(await ask('/healthz')).status, (await ask('/readyz')).status], [204, 204]);

    leave(how);
    // Whatever was kept in memory is old by now.
    clock.advance(3600);
    for (const [i, path] of served.entries()) {
      const { status, text, seconds } = await ask(path);
      assert.deepEqual([status, text], [200, before[i]?.text], path);
      assert.ok(seconds < 2, `${path} after ${seconds} s`);
    }
    assert.equal((await ask('/healthz')).status, 204);
    const { status, seconds } = await ask('/readyz');
    assert.equal(status, 503);
    assert.ok(seconds < 2, `${seconds} s`);
    assert.ok(log.lines.some(({ level, message }) => level === 'error' && message.includes('error')));
  });
