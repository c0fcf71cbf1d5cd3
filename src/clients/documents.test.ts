import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createPublicFetch, FetchRefused, type PublicFetch } from '../platform/http/public-fetch.ts';
import { post } from '../testing/applications.ts';
import { browser } from '../testing/browser.ts';
import { person } from '../testing/people.ts';
import { answerOf, relyingParty, sentBy } from '../testing/relying-party.ts';
import { type World, world } from '../testing/world.ts';
import { freshSeconds, isDocumentUrl } from './document.ts';

const ID = 'https://apps.example.com/notes/client.json';
const CALLBACK = 'https://app.example.com/callback';
const GOOD = {
  client_id: ID,
  client_name: 'Notes',
  redirect_uris: [CALLBACK],
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
};
const APP = { id: ID, name: 'Notes', secret: '', isPublic: true };

/** Servers elsewhere: what each address answers; `asked` says which were asked. */
function outside(documents: Record<string, unknown>, headers: Record<string, string> = {}, type = 'application/json') {
  const asked: { url: string; redirects?: number; maxBytes: number }[] = [];
  const fetchPublic: PublicFetch = async (url, { redirects, maxBytes }) => {
    asked.push({ url, redirects, maxBytes });
    if (!(url in documents)) throw new FetchRefused('the answer was 404');
    const body = documents[url];
    return { type, headers, bytes: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
  };
  return { fetchPublic, asked, documents, headers };
}

const allow = async (w: World, patterns: string[]) => {
  const current = (await w.api('GET', '/api/application-configuration/all')).body as { key: string; value: string }[];
  const values = Object.fromEntries(current.map(({ key, value }) => [key, value]));
  const { status } = await w.api('PUT', '/api/application-configuration', { ...values, cimdUrlAllowlist: JSON.stringify(patterns) });
  assert.equal(status, 200);
};

async function setting(
  t: TestContext,
  { document = GOOD as unknown, headers = {}, type = 'application/json', patterns = ['https://apps.example.com/**'] } = {},
) {
  const net = outside({ [ID]: document }, headers, type);
  const w = await world(t, {}, { fetchPublic: net.fetchPublic });
  await allow(w, patterns);
  const milton = await person(w, { username: 'milton' });
  const rp = await relyingParty(w, APP);
  const asks = async (visitor = browser(w), parameters: Record<string, string | undefined> = {}) =>
    visitor.visit((await rp.begin(parameters)).url.href, { site: 'cross-site' });
  return { w, net, milton, rp, asks };
}

test('a client nobody registered signs people in by the document at its id', async (t) => {
  const { w, net, milton, rp } = await setting(t);
  const { steps, tokens } = await rp.signIn(milton, { scope: 'openid email' });
  assert.deepEqual(steps, ['authenticate', 'consent']);
  assert.ok(tokens.id_token);
  assert.ok((await rp.refresh(tokens.refresh_token ?? '')).access_token);
  await rp.signIn(milton, { scope: 'openid email' });
  assert.equal(net.asked.length, 1, 'the document is kept');
  const { body } = await w.api('GET', `/api/oidc/clients/~${Buffer.from(ID).toString('base64url')}`);
  assert.deepEqual([body.id, body.clientType, body.isPublic, body.pkceEnabled, body.callbackURLs], [ID, 'cimd', true, true, [CALLBACK]]);
  const metadata = (await (await w.request('/.well-known/openid-configuration')).json()) as Record<string, unknown>;
  assert.equal(metadata.client_id_metadata_document_supported, true);
});

test('SEC-215 the consent page names the host that vouches for the client beside the name it gives itself', async (t) => {
  const { milton, asks } = await setting(t, { document: { ...GOOD, client_name: 'Paperless\u202e\n  (official)' } });
  await milton.signIn();
  const begun = await asks(milton);
  const page = await (await milton.visit(begun.headers.get('location') ?? '')).text();
  assert.ok(page.includes('Paperless (official) (apps.example.com)'), page.slice(0, 500));
  assert.ok(!page.includes('\u202e'));
});

test('without an allow-list, or outside of it, nothing is fetched and the client is unknown', async (t) => {
  const { w, net, asks } = await setting(t, { patterns: [] });
  assert.equal((await asks()).status, 400);
  for (const patterns of [['https://other.example.com/**'], ['https://apps.example.com/other/*'], ['https://*.example.org/**']]) {
    await allow(w, patterns);
    const page = await asks();
    assert.deepEqual([page.status, page.headers.get('location')], [400, null]);
  }
  assert.deepEqual(net.asked, []);
  const metadata = async () => (await (await w.request('/.well-known/openid-configuration')).json()) as Record<string, unknown>;
  assert.equal((await metadata()).client_id_metadata_document_supported, true);
  await allow(w, []);
  assert.equal((await metadata()).client_id_metadata_document_supported, false);
});

test('a client whose address leaves the allow-list is out at once: no sign-in, no refresh, no userinfo', async (t) => {
  const { w, milton, rp, asks } = await setting(t);
  const { tokens } = await rp.signIn(milton, { scope: 'openid' });
  await allow(w, []);
  assert.equal((await asks(milton)).status, 400);
  const refreshed = await post(w, '/api/oidc/token', { client_id: ID, grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
  assert.equal(refreshed.status, 401);
  const userinfo = await w.request('/api/oidc/userinfo', { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(userinfo.status, 401);
});

/** Each row: what is wrong with a document, and the document. */
const BAD: [what: string, document: unknown][] = [
  ['no JSON', '{'],
  ['a list', []],
  ['the id of another', { ...GOOD, client_id: 'https://apps.example.com/other.json' }],
  ['no id', { ...GOOD, client_id: undefined }],
  ['a secret', { ...GOOD, token_endpoint_auth_method: 'client_secret_basic' }],
  ['no authentication method, which means a secret', { ...GOOD, token_endpoint_auth_method: undefined }],
  ['a secret in it', { ...GOOD, client_secret: 'x' }],
  ['no code', { ...GOOD, response_types: ['token'] }],
  ['no grant we offer', { ...GOOD, grant_types: ['implicit', 'refresh_token'] }],
  ['no redirect URI', { ...GOOD, redirect_uris: [] }],
  ['SEC-006 a wildcard', { ...GOOD, redirect_uris: ['https://*.example.com/callback'] }],
  ['SEC-006 nothing but a wildcard', { ...GOOD, redirect_uris: ['*'] }],
  ['SEC-006 a wildcard in the path', { ...GOOD, redirect_uris: ['https://app.example.com/**'] }],
  ['a fragment', { ...GOOD, redirect_uris: [`${CALLBACK}#x`] }],
  ['javascript:', { ...GOOD, redirect_uris: ['javascript:alert(1)'] }],
  ['plain http on a public host', { ...GOOD, redirect_uris: ['http://app.example.com/callback'] }],
  ['a wildcard to sign out to', { ...GOOD, post_logout_redirect_uris: ['https://*.example.com/'] }],
  ['too many addresses', { ...GOOD, redirect_uris: Array.from({ length: 21 }, (_, n) => `${CALLBACK}/${n}`) }],
];
for (const [what, document] of BAD)
  test(`a document with ${what} makes no client`, async (t) => {
    const { w, asks } = await setting(t, { document });
    const page = await asks();
    assert.deepEqual([page.status, page.headers.get('location')], [400, null]);
    assert.deepEqual(await w.database.db.selectFrom('client').selectAll().execute(), []);
    assert.match(w.log.lines.find(({ fields }) => fields.client === ID)?.message ?? '', /error/);
  });

test('a page that is no JSON by its type makes no client', async (t) => {
  const { asks } = await setting(t, { type: 'text/html' });
  assert.equal((await asks()).status, 400);
});

test('which ids can be addresses of documents', () => {
  for (const id of [ID, 'https://apps.example.com/a?b=c']) assert.ok(isDocumentUrl(id), id);
  for (const id of [
    'http://apps.example.com/client',
    'https://apps.example.com/',
    'https://apps.example.com',
    'https://user:pass@apps.example.com/client',
    'https://apps.example.com/client#x',
    'https://apps.example.com/a/../client',
    'https://apps.example.com/./client',
    'https://APPS.example.com/client',
    'https://apps.example.com:443/client',
    'https:/\\evil.example/client',
    `https://apps.example.com/${'a'.repeat(600)}`,
    'client',
  ])
    assert.equal(isDocumentUrl(id), false, id);
});

test('SEC-214 documents are kept as their server says, within bounds', () => {
  const rows: [string | undefined, number][] = [
    [undefined, 3600],
    ['max-age=600', 600],
    ['public, max-age=1', 300],
    ['max-age=99999999', 86_400],
    ['no-store', 300],
    ['no-cache, max-age=900', 300],
    ['private', 3600],
  ];
  for (const [header, seconds] of rows) assert.equal(freshSeconds(header), seconds, String(header));
});

test('SEC-214 other ways back are another client: everybody is asked anew and what it had is dead', async (t) => {
  const { w, net, milton, rp } = await setting(t, { headers: { 'cache-control': 'max-age=600' } });
  const { tokens } = await rp.signIn(milton, { scope: 'openid' });
  w.clock.advance(601);
  net.documents[ID] = { ...GOOD, client_name: 'Notes 2' };
  assert.deepEqual((await rp.signIn(milton, { scope: 'openid' })).steps, [], 'another name is none');
  w.clock.advance(601);
  net.documents[ID] = { ...GOOD, redirect_uris: [CALLBACK, 'https://app.example.com/other'] };
  assert.deepEqual((await rp.signIn(milton, { scope: 'openid', prompt: 'consent' })).steps, ['consent']);
  w.clock.advance(601);
  net.documents[ID] = { ...GOOD, redirect_uris: ['https://app.example.com/other', CALLBACK] };
  const begun = await rp.ask(milton, await rp.begin({ scope: 'openid' }));
  assert.match(begun.headers.get('location') ?? '', /^\/interaction/);
  await assert.rejects(rp.refresh(tokens.refresh_token ?? ''), { error: 'invalid_grant' });
});

test('SEC-214 an address that failed is not asked again for a minute, and many who want one document ask once', async (t) => {
  const { w, net, asks } = await setting(t);
  delete net.documents[ID];
  await Promise.all(Array.from({ length: 5 }, () => asks()));
  assert.equal(net.asked.length, 1);
  net.documents[ID] = GOOD;
  w.clock.advance(59);
  assert.equal((await asks()).status, 400);
  w.clock.advance(1);
  assert.equal((await asks()).status, 302);
  assert.equal(net.asked.length, 2);
  assert.deepEqual([net.asked[0]?.redirects, (net.asked[0]?.maxBytes ?? Infinity) <= 10_000], [0, true]);
});

test('SEC-214 ten documents are read at once at most, and the one that had to stand back is not held to have failed', async (t) => {
  const begun: string[] = [];
  const slow = Promise.withResolvers<void>();
  const fetchPublic: PublicFetch = async (url) => {
    begun.push(url);
    await slow.promise;
    return { type: 'application/json', headers: {}, bytes: Buffer.from(JSON.stringify({ ...GOOD, client_id: url })) };
  };
  const w = await world(t, {}, { fetchPublic });
  await allow(w, ['https://apps.example.com/**']);
  const ask = async (client_id: string) => {
    const query = new URLSearchParams({
      client_id,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
    });
    return (await browser(w).visit(`/authorize?${query}`)).status;
  };
  const ten = Array.from({ length: 10 }, (_, n) => ask(`https://apps.example.com/${n}/client.json`));
  while (begun.length < 10) await new Promise(setImmediate);
  assert.equal(await ask(ID), 400);
  assert.ok(!begun.includes(ID));
  slow.resolve();
  assert.deepEqual(new Set(await Promise.all(ten)), new Set([302]));
  assert.equal(await ask(ID), 302);
});

test('a document that cannot be had anew is good for a day', async (t) => {
  const { w, net, asks } = await setting(t);
  assert.equal((await asks()).status, 302);
  delete net.documents[ID];
  w.clock.advance(23 * 3600);
  assert.equal((await asks()).status, 302);
  w.clock.advance(2 * 3600);
  assert.equal((await asks()).status, 400);
});

test('SEC-207 an id on a private address is not fetched, and answered like any unknown client', async (t) => {
  const ids = ['127.0.0.1', '[::1]', '[::ffff:7f00:1]', '169.254.169.254', 'db.corp.internal', '10.0.0.1'].map(
    (host) => `https://${host}/client.json`,
  );
  const w = await world(t, {}, { fetchPublic: createPublicFetch() });
  await allow(w, ids);
  const answers = new Set<string>();
  for (const client_id of [...ids, 'nobody']) {
    const page = await browser(w).visit(`/authorize?${new URLSearchParams({ client_id, redirect_uri: CALLBACK, response_type: 'code' })}`);
    const text = await page.text();
    answers.add(`${page.status} ${/<h1[^>]*>(.*?)<\/h1>/s.exec(text)?.[1]} ${/<p>(invalid[^<]*)/.exec(text)?.[1]}`);
  }
  assert.equal(answers.size, 1, [...answers].join('\n'));
  assert.ok(![...answers].join().includes('undefined'));
});

test('SEC-011 such a client gets no redirect out of us before somebody signed in', async (t) => {
  const { w, milton, asks } = await setting(t);
  const wrong = { response_type: 'token' };
  const stranger = await asks(browser(w), wrong);
  assert.deepEqual([stranger.status, stranger.headers.get('location')], [400, null]);
  await milton.signIn();
  const sent = await sentBy(w, await asks(milton, wrong));
  assert.equal(sent && answerOf(sent).get('error'), 'unsupported_response_type');
});

test('the device grant is for documents that name it', async (t) => {
  const { w, net } = await setting(t);
  const ask = () => post(w, '/api/oidc/device/authorize', { client_id: ID, scope: 'openid' });
  assert.equal((await ask()).status, 401);
  net.documents[ID] = { ...GOOD, redirect_uris: undefined, grant_types: ['urn:ietf:params:oauth:grant-type:device_code'] };
  w.clock.advance(3601);
  assert.equal((await ask()).status, 200);
});

test('it pushes its requests like any public client', async (t) => {
  const { w, rp } = await setting(t);
  const { url } = await rp.begin();
  const pushed = await post(w, '/api/oidc/par', Object.fromEntries(url.searchParams));
  assert.equal(pushed.status, 201, JSON.stringify(pushed.body));
});

test('an administrator has a document read at once, and keeps what the document does not say', async (t) => {
  const { w, net, asks } = await setting(t, { document: { ...GOOD, post_logout_redirect_uris: ['https://app.example.com/bye'] } });
  await asks();
  const path = `/api/oidc/clients/~${Buffer.from(ID).toString('base64url')}`;
  const { body } = await w.api('GET', path);
  const changed = await w.api('PUT', path, { name: 'Mine', description: 'From the shop', callbackURLs: ['https://evil.example/'] });
  assert.deepEqual(
    [changed.body.name, changed.body.description, changed.body.callbackURLs, changed.body.logoutCallbackURLs],
    [body.name, 'From the shop', [CALLBACK], ['https://app.example.com/bye']],
  );
  net.documents[ID] = { ...GOOD, client_name: 'Notes again' };
  const refreshed = await w.api('POST', `${path}/refresh`);
  assert.deepEqual(
    [refreshed.status, refreshed.body.name, refreshed.body.description],
    [200, 'Notes again (apps.example.com)', 'From the shop'],
  );
  delete net.documents[ID];
  const failed = await w.api('POST', `${path}/refresh`);
  assert.deepEqual([failed.status, failed.body.code], [422, 'client_document_failed']);
  assert.equal((await w.api('POST', '/api/oidc/clients/nobody/refresh')).status, 404);
  await w.api('POST', '/api/oidc/clients', { id: 'plain', name: 'Plain', callbackURLs: [] });
  assert.deepEqual((await w.api('POST', '/api/oidc/clients/plain/refresh')).body.code, 'client_has_no_document');
});

const LOGO = 'https://apps.example.com/notes/logo.svg';
const drawing = (colour: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="${colour}"/></svg>`;
const [RED, BLUE] = [drawing('red'), drawing('blue')];
const logoOf = async (w: World) => {
  const answer = await w.request(`/api/oidc/clients/~${Buffer.from(ID).toString('base64url')}/logo`);
  return answer.status === 200 ? (/fill="(\w+)"/.exec(await answer.text())?.[1] ?? 'no drawing') : answer.status;
};
const PATH = `/api/oidc/clients/~${Buffer.from(ID).toString('base64url')}`;

test('SEC-215 the logo a document names is fetched once, kept, and served by us', async (t) => {
  const { w, net, asks } = await setting(t, { document: { ...GOOD, logo_uri: LOGO } });
  net.documents[LOGO] = RED;
  await asks();
  assert.equal(await logoOf(w), 'red');
  assert.equal((await w.api('GET', PATH)).body.hasLogo, true);
  net.documents[LOGO] = BLUE;
  w.clock.advance(3601);
  await asks();
  assert.deepEqual([await logoOf(w), net.asked.filter(({ url }) => url === LOGO).length], ['red', 1], 'the same address is the same logo');
  net.documents[ID] = { ...GOOD, logo_uri: `${LOGO}?2` };
  net.documents[`${LOGO}?2`] = BLUE;
  await w.api('POST', `${PATH}/refresh`);
  assert.equal(await logoOf(w), 'blue');
  net.documents[ID] = GOOD;
  await w.api('POST', `${PATH}/refresh`);
  assert.equal(await logoOf(w), 404);
});

test('a logo that cannot be had, or is none, keeps nobody out and is asked for again with the next reading', async (t) => {
  const { w, net, asks } = await setting(t, { document: { ...GOOD, logo_uri: LOGO } });
  assert.equal((await asks()).status, 302);
  assert.deepEqual([await logoOf(w), w.log.lines.filter(({ message }) => message === 'client logo error').length], [404, 1]);
  net.documents[LOGO] = 'no picture';
  w.clock.advance(3601);
  assert.equal((await asks()).status, 302);
  assert.equal(await logoOf(w), 404);
  net.documents[LOGO] = RED;
  w.clock.advance(3601);
  await asks();
  assert.equal(await logoOf(w), 'red');
  for (const logo_uri of ['http://apps.example.com/logo.svg', 'javascript:alert(1)', 7, 'x'.repeat(3000)]) {
    net.documents[ID] = { ...GOOD, logo_uri };
    assert.equal((await w.api('POST', `${PATH}/refresh`)).status, 200, String(logo_uri));
  }
  assert.equal(net.asked.filter(({ url }) => !url.startsWith('https://apps.example.com/notes/')).length, 0);
});

test('SEC-207 a logo on a private address is not fetched', async (t) => {
  const net = outside({ [ID]: { ...GOOD, logo_uri: 'https://169.254.169.254/logo.png' } });
  const real = createPublicFetch();
  const fetchPublic: PublicFetch = (url, limits) => (url === ID ? net.fetchPublic(url, limits) : real(url, limits));
  const w = await world(t, {}, { fetchPublic });
  await allow(w, ['https://apps.example.com/**']);
  const rp = await relyingParty(w, APP);
  assert.equal((await browser(w).visit((await rp.begin()).url.href, { site: 'cross-site' })).status, 302);
  assert.equal(await logoOf(w), 404);
});

test('a logo that an administrator chose stays, whatever the document says', async (t) => {
  const { w, net, asks } = await setting(t, { document: { ...GOOD, logo_uri: LOGO } });
  net.documents[LOGO] = RED;
  await asks();
  const upload = new FormData();
  upload.set('file', new Blob([drawing('green')], { type: 'image/svg+xml' }), 'logo.svg');
  const chosen = await w.request(`${PATH}/logo`, { method: 'POST', headers: { 'x-api-key': w.config.staticApiKey ?? '' }, body: upload });
  assert.equal(chosen.status, 204);
  for (const document of [{ ...GOOD, logo_uri: `${LOGO}?2` }, GOOD]) {
    net.documents[ID] = document;
    net.documents[`${LOGO}?2`] = BLUE;
    assert.equal((await w.api('POST', `${PATH}/refresh`)).status, 200);
    assert.equal(await logoOf(w), 'green');
  }
});

test('a logo address that an administrator sends for it is passed over, like all that its document says', async (t) => {
  const { w, net, asks } = await setting(t, { document: { ...GOOD, logo_uri: LOGO } });
  net.documents[LOGO] = RED;
  await asks();
  const elsewhere = 'https://logos.example.com/logo.svg';
  net.documents[elsewhere] = BLUE;
  const saved = await w.api('PUT', PATH, { logoUrl: elsewhere, darkLogoUrl: elsewhere });
  assert.deepEqual([saved.status, saved.body.hasLogo, saved.body.hasDarkLogo, await logoOf(w)], [200, true, false, 'red']);
  assert.deepEqual(
    net.asked.filter(({ url }) => url === elsewhere),
    [],
  );
});

test('the audit log tells of the first reading, of a change, and of an administrator’s refresh', async (t) => {
  const { w, net, asks } = await setting(t);
  const rows = async () =>
    (
      await w.database.db.selectFrom('audit_log').selectAll().where('event', 'like', 'CLIENT_DOCUMENT_%').orderBy('created_at').execute()
    ).map(({ event, client_id, ip, actor_username, data }) => ({ event, client_id, ip, actor: actor_username, data: JSON.parse(data) }));
  await asks();
  const [first, ...none] = await rows();
  assert.deepEqual([first?.event, first?.client_id, first?.ip, first?.actor, none], ['CLIENT_DOCUMENT_READ', ID, '127.0.0.1', null, []]);
  assert.match(first?.data.after, /"clientType":"cimd"/);
  w.clock.advance(3601);
  await asks();
  assert.equal((await rows()).length, 1, 'a document that says the same is no news');
  net.documents[ID] = { ...GOOD, client_name: 'Notes again' };
  w.clock.advance(3601);
  await asks();
  const changed = (await rows())[1];
  assert.deepEqual(
    [changed?.event, changed?.data],
    ['CLIENT_DOCUMENT_CHANGED', { before: '{"name":"Notes (apps.example.com)"}', after: '{"name":"Notes again (apps.example.com)"}' }],
  );
  w.clock.advance(1);
  await w.api('POST', `${PATH}/refresh`);
  const refreshed = (await rows())[2];
  assert.equal(refreshed?.event, 'CLIENT_DOCUMENT_REFRESHED');
  assert.match(refreshed?.actor ?? '', /^static-api-user/);
});

test('a client that nobody used for 90 days is forgotten, and made anew when it comes back', async (t) => {
  const { w, asks } = await setting(t);
  await w.api('POST', '/api/oidc/clients', { id: 'plain', name: 'Plain', callbackURLs: [] });
  const ids = async () => (await w.database.db.selectFrom('client').select('id').orderBy('id').execute()).map(({ id }) => id);
  await asks();
  w.clock.advance(90 * 86_400);
  assert.equal(await w.app.sweeps['client documents']?.(500), 0);
  w.clock.advance(1);
  assert.equal(await w.app.sweeps['client documents']?.(500), 1);
  assert.deepEqual(await ids(), ['plain']);
  assert.deepEqual(
    (await w.database.db.selectFrom('audit_log').select('client_id').where('event', '=', 'CLIENT_DOCUMENT_FORGOTTEN').execute()).map(
      (row) => row.client_id,
    ),
    [ID],
  );
  assert.equal((await asks()).status, 302);
  assert.deepEqual(await ids(), [ID, 'plain'].sort());
});

// Attack: waiting until a client is forgotten, so that it comes back without what an administrator had decided about it.
test('SEC-214 a client that something was granted to, or that an administrator restricted, is never forgotten', async (t) => {
  const { w, milton, rp, asks } = await setting(t);
  const sweep = async () => {
    w.clock.advance(91 * 86_400);
    return w.app.sweeps['client documents']?.(500);
  };
  await asks();
  for (const decided of [
    { isGroupRestricted: true },
    { description: 'x' },
    { requiresReauthentication: true },
    { launchURL: 'https://a.example' },
  ]) {
    const before = (await w.api('GET', PATH)).body;
    assert.equal((await w.api('PUT', PATH, decided)).status, 200);
    assert.equal(await sweep(), 0, JSON.stringify(decided));
    const back = Object.fromEntries(Object.keys(decided).map((key) => [key, before[key] ?? '']));
    assert.equal((await w.api('PUT', PATH, { ...before, ...back })).status, 200);
  }
  await rp.signIn(milton, { scope: 'openid' });
  w.clock.advance(400 * 86_400);
  assert.equal(await sweep(), 0, 'until the clean-up of grants has been there');
  await w.app.sweeps.grants?.(500);
  assert.equal(await sweep(), 1);
});
