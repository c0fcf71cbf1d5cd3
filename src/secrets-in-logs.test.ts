import assert from 'node:assert/strict';
import test from 'node:test';
import { application, basic, post, refresh, token } from './testing/applications.ts';
import { browser } from './testing/browser.ts';
import { person } from './testing/people.ts';
import { behindServer } from './testing/real-server.ts';
import { relyingParty } from './testing/relying-party.ts';
import { type World, world } from './testing/world.ts';

/** Fields of bodies, forms, queries and redirects whose values are secrets; of JSON answers `code` is the name of a mistake. */
const SECRET_FIELD =
  /^(?:code|token|secret|password|access_token|refresh_token|id_token|id_token_hint|client_secret|client_assertion|code_verifier|device_code|user_code|userCode|smtpPassword|ldapBindPassword|request_uri|\w+_complete|verificationUriComplete)$/;

/** Notes every secret that goes over the wire in either direction. */
function overhear({ app }: World): Set<string> {
  const secrets = new Set<string>();
  const note = (value: unknown) => {
    if (typeof value === 'string' && value.length >= 6 && !/^https?:/.test(value)) secrets.add(value);
  };
  const fields = (pairs: Iterable<[string, unknown]>, except?: string) => {
    for (const [name, value] of pairs) if (SECRET_FIELD.test(name) && name !== except) note(value);
  };
  const json = (text: string, except?: string) => {
    if (!/^[[{]/.test(text)) return;
    JSON.parse(text, (name, value) => {
      fields([[name, value]], except);
      return value;
    });
  };
  const ask = app.request;
  app.request = async (input, init = {}, env) => {
    const url = new URL(String(input));
    const headers = new Headers(init.headers);
    fields(url.searchParams);
    for (const name of ['x-api-key', 'x-setup-secret', 'authorization']) note(headers.get(name)?.replace(/^\w+ /, ''));
    for (const pair of (headers.get('cookie') ?? '').split('; '))
      if (/token|session|interaction|browser|ceremony/.test(pair)) note(pair.split('=')[1]);
    const path = /^\/(?:lc|st|api\/one-time-access-token)\/(.+)$/.exec(url.pathname)?.[1];
    note(path);
    const body = String(init.body ?? '');
    if (headers.get('content-type')?.includes('json')) json(body);
    else fields(new URLSearchParams(body));
    const answer = await ask(input, init, env);
    for (const line of answer.headers.getSetCookie())
      if (/token|session|interaction|browser|ceremony/.test(line)) note(/=([^;]*)/.exec(line)?.[1]);
    const to = answer.headers.get('location');
    if (to) fields(new URL(to, url).searchParams);
    if (answer.headers.get('content-type')?.includes('json')) json(await answer.clone().text(), 'code');
    return answer;
  };
  return secrets;
}

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

/** Everything that has a secret in it, done right and done wrong. */
async function everything(w: World): Promise<void> {
  const call = w.api;
  const link = new URL((await w.app.services.setUp.setupLink()) ?? '');
  const holo = browser(w);
  await holo.visit(link.href);
  const account = { username: 'holo', firstName: 'Holo', lastName: '', email: 'holo@example.test' };
  await holo.request('/api/signup/setup', { json: { ...account, secret: 'not-the-secret-of-the-link' } });
  assert.equal((await holo.request('/api/signup/setup', { json: { ...account, secret: link.searchParams.get('secret') } })).status, 200);

  const ann = await person(w, { username: 'ann', admin: true });
  assert.equal((await ann.login()).status, 200);
  assert.equal((await ann.reauthenticate()).status, 204);
  const made = (await (await ann.request('/api/api-keys', { json: { name: 'homelab' } })).json()) as { token: string };
  for (const path of [`/api/users?api_key=${made.token}`, `/api/users?token=${made.token}`])
    await w.request(path, { headers: { 'x-api-key': 'not-the-key-of-anybody' } });

  const settings = (await call('GET', '/api/application-configuration/all')).body as { key: string; value: string }[];
  const values = Object.fromEntries(settings.map(({ key, value }) => [key, value]));
  const mail = {
    smtpHost: 'mail.example.test',
    smtpPort: '25',
    smtpFrom: 'id@example.test',
    smtpPassword: 'the password of the mail server',
  };
  const saved = await call('PUT', '/api/application-configuration', {
    ...values,
    ...mail,
    ldapBindPassword: 'the password of the directory',
  });
  assert.equal(saved.status, 200);

  const client = (await call('POST', '/api/oidc/clients', { name: 'Files', callbackURLs: ['https://app.example.com/callback'] })).body;
  const own = { secret: 'a-secret-that-somebody-chose' };
  assert.equal((await call('POST', `/api/oidc/clients/${client.id}/secrets`, own)).status, 201);
  const scim = { endpoint: 'https://scim.example.test/v2', token: 'the token of the SCIM server', oidcClientId: client.id };
  assert.equal((await call('POST', '/api/scim/service-provider', scim)).status, 201);

  const app = await application(w);
  const rp = await relyingParty(w, app);
  const { tokens } = await rp.signIn(ann, { scope: 'openid profile offline_access' });
  for (let times = 0; times < 2; times++) await refresh(w, app, tokens.refresh_token ?? '');
  w.clock.advance(60);
  assert.equal((await refresh(w, app, tokens.refresh_token ?? '')).status, 400, 'used before');
  await token(w, { ...app, secret: 'not-the-secret-of-this-client' }, { grant_type: 'client_credentials' });
  await token(w, app, { grant_type: 'authorization_code', code: tokens.access_token, redirect_uri: 'https://app.example.com/callback' });
  await w.request(`/api/oidc/userinfo?access_token=${tokens.access_token}`);
  await w.request('/api/users/me', { headers: { authorization: `Bearer ${tokens.access_token}` } });
  for (const path of ['introspect', 'revoke'])
    await post(w, `/api/oidc/${path}`, { token: tokens.access_token }, { authorization: basic(app) });
  const assertion = { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: tokens.id_token };
  await post(w, '/api/oidc/token', { grant_type: 'client_credentials', client_id: app.id, ...assertion });
  const pushed = await post(w, '/api/oidc/par', Object.fromEntries((await rp.begin()).url.searchParams), { authorization: basic(app) });
  for (let times = 0; times < 2; times++)
    await browser(w).visit(`/authorize?${new URLSearchParams({ client_id: app.id, request_uri: pushed.body.request_uri })}`);

  const asked = (await post(w, '/api/oidc/device/authorize', { scope: 'openid' }, { authorization: basic(app) })).body;
  await token(w, app, { grant_type: DEVICE, device_code: asked.device_code });
  await ann.visit(`/device?user_code=${asked.user_code}`);
  await ann.visit('/device', { form: { user_code: 'EWRONGCD' } });
  await ann.signIn();
  await ann.request(`/api/oidc/device/info?code=${asked.user_code}`);
  await ann.request(`/api/oidc/device/verify?code=${asked.user_code}`, { method: 'POST' });
  w.clock.advance(6);
  assert.equal((await token(w, app, { grant_type: DEVICE, device_code: asked.device_code })).status, 200);
  const television = browser(w);
  const shown = (await (await television.request('/api/device-login/requests', { method: 'POST' })).json()) as { userCode: string };
  await ann.visit(`/device?user_code=${shown.userCode}`);
  await ann.request('/api/device-login/verification', { json: { code: shown.userCode } });

  for (const ttl of ['15m', '1h']) {
    const { token: code } = (await call('POST', `/api/users/${ann.id}/one-time-access-token`, { ttl })).body;
    const visitor = browser(w);
    await visitor.visit(`/lc/${code}`, { headers: { referer: `${w.config.appUrl}/lc/${code}` } });
    await visitor.visit(`/lc/${code}/`);
    await visitor.visit(`/login/alternative/code?code=${code}`);
    await visitor.visit('/login/alternative/code', { form: { code: `${code}`.replace(/^./, 'Z') } });
    await visitor.request(`/api/one-time-access-token/${code}`, { method: 'POST' });
    await visitor.request(`/api/one-time-access-token/${code}`, { method: 'POST' });
  }
  const invited = (await call('POST', '/api/signup-tokens', { ttl: '1h', usageLimit: 1 })).body;
  await browser(w).visit(`/st/${invited.token}`);
  for (const username of ['eve', 'eva'])
    await browser(w).request('/api/signup', {
      json: { username, firstName: 'E', lastName: '', email: `${username}@example.test`, token: invited.token },
    });
  await ann.visit(`/api/oidc/end-session?id_token_hint=${tokens.id_token}&logout_hint=x`);
  await ann.visit('/logout', { form: {} });
}

test('SEC-202 no secret that goes over the wire is in a line of the log, with debug and queries on, or in the audit log', async (t) => {
  const w = await world(t, { logLevel: 'debug', logQueryArgs: true });
  await behindServer(t, w);
  const secrets = overhear(w);
  await everything(w);
  assert.ok(secrets.size > 40, `${secrets.size} secrets were heard`);
  const lines = w.log.lines.map((line) => JSON.stringify(line));
  assert.ok(lines.length > 80, `${lines.length} lines were written`);
  const audited = (await w.database.db.selectFrom('audit_log').selectAll().execute()).map((row) => JSON.stringify(row));
  assert.ok(audited.length > 15);
  const told = [...secrets].flatMap((secret) =>
    [...lines, ...audited].filter((line) => line.includes(secret)).map((line) => `${secret} in ${line}`),
  );
  assert.deepEqual(told, []);
});
