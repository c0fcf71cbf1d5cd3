import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { application, basic, CALLBACK } from './testing/applications.ts';
import { everyOperation } from './testing/operations.ts';
import { person } from './testing/people.ts';
import { behindServer } from './testing/real-server.ts';
import { world } from './testing/world.ts';

/** In a text of these tests: a byte that is in no UTF-8. */
const BYTE = '\ue000';
const bytes = (text: string) => Buffer.concat(text.split(BYTE).flatMap((part, i) => [...(i ? [Buffer.of(0xff)] : []), Buffer.from(part)]));

/** A world whose requests go over the wire, where bytes are bytes. */
async function wired(t: TestContext) {
  const w = await world(t);
  await behindServer(t, w);
  const { request } = w.app;
  w.app.request = (input, init = {}, env) =>
    request(input, { ...init, ...(typeof init.body === 'string' ? { body: bytes(init.body) } : {}) }, env);
  return w;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const PROTOCOL = [
  ['/api/oidc/token', 'grant_type=authorization_code&code=x'],
  ['/api/oidc/token', 'grant_type=refresh_token&refresh_token=x'],
  ['/api/oidc/introspect', 'token=x'],
  ['/api/oidc/revoke', 'token=x'],
  ['/api/oidc/par', `response_type=code&redirect_uri=${CALLBACK}`],
  ['/api/oidc/device/authorize', 'scope=openid'],
  ['/api/oidc/userinfo', 'access_token=x'],
] as const;

test('a body of the API that is not UTF-8 is refused by each operation that takes one, and read by none with other characters', async (t) => {
  const w = await wired(t);
  const { operations, call } = await everyOperation(w);
  const wrong: string[] = [];
  let asked = 0;
  for (const operation of operations) {
    const good = operation.body && JSON.stringify(operation.body.good());
    const at = good?.indexOf('":"') ?? -1;
    if (!good || at < 0) continue;
    asked++;
    const response = await call(operation, { params: operation.params, body: `${good.slice(0, at + 3)}${BYTE}${good.slice(at + 3)}` });
    const { code } = (await response.json()) as { code: string };
    if (response.status !== 400 || code !== 'invalid_request_body')
      wrong.push(`${operation.method} ${operation.path}: ${response.status} ${code}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(asked > 20, `${asked} operations`);
});

test('every letter of a body that is UTF-8 is kept, also the one that stands for what could not be read', async (t) => {
  const w = await wired(t);
  const { status, body } = await w.api('POST', '/api/user-groups', { name: 'familia', friendlyName: 'Familia Peña \ufffd 😀' });
  assert.deepEqual([status, body.friendlyName], [201, 'Familia Peña \ufffd 😀']);
});

for (const [path, fields] of PROTOCOL)
  test(`OAuth: ${path} (${fields.slice(0, 23)}) answers invalid_request to a form that is not UTF-8, as bytes or percent-encoded`, async (t) => {
    const w = await wired(t);
    const app = await application(w);
    const headers = { ...FORM, ...(path.endsWith('userinfo') ? {} : { authorization: basic(app) }) };
    for (const bad of [BYTE, '%FF', 'a%c3', '%ED%A0%80', '%C0%AF'])
      for (const body of [`${fields}${bad}`, `${fields}&more=${bad}`, `${fields}&${bad}=more`]) {
        const response = await w.request(path, { method: 'POST', headers, body });
        assert.equal(response.status, 400, `${body}: ${response.status}`);
        assert.equal(((await response.json()) as { error: string }).error, 'invalid_request', body);
      }
  });

test('a request for sign-in or sign-out that is not UTF-8 gets a page that says so and is sent nowhere', async (t) => {
  const w = await wired(t);
  const app = await application(w, { skip_consent: 1 });
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  const good = `client_id=${app.id}&response_type=code&redirect_uri=${CALLBACK}&scope=openid`;
  for (const path of ['/authorize', '/api/oidc/end-session'])
    for (const bad of [BYTE, '%FF', 'a%c3']) {
      const requests = [ann.visit(path, { method: 'POST', headers: FORM, body: `${good}&state=${bad}`, site: 'cross-site' })];
      if (bad !== BYTE) requests.push(ann.visit(`${path}?${good}&state=${bad}`, { site: 'cross-site' }));
      for (const response of await Promise.all(requests)) {
        assert.equal(response.status, 400, `${path} ${bad}`);
        assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
        assert.equal(response.headers.get('location'), null);
      }
    }
  const { headers } = await ann.visit(`/authorize?${good}&state=${encodeURIComponent('ñ \ufffd 😀')}`, { site: 'cross-site' });
  assert.equal(new URL(headers.get('location') ?? '').searchParams.get('state'), 'ñ \ufffd 😀');
});

test('a form of our pages that is not UTF-8 is refused', async (t) => {
  const w = await wired(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  const [passkey] = (await (await ann.request('/api/webauthn/credentials')).json()) as { id: string; name: string }[];
  const rename = (name: string) =>
    ann.visit(`/account/passkeys/${passkey?.id}/rename`, { method: 'POST', headers: FORM, body: `name=${name}`, site: 'same-origin' });
  assert.equal((await rename(BYTE)).status, 400);
  assert.equal((await rename('Tel%C3%A9fono')).status, 303);
  const [after] = (await (await ann.request('/api/webauthn/credentials')).json()) as { name: string }[];
  assert.equal(after?.name, 'Teléfono');
});

test('a file is no text, in whatever case its type is written', async (t) => {
  const w = await wired(t);
  const png = readFileSync(join(import.meta.dirname, 'images/mark.png'));
  for (const type of ['multipart/form-data', 'Multipart/Form-Data']) {
    const head = '--edge\r\nContent-Disposition: form-data; name="file"; filename="mark.png"\r\nContent-Type: image/png\r\n\r\n';
    const response = await w.request('/api/application-images/logo', {
      method: 'PUT',
      headers: { 'x-api-key': w.config.staticApiKey ?? '', 'content-type': `${type}; boundary=edge` },
      body: Buffer.concat([Buffer.from(head), png, Buffer.from('\r\n--edge--\r\n')]),
    });
    assert.equal(response.status, 204, `${type}: ${await response.text()}`);
  }
});
