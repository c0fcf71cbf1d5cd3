import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { createLog } from '../log.ts';
import { exchangeOf, shareAnswer } from './exchange.ts';
import { httpServer, LIMITS } from './server.ts';

/** Bytes; more than the kernel keeps for a connection. */
const LARGE = 32 * 1024 * 1024;
const HOST = 'auth.example.test';

/** The server around a small application, on a port of its own. */
async function serving(
  t: TestContext,
  {
    limits = {},
    trustProxy = false as boolean | string[],
    logQueryArgs = false,
    admit = undefined as undefined | ((path: string, ip: string) => number | undefined),
  } = {},
) {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'info', logJson: false }, { write: (line: string) => lines.push(line) });
  const seen = { requests: 0, release: () => {} };
  const held = new Promise<void>((resolve) => {
    seen.release = resolve;
  });
  const app = new Hono();
  app.use(async (_c, next) => {
    seen.requests++;
    await next();
  });
  app.get('/shared', (c) => {
    shareAnswer(c, 60);
    return c.json({ requests: seen.requests });
  });
  app.get('/ip', (c) => c.text(exchangeOf(c).ip));
  app.get('/held', async (c) => {
    await held;
    return c.text('done');
  });
  app.get('/large', (c) => c.body(new Uint8Array(LARGE)));
  app.get('/broken', () => new Response('no', { status: 500 }));
  app.all('*', async (c) => c.text(`${c.req.method} ${new URL(c.req.url).pathname} ${(await c.req.text()).length}`));
  const config = { appUrl: `https://${HOST}`, internalAppUrl: 'http://pocket-id:1411', trustProxy, logQueryArgs };
  const http = httpServer({
    fetch: app.fetch,
    config,
    log,
    isUpload: (_, path) => path === '/upload',
    secretPaths: ['/lc/'],
    admit,
    limits: { ...LIMITS, linger: 50, ...limits },
  });
  await http.listen(0, '127.0.0.1');
  const { port } = http.server.address() as { port: number };
  t.after(() => {
    http.server.closeAllConnections();
    http.server.close();
  });
  return { http, port, lines, seen };
}

