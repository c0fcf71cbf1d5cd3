import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { isPrivateHost } from '#oidc/checks/private-host.ts';
import { shortId } from './platform/http/context.ts';
import { createPublicFetch, type PublicFetch } from './platform/http/public-fetch.ts';
import { browser } from './testing/browser.ts';
import { freePort } from './testing/free-port.ts';
import { person } from './testing/people.ts';
import { type World, world } from './testing/world.ts';

/** Fetches that strangers cause: an administrator's logo address, and the document of a client that nobody registered. */
const DOCUMENT = 'https://apps.example.com/client.json';
const LOGO = 'https://logos.example.com/logo.png';

async function withDocuments(t: TestContext, fetchPublic: PublicFetch): Promise<World> {
  const w = await world(t, {}, { fetchPublic });
  const current = (await w.api('GET', '/api/application-configuration/all')).body as { key: string; value: string }[];
  const values = Object.fromEntries(current.map(({ key, value }) => [key, value]));
  const cimdUrlAllowlist = JSON.stringify(['https://apps.example.com/**']);
  assert.equal((await w.api('PUT', '/api/application-configuration', { ...values, cimdUrlAllowlist })).status, 200);
  return w;
}
const addsLogo = async (w: World) => {
  const { status, body } = await w.api('POST', '/api/oidc/clients', { name: 'App', logoUrl: LOGO });
  return JSON.stringify([status, body.code, body.error]);
};
const signsIn = async (w: World) => {
  const query = { client_id: DOCUMENT, redirect_uri: 'https://app.example.com/callback', response_type: 'code' };
  const page = await browser(w).visit(`/authorize?${new URLSearchParams(query)}`);
  // All that differs are the ids of the request.
  const told = w.log.lines.findLast(({ fields }) => fields.request_id !== undefined)?.fields.request_id;
  const text = (await page.text()).replaceAll(shortId(String(told)), '…').replace(/nonce="[^"]*"/g, '');
  return `${page.status} ${text}`;
};
const FEATURES = [
  ['a logo', addsLogo, /422.*(?:logo_download_failed|logo_too_large)/],
  ['a client document', signsIn, /^400 <!doctype html>/],
] as const;

/** Every address that a socket of this process tries while the test runs. */
function attempts(t: TestContext): string[] {
  const tried: string[] = [];
  const watch = (message: unknown) => void (message as { socket: Socket }).socket.on('connectionAttempt', (ip: string) => tried.push(ip));
  subscribe('net.client.socket', watch);
  t.after(() => unsubscribe('net.client.socket', watch));
  return tried;
}

/** Public, and nobody's. */
const ELSEWHERE = '192.31.196.1';

for (const [what, cause, refused] of FEATURES) {
  test(`SEC-208 ${what}: a name with a private address among others, in any order, is not connected to`, async (t) => {
    const tried = attempts(t);
    let answer: LookupAddress[] = [];
    const w = await withDocuments(t, createPublicFetch({ lookup: (_, __, tell) => tell(null, answer) }));
    const inside = ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fd00::1'];
    tried.length = 0;
    for (const address of inside)
      for (const all of [[address], [ELSEWHERE, address], [address, ELSEWHERE]]) {
        answer = all.map((one) => ({ address: one, family: one.includes(':') ? 6 : 4 }));
        assert.match(await cause(w), refused, all.join());
        w.clock.advance(61);
      }
    assert.deepEqual(
      tried.filter((ip) => inside.includes(ip) || ip === ELSEWHERE),
      [],
    );
  });

  test(`SEC-208 ${what}: a name that changes its mind is asked once, and only the address that was checked is tried`, async (t) => {
    const tried = attempts(t);
    let asked = 0;
    const first = [{ address: ELSEWHERE, family: 4 }];
    const then = [{ address: '127.0.0.1', family: 4 }];
    const lookup: NonNullable<Parameters<typeof createPublicFetch>[0]>['lookup'] = (_, __, tell) =>
      tell(null, asked++ === 0 ? first : then);
    const w = await withDocuments(t, createPublicFetch({ lookup, defaultTimeoutMs: 100 }));
    tried.length = 0;
    assert.match(await cause(w), refused);
    assert.deepEqual([asked, tried.filter((ip) => ip === '127.0.0.1'), tried.includes(ELSEWHERE)], [1, [], true]);
  });
}

