import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { application, basic, CALLBACK, post, redeem, token } from '../testing/applications.ts';
import { type Person, person } from '../testing/people.ts';
import { relyingParty } from '../testing/relying-party.ts';
import { world } from '../testing/world.ts';

const SCOPES = 'openid profile';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

async function homelab(t: TestContext) {
  const w = await world(t);
  const milton = await person(w, { username: 'milton', groups: ['familia'] });
  const app = await application(w, { groups: ['familia'] });
  const authorize = async (browser: Pick<Person, 'visit'>, scope = SCOPES, more: Record<string, string> = {}) => {
    const query = new URLSearchParams({ client_id: app.id, response_type: 'code', redirect_uri: CALLBACK, scope, ...more });
    const answer = await browser.visit(`/authorize?${query}`, { site: 'cross-site' });
    const to = new URL(answer.headers.get('location') ?? '/', w.config.appUrl);
    return { status: answer.status, to, code: to.searchParams.get('code') };
  };
  const consent = JSON.stringify(SCOPES.split(' '));
  const consents = async () => {
    const row = { user_id: milton.id, client_id: app.id, scopes: consent, created_at: w.clock.now(), last_used_at: w.clock.now() };
    await w.database.db
      .insertInto('consent')
      .values(row)
      .onConflict((c) => c.doNothing())
      .execute();
  };
  await consents();
  return { w, milton, app, authorize, consents };
}
type Homelab = Awaited<ReturnType<typeof homelab>>;

/** Disabled, and enabled again once nothing of before is under way. */
const enableAgain = ({ w, milton }: Homelab) => w.api('PUT', `/api/users/${milton.id}`, { disabled: false });

const ENDINGS: {
  what: string;
  end: (home: Homelab, browser: Pick<Person, 'request'>) => Promise<{ status: number }>;
  after?: typeof enableAgain;
}[] = [
  { what: 'the person signs out', end: (_, browser) => browser.request('/api/webauthn/logout', { method: 'POST' }) },
  {
    what: 'the person ends all their sessions',
    end: (_, browser) => browser.request('/api/users/me/sessions', { method: 'DELETE' }),
  },
  { what: 'an administrator ends the sessions', end: ({ w, milton }) => w.api('DELETE', `/api/users/${milton.id}/sessions`) },
  {
    what: 'the person is disabled, even if only for a moment',
    end: ({ w, milton }) => w.api('PUT', `/api/users/${milton.id}`, { disabled: true }),
    after: enableAgain,
  },
  {
    what: 'the authorization is withdrawn',
    end: ({ app }, browser) => browser.request(`/api/oidc/users/me/authorized-clients/${app.id}`, { method: 'DELETE' }),
  },
];

for (const { what, end, after } of ENDINGS)
  test(`a code made in the moment in which ${what} is worth nothing`, async (t) => {
    const home = await homelab(t);
    const { w, milton, app, authorize, consents } = home;
    for (let round = 0; round < 10; round++) {
      const browser = milton.otherBrowser();
      await browser.signIn();
      await consents();
      const before = await authorize(browser);
      assert.ok(before.code, `round ${round}: ${before.to}`);
      const ask = () => authorize(browser);
      // The one before is made, the others are being made.
      const [, ended, ...answers] = await Promise.all([ask(), end(home, browser), ask(), ask(), ask()]);
      assert.ok(ended.status < 300, `${ended.status}`);
      await after?.(home);
      for (const { code, status } of [before, ...answers]) {
        assert.ok([302, 403].includes(status), `${status}`);
        if (code) assert.equal((await redeem(w, app, { code, verifier: undefined })).body.error, 'invalid_grant', `round ${round}`);
      }
    }
  });

test('a code for offline use made in the moment in which its application signs the person out is worth nothing', async (t) => {
  const home = await homelab(t);
  const { w, milton, app } = home;
  const scope = 'openid offline_access';
  const rp = await relyingParty(w, app);
  for (let round = 0; round < 10; round++) {
    const browser = milton.otherBrowser();
    const { tokens } = await rp.signIn(browser, { scope });
    const ask = () => home.authorize(browser, scope);
    const [ended, ...answers] = await Promise.all([
      browser.visit(`/api/oidc/end-session?id_token_hint=${tokens.id_token}`, { site: 'cross-site' }),
      ...Array.from({ length: 6 }, ask),
    ]);
    assert.equal(ended.headers.get('location'), `${w.config.appUrl}/logout`);
    for (const { code } of answers)
      if (code) assert.equal((await redeem(w, app, { code, verifier: undefined })).body.error, 'invalid_grant', `round ${round}`);
  }
});

test('a request without pages that meets the sign-out is told that nobody is signed in', async (t) => {
  const home = await homelab(t);
  const { milton, authorize } = home;
  const told = new Set<string | null>();
  for (let round = 0; round < 10; round++) {
    const browser = milton.otherBrowser();
    await browser.signIn();
    const ask = () => authorize(browser, SCOPES, { prompt: 'none' });
    const [ended, ...answers] = await Promise.all([browser.request('/api/webauthn/logout', { method: 'POST' }), ask(), ask(), ask()]);
    assert.equal(ended.status, 204);
    for (const { to } of answers) told.add(to.searchParams.get('error') ?? (to.searchParams.has('code') ? 'code' : to.href));
  }
  told.delete('code');
  assert.deepEqual([...told], ['login_required']);
});

test('a device that is let in in the moment of the sign-out gets nothing', async (t) => {
  const { w, milton, app } = await homelab(t);
  for (let round = 0; round < 10; round++) {
    const browser = milton.otherBrowser();
    await browser.signIn();
    const asked = (await post(w, '/api/oidc/device/authorize', { scope: SCOPES }, { authorization: basic(app) })).body;
    const [approved, ended] = await Promise.all([
      browser.request(`/api/oidc/device/verify?code=${asked.user_code}`, { method: 'POST' }),
      browser.request('/api/webauthn/logout', { method: 'POST' }),
    ]);
    assert.equal(ended.status, 204);
    assert.ok([204, 401].includes(approved.status), `${approved.status}`);
    const polled = await token(w, app, { grant_type: DEVICE, device_code: asked.device_code });
    assert.equal(polled.body.error, approved.status === 204 ? 'invalid_grant' : 'authorization_pending', `round ${round}`);
  }
});