/** Sends bytes as they are and answers everything that comes back until the server closes the connection. */
async function exchange(port: number, ...pieces: (string | Buffer)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  let text = '';
  socket.on('data', (chunk) => (text += chunk)).on('error', () => {});
  for (const piece of pieces) socket.write(piece);
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}
const closing = (start: string, ...headers: string[]) =>
  `${[start, `Host: ${HOST}`, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;
const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);

const MALFORMED: [string, string][] = [
  ['a length and chunks', closing('POST /x HTTP/1.1', 'Content-Length: 5', 'Transfer-Encoding: chunked')],
  ['two lengths', closing('POST /x HTTP/1.1', 'Content-Length: 5', 'Content-Length: 6')],
  ['a coding after chunked', closing('POST /x HTTP/1.1', 'Transfer-Encoding: chunked, identity')],
  ['a folded header', closing('GET /x HTTP/1.1', 'X-A: b\r\n c')],
  ['lines that end without CR', `GET /x HTTP/1.1\nHost: ${HOST}\n\n`],
  ['a space before the colon', closing('GET /x HTTP/1.1', 'X-A : b')],
  ['a chunk extension of 64 KiB', `${closing('POST /x HTTP/1.1', 'Transfer-Encoding: chunked')}1;${'x'.repeat(65_536)}\r\na\r\n0\r\n\r\n`],
  ['two Hosts', `GET /x HTTP/1.1\r\nHost: ${HOST}\r\nHost: ${HOST}\r\n\r\n`],
  ['no Host', 'GET /x HTTP/1.1\r\n\r\n'],
  ['another protocol', 'GET /x HTTP/9.9\r\nHost: a\r\n\r\n'],
  ['a line that is no request', 'hello\r\n\r\n'],
];
for (const [what, bytes] of MALFORMED)
  test(`SEC-226 ${what}: 400, the connection is closed, and no handler sees it`, async (t) => {
    const { port, seen } = await serving(t);
    const answer = await exchange(port, bytes);
    assert.equal(statusOf(answer), 400);
    assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1, 'one answer: nothing is left over to be read as a request');
    assert.equal(seen.requests, 0);
  });

test('SEC-226 what is no request is answered once, also when its sender stays until it is late', async (t) => {
  const { port } = await serving(t, { limits: { headersTimeout: 200, requestTimeout: 300, checkInterval: 20, linger: 600 } });
  const answer = await exchange(port, `POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`);
  assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 400']);
});

const TOO_MUCH: [string, string, number][] = [
  ['a body that is announced too long', closing('POST /x HTTP/1.1', 'Content-Length: 65537'), 413],
  ['a body of 1 GB', closing('POST /x HTTP/1.1', 'Content-Length: 1000000000'), 413],
  [
    'chunks without an end',
    `${closing('POST /x HTTP/1.1', 'Transfer-Encoding: chunked')}${`4000\r\n${'x'.repeat(0x4000)}\r\n`.repeat(5)}`,
    413,
  ],
  ['a body with a GET', closing('GET /x HTTP/1.1', 'Content-Length: 65537'), 413],
  ['a picture too large', closing('PUT /upload HTTP/1.1', `Content-Length: ${3 * 1024 * 1024 + 1}`), 413],
  ['headers of 16 KiB and one byte', closing('GET /x HTTP/1.1', `X-A: ${'x'.repeat(16 * 1024)}`), 431],
  ['ten thousand headers', closing('GET /x HTTP/1.1', ...Array.from({ length: 10_000 }, () => 'X-A: b')), 431],
  ['101 headers', closing('GET /x HTTP/1.1', ...Array.from({ length: 99 }, () => 'X-A: b')), 431],
  ['a URL of more than 8 KiB', closing(`GET /${'x'.repeat(8192)} HTTP/1.1`), 414],
  ['a URL of 1 MB', closing(`GET /${'x'.repeat(1_000_000)} HTTP/1.1`), 431],
  ['101 parameters in the query', closing(`GET /x?${'a=b&'.repeat(100)}c=d HTTP/1.1`), 400],
  [
    '101 parameters in a form',
    `${closing('POST /x HTTP/1.1', 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 403')}${'a=b&'.repeat(100)}c=d`,
    400,
  ],
];
test('a file too large for any upload is refused as a file that is too large is, with the most it may have', async (t) => {
  const { port } = await serving(t);
  const head = closing('PUT /upload HTTP/1.1', 'Content-Type: multipart/form-data; boundary=x', 'Content-Length: 4000000');
  const answer = await exchange(port, head);
  assert.match(answer, /^HTTP\/1\.1 413 .*"code":"file_too_large","details":\{"max_size":"2 MiB"\}/s);
});

for (const [what, bytes, status] of TOO_MUCH)
  test(`SEC-227 REL-17 ${what}: ${status} before a handler sees it`, async (t) => {
    const { port, seen } = await serving(t);
    assert.equal(statusOf(await exchange(port, bytes)), status);
    assert.equal(seen.requests, 0);
  });

test('SEC-227 what is exactly as large as it may be is served', async (t) => {
  const { port } = await serving(t);
  const body = (path: string, length: number) =>
    exchange(port, closing(`POST ${path} HTTP/1.1`, `Content-Length: ${length}`), Buffer.alloc(length, 120));
  assert.match(await body('/x', 65_536), /POST \/x 65536$/);
  assert.match(await body('/upload', 3 * 1024 * 1024), /POST \/upload 3145728$/);
  assert.match(await exchange(port, closing(`GET /x?${'a=b&'.repeat(99)}c=d HTTP/1.1`)), /GET \/x 0$/);
});

test('SEC-228 compressed request bodies are refused', async (t) => {
  const { port, seen } = await serving(t);
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  const answer = await exchange(port, closing('POST /x HTTP/1.1', 'Content-Encoding: gzip', `Content-Length: ${bomb.length}`), bomb);
  assert.equal(statusOf(answer), 415);
  const beneath = await exchange(port, closing('POST /x HTTP/1.1', 'Transfer-Encoding: gzip, chunked'), '0\r\n\r\n');
  assert.equal(statusOf(beneath), 415);
  assert.equal(seen.requests, 0);
});

test('REL-17 a client that waits for leave to send a body too long is refused before it sends', async (t) => {
  const { port } = await serving(t);
  assert.equal(statusOf(await exchange(port, closing('POST /x HTTP/1.1', 'Expect: 100-continue', 'Content-Length: 100000'))), 413);
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
    if (text === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write('abc');
  });
  socket.write(closing('POST /x HTTP/1.1', 'Expect: 100-continue', 'Content-Length: 3'));
  await once(socket, 'close');
  assert.match(text, /HTTP\/1\.1 200 .*POST \/x 3$/s);
});

