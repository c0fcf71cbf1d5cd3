import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import { settableClock } from '#src/testing/world.ts';
import { testDatabase } from '../testing/database.ts';
import { openDatabase } from './open.ts';
import { createPulse } from './pulse.ts';
import { DatabaseUnavailable } from './unavailable.ts';

/** A way to a server on which nothing more arrives, in either direction, once it is `cut`; nothing is closed. */
async function wayTo(t: TestContext, { hostname, port }: URL) {
  let cut = false;
  const ends = new Set<Socket>();
  const way = createServer((from) => {
    const to = connect(Number(port), hostname);
    for (const [a, b] of [
      [from, to],
      [to, from],
    ] as const) {
      ends.add(a);
      a.on('data', (bytes) => cut || b.write(bytes));
      a.on('close', () => cut || b.destroy());
      a.on('error', () => {});
    }
  }).listen(0, '127.0.0.1');
  await once(way, 'listening');
  t.after(() => {
    for (const end of ends) end.destroy();
    way.close();
  });
  return {
    port: (way.address() as { port: number }).port,
    cut: () => {
      cut = true;
    },
    mend: () => {
      cut = false;
    },
  };
}

/** A database that is reached by such a way; undefined on SQLite, which is in this process: silent together with it. */
async function onTheWay(t: TestContext) {
  const first = await testDatabase(settableClock());
  t.after(first.close);
  const ask = (of: typeof first.db) => sql`select 1`.execute(of);
  if (first.kind === 'sqlite') return void assert.equal((await ask(first.db)).rows.length, 1);
  const url = new URL(first.url);
  const way = await wayTo(t, url);
  url.port = String(way.port);
  const { db, close } = await openDatabase(url.href, { clock: settableClock() });
  t.after(close);
  return { db, way, ask: (of = db) => ask(of) };
}

test('REL-06 a database server that falls silent is unavailable within five seconds, also to who waits already, and is used again once it answers', async (t) => {
  const remote = await onTheWay(t);
  if (!remote) return;
  const { db, way, ask } = remote;
  let inTransaction: Promise<void> | undefined;
  await new Promise<void>((silent) => {
    inTransaction = db.transaction().execute(async (tx) => {
      await ask(tx);
      way.cut();
      silent();
      await ask(tx);
    });
  });
  const began = performance.now();
  // More than there are connections: some wait for one.
  const waiting = Array.from({ length: 40 }, () => ask());
  const answers = await Promise.allSettled([inTransaction, ...waiting]);
  for (const answer of answers)
    assert.ok(answer.status === 'rejected' && answer.reason instanceof DatabaseUnavailable, JSON.stringify(answer));
  assert.ok(performance.now() - began < 5000, `${performance.now() - began} ms`);

  const again = performance.now();
  await assert.rejects(ask(), DatabaseUnavailable);
  assert.ok(performance.now() - again < 1000, `${performance.now() - again} ms`);

  way.mend();
  for (let there = false; !there; )
    there = await ask().then(
      () => true,
      () => false,
    );
  assert.ok(performance.now() - again < 5000, `${performance.now() - again} ms`);
});

test('REL-06 the silence is noticed as soon while few ask, for whom there are connections from before', async (t) => {
  const remote = await onTheWay(t);
  if (!remote) return;
  const { db, way, ask } = remote;
  await Promise.all([ask(), ask()]);
  way.cut();
  const began = performance.now();
  let over = false;
  const waiting = assert.rejects(ask(), DatabaseUnavailable).finally(() => {
    over = true;
  });
  while (!over) {
    await db
      .connection()
      .execute(async () => {})
      .catch(() => {});
    await nextTurn();
  }
  await waiting;
  assert.ok(performance.now() - began < 5000, `${performance.now() - began} ms`);
});

/** As a server that is awaited does, this keeps the process. */
function keepAwake(t: TestContext): void {
  const held = setInterval(() => {}, 1000);
  t.after(() => clearInterval(held));
}

test('a server that takes long for a statement, and answers beside it, is not silent', async (t) => {
  let asked = 0;
  let hear: () => void = () => {};
  const enough = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const pulse = createPulse(
    async () => {
      if (++asked === 3) hear();
    },
    { quiet: 2, every: 1, keep: 0 },
  );
  t.after(pulse.stop);
  keepAwake(t);
  const socket = pulse.socket();
  await pulse.watch(() => enough);
  assert.equal(socket.destroyed, false);
});

test('a server that answers somebody, and takes longer for a new connection, is not silent: nobody is interrupted', async (t) => {
  let refused = () => {};
  const over = new Promise<void>((resolve) => {
    refused = resolve;
  });
  const pulse = createPulse(
    async () => {
      await pulse.watch(async () => {});
      setImmediate(refused);
      throw new Error('too late');
    },
    { quiet: 2, every: 1, keep: 0 },
  );
  t.after(pulse.stop);
  keepAwake(t);
  const socket = pulse.socket();
  await pulse.watch(() => over);
  assert.equal(socket.destroyed, false);
});

test('REL-06 a server that only reads is looked for anew at most once a second, so that reads get through between writes', async (t) => {
  const refused = Object.assign(new Error('cannot execute INSERT in a read-only transaction'), { code: '25006' });
  for (const [keep, kept] of [
    [60_000, true],
    [0, false],
  ] as const) {
    const pulse = createPulse(async () => {}, { quiet: 1500, every: 250, keep });
    t.after(pulse.stop);
    const write = () => assert.rejects(pulse.watch(() => Promise.reject(refused)));
    const before = pulse.socket();
    await write();
    assert.equal(before.destroyed, true);
    const after = pulse.socket();
    await write();
    assert.equal(after.destroyed, !kept);
  }
});
