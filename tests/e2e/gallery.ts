import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { Env } from '#platform/http/context.ts';
import { systemRandom } from '#platform/random.ts';
import { type AccountModel, accountPage } from '#src/sign-in/pages/account.ts';
import { adminPage } from '#src/sign-in/pages/admin.ts';
import { loadAssets } from '#src/sign-in/pages/assets.ts';
import { deviceCodePage, deviceConsentPage, deviceDonePage } from '#src/sign-in/pages/device-grant.ts';
import { approvalPage, approvedPage, waitedPage, waitingPage } from '#src/sign-in/pages/device-login.ts';
import { consentPage, type PersonStep, reauthenticatePage, selectAccountPage } from '#src/sign-in/pages/interaction.ts';
import type { Look, Page } from '#src/sign-in/pages/layout.ts';
import { onwardPage } from '#src/sign-in/pages/onward.ts';
import { errorPage, mishapPage } from '#src/sign-in/pages/problem.ts';
import { gonePage, refusedPage } from '#src/sign-in/pages/refused.ts';
import { createRenderer } from '#src/sign-in/pages/respond.ts';
import { addPasskeyPage, confirmPage, setUpLinkPage, setUpPage, skipPasskeyPage } from '#src/sign-in/pages/set-up.ts';
import { alternativePage, codePage, newPage, signInPage } from '#src/sign-in/pages/sign-in.ts';
import { signedOutPage, signOutPage } from '#src/sign-in/pages/sign-out.ts';
import { invitationPage, signUpClosedPage, signUpPage } from '#src/sign-in/pages/sign-up.ts';
import { type SiteSettings, siteOf } from '#src/sign-in/pages/site.ts';
import type { RefusedView, StepView, ViewClient, ViewPerson } from '#src/sign-in/view.ts';
import { settableClock } from '#src/testing/world.ts';

const chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36';
const NOW = settableClock().now();

const client: ViewClient = {
  id: 'paperless',
  name: 'Paperless',
  hasLogo: false,
  hasDarkLogo: false,
  launchUrl: 'https://paperless.example.com',
};
const grafana: ViewClient = { ...client, id: 'grafana', name: 'Grafana' };
const person: ViewPerson = {
  id: 'b1',
  username: 'milton',
  displayName: 'Milton Rivera',
  email: 'milton@example.com',
  firstName: 'Milton',
  lastName: 'Rivera',
  groups: ['Familia'],
};
const refused: RefusedView = {
  kind: 'refused',
  reason: 'not-in-allowed-group',
  client: grafana,
  person,
  missingGroups: ['Admin'],
  personGroups: ['Familia'],
  askWhom: 'Holo',
  requestId: '7Q2M-K4XD',
};
const ceremony = { options: { challenge: 'AAAA', rpId: 'localhost' }, seconds: 300 };
const step = (more: Partial<StepView> = {}): PersonStep => ({
  kind: 'step',
  id: 'i1',
  step: 'consent',
  remaining: ['consent'],
  client,
  scopes: [
    { key: 'profile', name: 'profile', values: ['Milton Rivera', 'milton'] },
    { key: 'email', name: 'email', values: ['milton@example.com'] },
    { key: 'groups', name: 'groups', values: ['Familia'] },
  ],
  uiLocales: [],
  answersByForm: false,
  returnOrigin: 'https://paperless.example.com',
  ...more,
  person: more.person ?? person,
});