for (const [what, bytes] of [...MALFORMED.slice(0, 2), ...TOO_MUCH.map(([name, sent]) => [name, sent] as const)])
  test(`HARD-33 the refusal of ${what} carries the security headers and no version`, async (t) => {
    const { port } = await serving(t);
    const answer = await exchange(port, bytes);
    for (const header of [
      'X-Content-Type-Options: nosniff',
      'Strict-Transport-Security',
      "Content-Security-Policy: default-src 'none'",
      'Cache-Control: private, no-store',
      'X-Frame-Options: DENY',
    ])
      assert.ok(answer.toLowerCase().includes(header.toLowerCase()), `${header} in ${answer}`);
    assert.doesNotMatch(answer, /node|hono|pocket|server:|powered|\d+\.\d+\.\d+/i);
  });

test('HARD-32 the limits of the server are set', async (t) => {
  const { http } = await serving(t);
  const { server } = http;
  assert.ok(LIMITS.headersTimeout + 2 * LIMITS.checkInterval <= 15_000 && server.headersTimeout === LIMITS.headersTimeout);
  assert.ok(LIMITS.requestTimeout + 2 * LIMITS.checkInterval <= 30_000 && server.requestTimeout === LIMITS.requestTimeout);
  assert.ok(server.keepAliveTimeout > 60_000);
  assert.equal(server.maxRequestsPerSocket, 1000);
  assert.ok(server.maxConnections > 10_000);
});

test('REL-16 senders that dribble headers or a body are cut off, and others are served meanwhile', async (t) => {
  const { port, lines } = await serving(t, { limits: { headersTimeout: 500, requestTimeout: 1000, checkInterval: 50 } });
  const open = (text: string): Socket => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(text);
    socket.resume();
    return socket;
  };
  const slow = [
    ...Array.from({ length: 200 }, () => open(`GET /x HTTP/1.1\r\nHost: ${HOST}\r\nX-`)),
    ...Array.from({ length: 100 }, () => open(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1000\r\n\r\na`)),
  ];
  const dribble = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('a');
  }, 20);
  const closed = Promise.all(slow.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  assert.match(await exchange(port, closing('GET /x HTTP/1.1')), /GET \/x 0$/);
  await closed;
  clearInterval(dribble);
  assert.ok(
    lines.every((line) => !/error/.test(line)),
    lines.join(''),
  );
});

test('REL-16 a client that stops reading is cut off', async (t) => {
  const { http, port } = await serving(t, { limits: { idleSocketTimeout: 200, keepAliveTimeout: 200 } });
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  const asked = once(http.server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  socket.pause().write(`GET /large HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  const [, answer] = await asked;
  await once(answer, 'close');
  assert.equal(answer.writableFinished, false, 'it had not taken everything');
  socket.destroy();
});

test('requests that were sent ahead are answered one after the other, in order, and so many only', async (t) => {
  const { port, seen } = await serving(t);
  const ahead = (n: number) => `GET /ahead/${n} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  let text = '';
  const closed = once(socket, 'close');
  socket.on('data', (chunk) => (text += chunk));
  socket.write(`GET /held HTTP/1.1\r\nHost: ${HOST}\r\n\r\n${Array.from({ length: LIMITS.maxWaiting - 1 }, (_, n) => ahead(n)).join('')}`);
  socket.write(closing('POST /last HTTP/1.1', 'Content-Length: 3'));
  while (seen.requests === 0) await new Promise(setImmediate);
  assert.match(await exchange(port, closing('GET /other HTTP/1.1')), /other/);
  assert.equal(seen.requests, 2, 'of those that wait none was begun');
  socket.write('abc');
  seen.release();
  await closed;
  const order = [...text.matchAll(/done|GET \/ahead\/(\d+) 0|POST \/last 3/g)].map(([all, n]) => n ?? all);
  assert.deepEqual(order, ['done', ...Array.from({ length: LIMITS.maxWaiting - 1 }, (_, n) => String(n)), 'POST /last 3']);

  const greedy = await serving(t);
  const answer = exchange(greedy.port, `GET /held HTTP/1.1\r\nHost: ${HOST}\r\n\r\n${ahead(0).repeat(LIMITS.maxWaiting + 1)}`);
  assert.equal(await answer, '', 'more are not listened to');
  assert.equal(greedy.seen.requests, 1);
});

test('REL-22 a stop lets the request under way finish, takes no new connection, and says not ready on the old ones', async (t) => {
  const { http, port, seen } = await serving(t);
  const sockets: Socket[] = [];
  http.server.on('connection', (socket: Socket) => sockets.push(socket));
  const held = exchange(port, closing('GET /held HTTP/1.1'));
  const idle = connect(port, '127.0.0.1');
  let said = '';
  idle.on('data', (chunk) => (said += chunk)).on('error', () => {});
  // A connection with a request half sent is not idle, so the stop leaves it open.
  idle.write('GET /healthz HTTP/1.1\r\n');
  const arrived = () => seen.requests > 0 && sockets.length === 2 && sockets.every((socket) => socket.bytesRead > 0);
  while (!arrived()) await new Promise(setImmediate);
  const stopped = http.drain(60_000);
  idle.write(`Host: ${HOST}\r\n\r\n`);
  await new Promise((resolve) => idle.once('close', resolve));
  assert.equal(statusOf(said), 503);
  await assert.rejects(once(connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
  seen.release();
  assert.match(await held, /HTTP\/1\.1 200 .*done$/s);
  await stopped;
});

test('REL-22 a request that does not end is ended when the grace is over', async (t) => {
  const { http, port, seen } = await serving(t);
  const held = exchange(port, closing('GET /held HTTP/1.1'));
  while (seen.requests === 0) await new Promise(setImmediate);
  await http.drain(10);
  assert.equal(await held, '');
});

const HOSTS: [string, string, number][] = [
  ['the name of APP_URL', HOST, 200],
  ['the name in capitals, with a port', 'AUTH.example.test:8443', 200],
  ['the name of INTERNAL_APP_URL', 'pocket-id:1411', 200],
  ['an IPv4 address', '192.168.1.123:1411', 200],
  ['an IPv6 address', '[fd00::1]:1411', 200],
  ['localhost', 'localhost:1411', 200],
  ['another name', 'evil.test', 421],
  ['a name that ends like ours', 'evil-auth.example.test', 421],
  ['a name that begins like ours', 'auth.example.test.evil.test', 421],
  ['a user name in front', 'auth.example.test@evil.test', 421],
  ['something after the port', 'auth.example.test:80.evil.test', 421],
];
for (const [what, host, status] of HOSTS)
  test(`SEC-127 Host: ${what} → ${status}`, async (t) => {
    const { port } = await serving(t);
    assert.equal(statusOf(await exchange(port, `GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)), status);
  });

