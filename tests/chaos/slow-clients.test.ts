import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

/** Milliseconds. With REAL_LIMITS=1 the same by the server's own limits, which takes minutes. */
const REAL = process.env.REAL_LIMITS !== undefined;
const LIMITS = REAL ? {} : { headersTimeout: 3000, requestTimeout: 4000, keepAliveTimeout: 4000, idleSocketTimeout: 4000 };
const PACE = REAL ? 10_000 : 1000;

interface Report {
  userLimits: { open_files: { hard: number | 'unlimited' } };
}
/** As many as this machine lets one process open, up to what the case asks for. */
const { hard } = (process.report.getReport() as unknown as Report).userLimits.open_files;
const share = hard === 'unlimited' ? 1 : Math.min(1, (hard - 500) / 7000);
const many = (n: number) => Math.floor(n * share);

const asking = (line: string, ...headers: string[]) => `${[line, 'Host: localhost:1411', ...headers].join('\r\n')}\r\n`;
const HEADERS = { sockets: many(5000), first: `${asking('GET /healthz HTTP/1.1')}X-` };
const BODIES = { sockets: many(1000), first: `${asking('POST /api/oidc/token HTTP/1.1', 'Content-Length: 60000')}\r\na` };
/** The largest things that anybody may ask for, each twice, so that they do not fit into what the kernel keeps for a connection. */
const IMAGE = { sockets: many(250), first: `${asking('GET /api/application-images/background HTTP/1.1')}\r\n`.repeat(2) };
const DOCUMENT = { sockets: many(750), first: `${asking('GET /api/openapi.json HTTP/1.1')}\r\n`.repeat(2) };

const ordinary = (port: number, path: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, headers: { host: 'localhost:1411' }, agent: false }, (answer) =>
      answer.resume().once('end', () => resolve(answer.statusCode)),
    ).once('error', reject);
  });

async function openAll(port: number, { sockets, first }: { sockets: number; first: string }): Promise<Socket[]> {
  const all: Socket[] = [];
  // Together they would overflow the list of connections that the server has not taken yet.
  while (all.length < sockets) {
    const some = Array.from({ length: Math.min(100, sockets - all.length) }, () => connect(port, '127.0.0.1').on('error', () => {}));
    await Promise.all(some.map((socket) => once(socket, 'connect')));
    for (const socket of some) socket.write(first);
    all.push(...some);
  }
  return all;
}

test('REL-16 thousands that send or read slowly cost little memory, are cut off and leave nothing open, and others are served meanwhile', async (t) => {
  const child = fork(join(import.meta.dirname, 'served.ts'), [JSON.stringify(LIMITS)], { stdio: 'inherit' });
  t.after(() => child.kill('SIGKILL'));
  const [port] = (await once(child, 'message')) as [number];
  const state = async () => {
    child.send('?');
    return (await once(child, 'message'))[0] as { rss: number; files: number; open: number; most: number };
  };
  for (const path of ['/api/application-images/background', '/api/openapi.json', '/.well-known/openid-configuration'])
    assert.equal(await ordinary(port, path), 200);
  const before = await state();

  const began = performance.now();
  const closed = { headers: 0, bodies: 0 };
  const hear = (kind: keyof typeof closed, sockets: Socket[]) => {
    for (const socket of sockets)
      socket.resume().once('close', () => {
        if (++closed[kind] === sockets.length)
          t.diagnostic(`${sockets.length} ${kind} closed ${((performance.now() - began) / 1000).toFixed(1)} s after the first was opened`);
      });
    return sockets;
  };
  const senders = [...hear('headers', await openAll(port, HEADERS)), ...hear('bodies', await openAll(port, BODIES))];
  const readers = [...(await openAll(port, DOCUMENT)), ...(await openAll(port, IMAGE))];
  const dribble = setInterval(() => {
    for (const socket of senders) if (socket.writable) socket.write('a');
    for (const socket of readers) socket.read(1);
  }, PACE);
  t.after(() => clearInterval(dribble));

  let memory = 0;
  const times: number[] = [];
  const look = async () => {
    const asked = performance.now();
    assert.equal(await ordinary(port, '/.well-known/openid-configuration'), 200);
    times.push(performance.now() - asked);
    const now = await state();
    memory = Math.max(memory, now.rss - before.rss);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return now;
  };
  while (closed.headers + closed.bodies < senders.length) await look();
  if (REAL) while ((await look()).open > 0);
  const { most } = await state();
  t.diagnostic(`${most} connections at once, ${Math.round(memory / 1e6)} MB more than before`);
  times.sort((a, b) => a - b);
  t.diagnostic(
    `${times.length} ordinary requests: median ${times[times.length >> 1]?.toFixed(1)} ms, longest ${times.at(-1)?.toFixed(1)} ms`,
  );
  assert.ok(most > senders.length, `${most} connections at once`);
  assert.ok(memory <= 200e6, `${memory} bytes more than before`);

  for (const socket of readers) socket.destroy();
  while ((await look()).open > 0);
  assert.ok((await state()).files <= before.files);
});