/** A server elsewhere that our features are led to: addresses that the fetcher takes for public come from its `allowedHosts`. */
async function elsewhere(t: TestContext, listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
/** Sends every fetch to `target()` instead, with the limits the feature set. */
const ledTo =
  (target: () => string, timeoutMs: number): PublicFetch =>
  async (_, limits) =>
    createPublicFetch({ allowedHosts: [new URL(target()).host] })(target(), { ...limits, timeoutMs });

const HOSTILE: Record<string, RequestListener> = {
  'a gigabyte that is announced': (_, response) => response.writeHead(200, { 'content-length': '1000000000' }).write('x'),
  'an answer without end': (_, response) => {
    const more = () => response.write('x'.repeat(16_384), () => !response.destroyed && setImmediate(more));
    more();
  },
  'a byte now and then': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{');
    const drip = setInterval(() => response.write(' '), 20);
    response.once('close', () => clearInterval(drip));
  },
  'headers without end': ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const drip = setInterval(() => socket.write(`x-${'x'.repeat(500)}: x\r\n`), 5);
    socket.once('close', () => clearInterval(drip));
  },
  'nothing at all': () => {},
  'a compressed bomb': (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' }).end(gzipSync(Buffer.alloc(5_000_000))),
  'a redirect to itself': (_, response) => void response.writeHead(302, { location: '/' }).end(),
};

for (const [what, cause, refused] of FEATURES)
  for (const [answer, listener] of Object.entries(HOSTILE))
    test(`SEC-210 ${what} from a server that sends ${answer} is given up`, async (t) => {
      const host = await elsewhere(t, listener);
      const w = await withDocuments(
        t,
        ledTo(() => `http://${host}/`, 250),
      );
      assert.match(await cause(w), refused);
    });

test('SEC-210 while a slow host is waited for, people sign in and administrators work', async (t) => {
  let asked = 0;
  const host = await elsewhere(t, () => void asked++);
  const w = await withDocuments(
    t,
    ledTo(() => `http://${host}/`, 60_000),
  );
  const ann = await person(w, { username: 'ann' });
  let over = 0;
  for (const one of [addsLogo(w), signsIn(w)]) void one.then(() => over++);
  while (asked < 2) await new Promise(setImmediate);
  assert.equal((await ann.login()).status, 200);
  assert.equal((await w.api('POST', '/api/user-groups', { name: 'familia', friendlyName: 'Familia' })).status, 201);
  assert.equal(over, 0, 'neither was waited for');
});

test('SEC-211 an open, a closed, a silent port and one that speaks something else are answered alike', async (t) => {
  const http = await elsewhere(
    t,
    ({ url }, response) => void (url === '/silent' || response.writeHead(Number(url?.slice(1)) || 404).end('x')),
  );
  const ssh = createTcpServer((socket) => void socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.9\r\n')).listen(0, '127.0.0.1');
  await once(ssh, 'listening');
  t.after(() => ssh.close());
  const talks = `127.0.0.1:${(ssh.address() as AddressInfo).port}`;
  let target = '';
  const w = await withDocuments(
    t,
    ledTo(() => target, 250),
  );
  for (const [what, cause] of FEATURES) {
    const answers = new Map<string, string[]>();
    for (const url of [
      ...['404', '500', '401', '204', 'silent'].map((path) => `http://${http}/${path}`),
      `https://${http}/`,
      `http://${talks}/`,
      `https://${talks}/`,
      `http://127.0.0.1:${await freePort()}/`,
    ]) {
      target = url;
      const answer = await cause(w);
      answers.set(answer, [...(answers.get(answer) ?? []), url]);
      w.clock.advance(61);
    }
    assert.equal(answers.size, 1, `${what}: ${JSON.stringify([...answers], null, 1)}`);
  }
});

test('SEC-207 a name that a redirect counts as private is not even looked up for a fetch', async () => {
  const asked: string[] = [];
  const fetchPublic = createPublicFetch({
    lookup: (hostname, _, callback) => {
      asked.push(hostname);
      callback(new Error('nobody is asked'), []);
    },
  });
  for (const suffix of ['localhost', 'localdomain', 'local', 'lan', 'home', 'internal', 'intranet', 'private', 'home.arpa'])
    for (const host of [`db.${suffix}`, `db.${suffix}.`]) {
      assert.equal(isPrivateHost(host), true, host);
      await assert.rejects(fetchPublic(`https://${host}/`, { maxBytes: 100 }), /the name is private/, host);
    }
  assert.deepEqual(asked, []);
});