test('SEC-127 an absolute request line must name us too, and only its path goes on', async (t) => {
  const { port } = await serving(t);
  assert.equal(statusOf(await exchange(port, closing('GET http://evil.test/x HTTP/1.1'))), 421);
  assert.match(await exchange(port, closing(`GET https://${HOST}/x?y HTTP/1.1`)), /GET \/x 0$/);
  assert.match(await exchange(port, closing(`GET http://${HOST} HTTP/1.1`)), /GET \/ 0$/);
  assert.equal(statusOf(await exchange(port, closing('GET ftp://evil.test/x HTTP/1.1'))), 400);
  assert.equal(statusOf(await exchange(port, closing('OPTIONS * HTTP/1.1'))), 400);
});

for (const path of ['/api/../healthz', '/a/%2e%2e/b', '/a/./b', '/a//b', '//evil.test/', '/a%2fb', '/a\\b', '/a%5cb', '/a%00'])
  test(`a path that a proxy may read differently is refused: ${path}`, async (t) => {
    const { port } = await serving(t);
    assert.equal(statusOf(await exchange(port, closing(`GET ${path} HTTP/1.1`))), 400);
  });

test('the client is named by proxies of ours only', async (t) => {
  const ip = async (port: number) =>
    (await exchange(port, closing('GET /ip HTTP/1.1', 'X-Forwarded-For: 198.51.100.1, 203.0.113.5'))).split('\r\n\r\n')[1];
  assert.equal(await ip((await serving(t)).port), '127.0.0.1');
  assert.equal(await ip((await serving(t, { trustProxy: ['127.0.0.0/8'] })).port), '203.0.113.5');
});