/** Names nobody should have, and somebody will. */
const longName = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH & Co. KG';
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}\${7*7}`;

const account = (more: Partial<AccountModel> = {}): AccountModel => ({
  person: { ...person, groups: ['Familia', 'Musik'] },
  passkeys: [
    { id: 'p1', name: 'iCloud Keychain Passkey', createdAt: NOW - 90 * 86_400, lastUsedAt: NOW - 200, synced: true },
    { id: 'p2', name: 'YubiKey 5 Passkey', createdAt: NOW - 4 * 86_400, lastUsedAt: null, synced: false },
  ],
  applications: [
    { ...client, scopes: ['openid', 'profile', 'email', 'groups'], lastUsedAt: NOW - 4000 },
    { ...grafana, launchUrl: null, scopes: ['openid', 'inventory:read'], lastUsedAt: NOW - 400_000 },
  ],
  sessions: [
    {
      id: 's1',
      current: true,
      createdAt: NOW - 600,
      lastSeenAt: NOW,
      amr: ['phr'],
      ip: '192.168.1.20',
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36',
    },
    {
      id: 's2',
      current: false,
      createdAt: NOW - 86_400,
      lastSeenAt: NOW - 7200,
      amr: ['otp'],
      ip: '192.168.1.34',
      userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1',
    },
    { id: 's3', current: false, createdAt: NOW - 186_400, lastSeenAt: NOW - 17_200, amr: ['phr'], ip: '2001:db8::7', userAgent: 'curl/8' },
  ],
  now: NOW,
  ...more,
});

const manyScopes = ['profile', 'email', 'groups', 'offline_access', ...Array.from({ length: 8 }, (_, i) => `inventory:section-${i + 1}`)];

/** Every page in every state we know, by name. */
export const GALLERY: Record<string, (look: Look) => Page> = {
  'sign-in': (look) => signInPage(look, { ceremony, destination: {} }),
  'sign-in-open': (look) => signInPage(look, { ceremony, destination: {}, signUp: true }),
  'sign-in-app': (look) =>
    signInPage(look, {
      ceremony,
      destination: { interaction: 'i1' },
      asking: { id: 'i1', client, answersByForm: false, returnOrigin: 'https://paperless.example.com' },
    }),
  'sign-in-long': (look) =>
    signInPage(look, {
      ceremony,
      destination: { interaction: 'i1' },
      asking: { id: 'i1', client: { ...client, name: longName }, answersByForm: false, returnOrigin: 'https://x.example' },
      signUp: true,
    }),
  alternative: (look) => alternativePage(look, { ceremony, destination: {}, client }),
  new: newPage,
  code: (look) => codePage(look, { destination: {} }),
  'code-link': (look) => codePage(look, { destination: {}, code: 'K7q2Mx' }),
  'code-wrong': (look) => codePage(look, { destination: {}, code: 'K7q2MxK7q2Mx', problem: look.t('code.error.wrong'), status: 401 }),
  'set-up': (look) => setUpPage(look, { secret: 'x', values: { firstName: 'Holo', username: 'holo' } }),
  'set-up-wrong': (look) =>
    setUpPage(look, {
      secret: 'x',
      values: { username: '@holo', email: 'nope' },
      wrong: { firstName: 'setup.error.firstName', username: 'setup.error.username', email: 'setup.error.email' },
      problem: look.t('setup.error.form'),
      status: 400,
    }),
  'set-up-link': setUpLinkPage,
  'sign-up': (look) => signUpPage(look, { token: '', destination: {}, values: {}, emailRequired: true }),
  'sign-up-app': (look) =>
    signUpPage(look, {
      token: '',
      destination: { interaction: 'i1' },
      client: { ...client, name: longName },
      values: {},
      emailRequired: true,
    }),
  'sign-up-wrong': (look) =>
    signUpPage(look, {
      token: 'x',
      destination: {},
      values: { firstName: 'Milton', username: 'milton', email: '' },
      wrong: { username: 'signUp.error.username.taken', email: 'signUp.error.email.missing' },
      emailRequired: false,
      status: 400,
    }),
  invitation: (look) => invitationPage(look, { token: '', wrong: false, destination: {} }),
  'invitation-wrong': (look) => invitationPage(look, { token: hostile, wrong: true, destination: { interaction: 'i1' } }),
  'sign-up-closed': (look) => signUpClosedPage(look, {}),
  waiting: (look) => waitingPage(look, { id: 'x', userCode: 'PQWMKRTX', seconds: 300, destination: {}, next: '/account' }),
  'waited-expired': (look) => waitedPage(look, { over: 'expired', destination: {} }),
  'waited-denied': (look) => waitedPage(look, { over: 'denied', destination: {} }),
  'waited-disabled': (look) => waitedPage(look, { over: 'disabled', destination: {} }),
  approval: (look) =>
    approvalPage(look, {
      userCode: 'PQWMKRTX',
      person,
      ceremony,
      asker: { userAgent: chrome, ip: '203.0.113.7', place: 'Madrid, Spain', at: NOW - 70 },
      now: NOW,
    }),
  'approval-hostile': (look) =>
    approvalPage(look, {
      userCode: 'PQWMKRTX',
      person: { ...person, displayName: longName },
      ceremony,
      asker: { userAgent: hostile, ip: '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff', place: undefined, at: NOW - 70 },
      now: NOW,
    }),
  approved: (look) => approvedPage(look, { allowed: true }),
  'add-passkey': (look) => addPasskeyPage(look, { ceremony, destination: {}, name: 'Milton' }),
  'skip-passkey': (look) => skipPasskeyPage(look, { next: '/account', destination: {} }),
  confirm: (look) => confirmPage(look, { ceremony, destination: {}, person }),
  'select-account': (look) => selectAccountPage(look, step({ step: 'select_account' })),
  reauthenticate: (look) => reauthenticatePage(look, step({ step: 'reauthenticate' }), ceremony),
  consent: (look) => consentPage(look, step()),
  'consent-picture': (look) => consentPage(look, step({ person: { ...person, picture: '/api/application-images/logo?v=background' } })),
  'consent-nothing': (look) => consentPage(look, step({ scopes: [] })),
  'consent-many': (look) =>
    consentPage(
      look,
      step({
        client: { ...client, name: longName },
        person: { ...person, displayName: longName, username: 'a'.repeat(50) },
        scopes: manyScopes.map((key) => ({ key, name: `Read ${key}`, values: key === 'email' ? [] : ['x'.repeat(60), 'value'] })),
      }),
    ),
  'consent-hostile': (look) =>
    consentPage(
      look,
      step({
        client: { ...client, name: hostile },
        person: { ...person, displayName: hostile, username: hostile },
        scopes: [{ key: hostile, name: hostile, values: [hostile] }],
      }),
    ),
  'consent-rtl': (look) =>
    consentPage(
      look,
      step({
        client: { ...client, name: 'מסמכים!' },
        person: { ...person, displayName: 'מילטון ריברה (אבא)' },
        scopes: [
          { key: 'profile', name: 'profile', values: ['מילטון ריברה (אבא)', 'milton'] },
          { key: 'groups', name: 'groups', values: ['משפחה 1', 'עבודה 2'] },
        ],
      }),
    ),
  'refused-rtl': (look) =>
    refusedPage(look, {
      ...refused,
      client: { ...grafana, name: 'مكتبة (٢)' },
      person: { ...person, displayName: 'ميلتون' },
      missingGroups: ['إدارة (أ)', 'عائلة (ب)'],
      personGroups: ['ضيوف 1', 'ضيوف 2'],
      askWhom: 'هولو (أ)',
      id: 'i1',
    }),
  refused: (look) => refusedPage(look, { ...refused, id: 'i1' }),
  'refused-many': (look) =>
    refusedPage(look, {
      kind: 'refused',
      reason: 'not-in-allowed-group',
      client: { ...grafana, launchUrl: null },
      person,
      missingGroups: ['Admin', 'Ops', hostile],
      personGroups: [],
      requestId: '7Q2M-K4XD',
    }),
  'refused-disabled': (look) =>
    refusedPage(look, {
      kind: 'refused',
      reason: 'user-disabled',
      client: grafana,
      missingGroups: [],
      personGroups: [],
      requestId: '7Q2M-K4XD',
    }),
  'gone-expired': (look) => gonePage(look, { kind: 'gone', reason: 'interaction-expired', client, requestId: '3F9C-PW2T' }),
  'gone-unknown': (look) => gonePage(look, { kind: 'gone', reason: 'interaction-unknown', requestId: '3F9C-PW2T' }),
  'gone-browser': (look) =>
    gonePage(look, {
      kind: 'gone',
      reason: 'interaction-of-another-browser',
      client: { ...client, launchUrl: null },
      requestId: '3F9C-PW2T',
    }),
  'error-client': (look) =>
    errorPage(look, {
      reason: 'client-unknown',
      status: 400,
      error: 'invalid_request',
      description: 'client_id is not registered',
      requestId: '3F9C-PW2T',
    }),
  'error-redirect': (look) => errorPage(look, { reason: 'redirect-uri-mismatch', status: 400, client, requestId: '3F9C-PW2T' }),
  'error-other': (look) =>
    errorPage(look, {
      reason: 'request-not-supported',
      status: 400,
      client,
      error: 'request_not_supported',
      description: hostile,
      requestId: '3F9C-PW2T',
    }),
  'error-failed': (look) => errorPage(look, { reason: 'internal_error', status: 500, client, requestId: '3F9C-PW2T' }),
  'not-found': (look) => mishapPage(look, { kind: 'notFound', status: 404, reason: 'not_found', requestId: '3F9C-PW2T' }),
  admin: adminPage,
  onward: (look) =>
    onwardPage(look, { action: 'http://127.0.0.1:9/callback', fields: { code: 'x', state: '"><svg onload=alert(1)>' }, client }),
  'device-code': (look) => deviceCodePage(look, {}),
  'device-wrong': (look) => deviceCodePage(look, { code: 'EABC', wrong: true }),
  device: (look) =>
    deviceConsentPage(look, {
      userCode: 'E7Q2MK4X',
      client: { ...client, name: 'Jellyfin' },
      person,
      scopes: step().scopes,
      asker: {
        ip: '192.168.1.44',
        place: undefined,
        userAgent: 'Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Safari/537.36',
        at: NOW - 70,
      },
      now: NOW,
    }),
  'device-allowed': (look) => deviceDonePage(look, { allowed: true, client }),
  'device-denied': (look) => deviceDonePage(look, { allowed: false, client }),
  'device-refused': (look) => refusedPage(look, refused, 'device'),
  'sign-out': (look) => signOutPage(look, person),
  'sign-out-refused': (look) => signOutPage(look, person, true),
  'signed-out': (look) => signedOutPage(look),
  account: (look) => accountPage(look, account()),
  'account-picture': (look) =>
    accountPage(look, account({ person: { ...account().person, picture: '/api/application-images/logo?v=background' } })),
  'account-new': (look) => accountPage(look, account({ passkeys: [], applications: [], notice: 'account.saved' })),
  'account-one': (look) => accountPage(look, account({ passkeys: account().passkeys.slice(0, 1), problem: 'account.error.name' })),
  'account-hostile': (look) =>
    accountPage(look, {
      ...account(),
      person: { ...person, firstName: hostile, username: hostile, groups: [hostile] },
      passkeys: [{ id: 'p1', name: hostile, createdAt: NOW, lastUsedAt: null, synced: false }],
      applications: [{ ...client, name: longName + hostile, launchUrl: 'javascript:alert(1)', scopes: [hostile], lastUsedAt: NOW }],
    }),
};

const LOGOS = {
  light:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 54"><path d="M6 50V22L30 4l24 18v28z" fill="#7a1f4b"/><text x="62" y="38" font-family="sans-serif" font-size="30" font-weight="700" fill="#7a1f4b">Rivera</text></svg>',
  dark: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 54"><path d="M6 50V22L30 4l24 18v28z" fill="#f6c6dd"/><text x="62" y="38" font-family="sans-serif" font-size="30" font-weight="700" fill="#f6c6dd">Rivera</text></svg>',
  background:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 100" preserveAspectRatio="xMidYMid slice"><linearGradient id="g" x2="1" y2="1"><stop stop-color="#f9d29d"/><stop offset=".5" stop-color="#d76d77"/><stop offset="1" stop-color="#3a1c71"/></linearGradient><path d="M0 0h160v100H0z" fill="url(#g)"/><path d="m0 100 50-45 30 25 35-40 45 60z" fill="#241445"/></svg>',
};

/** Installations by name, as administrators may have set their look. */
export const SITES: Record<string, SiteSettings> = {
  ours: { name: 'PocketID', accent: 'default', still: false, images: {} },
  own: {
    name: 'Casa Rivera',
    accent: '#b0246b',
    still: true,
    images: {
      logoLight: { hash: 'light', type: 'image/svg+xml' },
      logoDark: { hash: 'dark', type: 'image/svg+xml' },
      background: { hash: 'background', type: 'image/svg+xml' },
      favicon: { hash: 'light', type: 'image/svg+xml' },
    },
  },
  navy: {
    name: 'WWWWWWWWWWWWWWWWWWWWWWWWWWWWWW',
    accent: 'navy',
    still: false,
    images: { logoLight: { hash: 'light', type: 'image/svg+xml' } },
  },
  white: { name: 'A', accent: '#fff', still: false, images: { background: { hash: 'background', type: 'image/svg+xml' } } },
};

/** Serves every page of the gallery at `/<name>`, on a free port of localhost; `?site=` names the look of an installation. */
export async function openGallery(port = 0) {
  const assets = loadAssets();
  const app = new Hono<Env>();
  const origin = { url: '' };
  app.get('/assets/:file', (c) => assets.respond(c.req.path, c.req.header('accept-encoding')) ?? c.notFound());
  app.get('/api/application-images/*', (c) =>
    c.body(LOGOS[c.req.query('v') as keyof typeof LOGOS], 200, { 'content-type': 'image/svg+xml' }),
  );
  app.get('/:name', (c) => {
    const make = GALLERY[c.req.param('name')];
    const renderer = createRenderer({
      appUrl: c.req.query('appUrl') ?? origin.url,
      random: systemRandom,
      assets,
      site: async () => siteOf(SITES[c.req.query('site') ?? 'ours']!),
    });
    return make ? renderer.render(c, make) : c.notFound();
  });
  const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  origin.url = `http://localhost:${(server.address() as { port: number }).port}`;
  return { url: origin.url, close: () => new Promise((resolve) => server.close(resolve)) };
}
