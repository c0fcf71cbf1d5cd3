import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import test, { type TestContext } from 'node:test';
import { createPublicFetch, FetchRefused, isPublicAddress } from './public-fetch.ts';

async function canary(t: TestContext, listener: RequestListener) {
  let connections = 0;
  const server = createServer(listener).on('connection', () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { port, host: `127.0.0.1:${port}`, connections: () => connections };
}

test('SEC-207 private, loopback, link-local, mapped and tunnelled addresses are not public', () => {
  const not =
    '127.0.0.1 0.0.0.0 10.1.2.3 100.64.0.1 169.254.169.254 172.31.255.255 192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255 ::1 :: ::ffff:127.0.0.1 ::ffff:7f00:1 64:ff9b::7f00:1 2002:7f00:1:: fd00::1 fe80::1 ff02::1';
  for (const address of not.split(' ')) assert.equal(isPublicAddress(address), false, address);
  for (const address of ['1.1.1.1', '93.184.216.34', '2606:4700:4700::1111']) assert.equal(isPublicAddress(address), true, address);
});

test('SEC-207 no spelling of a private target reaches it', async (t) => {
  const { port, connections } = await canary(t, (_, response) => response.end('secret'));
  const fetchPublic = createPublicFetch();
  for (const host of [
    '127.0.0.1',
    'localhost',
    '0.0.0.0',
    '[::1]',
    '[::ffff:7f00:1]',
    '2130706433',
    '0x7f000001',
    '017700000001',
    '127.1',
    'db.internal',
    'localhost.',
  ])
    for (const url of [`http://${host}:${port}/`, `http://${host}/`, `https://${host}/`, `http://x@${host}/`])
      await assert.rejects(fetchPublic(url, { maxBytes: 100 }), FetchRefused, url);
  for (const url of ['file:///etc/passwd', 'ftp://example.com/', 'gopher://127.0.0.1/', 'not a url', '//127.0.0.1/', 'http://1.1.1.1:22/'])
    await assert.rejects(fetchPublic(url, { maxBytes: 100 }), FetchRefused, url);
  assert.equal(connections(), 0);
});

test('SEC-207 a redirect is checked like the first address', async (t) => {
  const secret = await canary(t, (_, response) => response.end('secret'));
  const front = await canary(t, (_, response) => response.writeHead(302, { location: `http://127.0.0.1:${secret.port}/` }).end());
  await assert.rejects(createPublicFetch({ allowedHosts: [front.host] })(`http://${front.host}/`, { maxBytes: 100 }), FetchRefused);
  assert.deepEqual([front.connections(), secret.connections()], [1, 0]);
});

test('SEC-210 an answer that is too large, compressed, endless or slow is cut', async (t) => {
  const answers: Record<string, RequestListener> = {
    '/large': (_, response) => response.end('x'.repeat(2000)),
    '/announced': (_, response) => response.writeHead(200, { 'content-length': '1000000000' }).write('x'),
    '/endless': (_, response) => {
      const more = () => response.write('x'.repeat(500), () => !response.destroyed && setImmediate(more));
      more();
    },
    '/zip': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    '/silent': () => {},
    '/drip': (_, response) => void response.write('x'),
    '/circle': (request, response) => void response.writeHead(302, { location: request.url ?? '/' }).end(),
  };
  const { host } = await canary(t, (request, response) => answers[request.url ?? '']?.(request, response));
  const fetchPublic = createPublicFetch({ allowedHosts: [host] });
  for (const path of Object.keys(answers))
    await assert.rejects(fetchPublic(`http://${host}${path}`, { maxBytes: 1000, timeoutMs: 300 }), FetchRefused, path);
});

test('a host the operator named may be private', async (t) => {
  const { host } = await canary(t, (_, response) => response.writeHead(200, { 'content-type': 'Image/PNG; x=y' }).end('logo'));
  const { type, bytes } = await createPublicFetch({ allowedHosts: [host] })(`http://${host}/`, { maxBytes: 100 });
  assert.deepEqual([type, bytes.toString()], ['image/png', 'logo']);
});