test('a shared answer is given again without asking, with an id of its own, also to HEAD', async (t) => {
  const { port, seen } = await serving(t);
  const first = await exchange(port, closing('GET /shared HTTP/1.1'));
  const again = await exchange(port, closing('GET /shared HTTP/1.1'));
  const head = await exchange(port, closing('HEAD /shared HTTP/1.1'));
  assert.equal(seen.requests, 1);
  const id = (text: string) => /x-request-id: (\S+)/i.exec(text)?.[1];
  assert.match(again, /\{"requests":1\}$/);
  assert.equal(new Set([id(again), id(head)]).size, 2);
  assert.match(first, /\{"requests":1\}$/);
  assert.match(head, /content-length: 14\r\n/i);
  assert.ok(head.endsWith('\r\n\r\n'), 'HEAD has no body');
  await exchange(port, closing('GET /shared?x HTTP/1.1'));
  assert.equal(seen.requests, 2, 'a query makes another question of it');
});

test('HEAD is answered like GET, with the length and without the body, and logged as what it is', async (t) => {
  const { port, lines } = await serving(t);
  const get = await exchange(port, closing('GET /ip HTTP/1.1'));
  const head = await exchange(port, closing('HEAD /ip HTTP/1.1'));
  const fields = (text: string) =>
    (text.split('\r\n\r\n')[0] ?? '')
      .split('\r\n')
      .filter((line) => !/^(date|x-request-id):/i.test(line))
      .sort();
  assert.match(head, /content-length: 9\r\n/i);
  assert.deepEqual(fields(head), fields(get));
  assert.ok(head.endsWith('\r\n\r\n'), 'HEAD has no body');
  assert.match(lines[1] ?? '', / method=HEAD /);
});

test('a client that asks for too much is told when to come back', async (t) => {
  const { port } = await serving(t, { admit: (path) => (path === '/api' ? 7 : undefined) });
  const answer = await exchange(port, closing('GET /api HTTP/1.1'));
  assert.equal(statusOf(answer), 429);
  assert.match(answer, /retry-after: 7\r\n/i);
  assert.equal(statusOf(await exchange(port, closing('GET /page HTTP/1.1'))), 200);
});

test('each request is one line, whose words only its status chooses', async (t) => {
  const { port, lines } = await serving(t);
  await exchange(
    port,
    closing('GET /error/unauthorized?error=unauthorized HTTP/1.1', 'User-Agent: error unauthorized', 'Referer: https://error.test/lc/ABC'),
  );
  await exchange(port, closing('GET /lc/SECRETCODE HTTP/1.1'));
  await exchange(port, closing('GET /broken HTTP/1.1'));
  await exchange(port, closing('GET /x HTTP/1.1', 'X-Big: '.padEnd(17_000, 'x')));
  assert.equal(lines.length, 3);
  assert.match(
    lines[0] ?? '',
    / INF HTTP request completed request_id=\S{36} status=200 method=GET path=\S+ ip=127\.0\.0\.1 latency=\d+\.\d\dms referer=\S+ user_agent=".*" body_size=\d+\n$/,
  );
  assert.doesNotMatch(lines[0] ?? '', /error|unauthorized|ABC/);
  assert.match(lines[1] ?? '', / path="\/lc\/…" /);
  assert.doesNotMatch(lines[1] ?? '', /SECRETCODE/);
  assert.match(lines[2] ?? '', / ERR HTTP request completed with an error .*status=500/);
});

test('a query that is logged shows no value that signs somebody in or says who it is', async (t) => {
  const { port, lines } = await serving(t, { logQueryArgs: true });
  const names = 'code user_code device_code token access_token id_token_hint login_hint logout_hint request request_uri state nonce'.split(
    ' ',
  );
  names.push(...'secret client_secret client_assertion code_verifier api_key Token c%6Fde user%5Fcode +code x%ZZ _secret'.split(' '));
  const query = names.map((name, i) => `${name}=HIDDEN${i}`).join('&');
  await exchange(
    port,
    closing(`GET /ip?${query}&code=HIDDEN=HIDDEN&scope=openid&redirect_uri=https://app.test/&response_mode=query&flag HTTP/1.1`),
  );
  assert.doesNotMatch(lines[0] ?? '', /HIDDEN/);
  assert.match(lines[0] ?? '', /user_code=…&.*&scope=openid&redirect_uri=https:\/\/app\.test\/&response_mode=query&flag/);
});

for (const path of ['//lc/', '/LC/', '/%6cc/', '/lc//', '/lc%2F', 'http://elsewhere.test/lc/'])
  test(`a code is in no line of the log where its path is spelt ${path}`, async (t) => {
    const { port, lines } = await serving(t);
    await exchange(port, closing(`GET ${path}SECRETCODE HTTP/1.1`));
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0] ?? '', /SECRETCODE/);
    assert.match(lines[0] ?? '', /…/);
  });
