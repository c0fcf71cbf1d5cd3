import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { askedForConsent, device, expect, heading, nobodyChoosesFromAutofill, test } from './fixtures.ts';

const touch = { name: 'Continue with passkey' };

test('who says yes and then no, while the yes is on its way, has said yes', async ({ page, server, rp }) => {
  const { milton } = await askedForConsent(page, server, rp);
  const held: (() => Promise<void>)[] = [];
  await page.route('**/interaction/complete', (route) => void held.push(() => route.continue()));
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect.poll(() => held.length).toBe(1);
  await expect(page.getByRole('button', { name: 'One moment…' })).toBeVisible();
  let refusals = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/interaction/cancel')) refusals += 1;
  });
  await page.getByRole('button', { name: 'Not now' }).click();
  await held[0]?.();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);
  expect(refusals).toBe(0);
});

test('a form that is pressed again is sent once, until nothing came of it for a while', async ({ page, server }) => {
  await server.user({ isAdmin: true });
  await server.api('PUT', '/api/application-configuration', { allowUserSignups: 'open' });
  await page.clock.install();
  await page.goto(`${server.url}/signup`);
  await page.getByLabel('First name').fill('Ana');
  await page.getByLabel('User name').fill('ana');
  await page.getByLabel('E-mail').fill('ana@example.com');
  // Counts what would be sent, and keeps the browser here as a network that does not answer would.
  await page.evaluate(() => {
    document.body.dataset.sent = '0';
    addEventListener('submit', (event) => {
      if (!event.defaultPrevented) document.body.dataset.sent = String(Number(document.body.dataset.sent) + 1);
      event.preventDefault();
    });
  });
  const body = page.locator('body');
  await page.getByRole('button', { name: 'Create my account' }).click();
  await page.getByRole('button', { name: 'One moment…' }).click({ force: true });
  await expect(body).toHaveAttribute('data-sent', '1');
  await page.clock.runFor(10_000);
  await page.getByRole('button', { name: 'Create my account' }).click();
  await expect(body).toHaveAttribute('data-sent', '2');
});

test('a page that the back button brings out of the browser’s memory is as new: nothing is on its way, and it can be pressed', async ({
  page,
  server,
  rp,
}) => {
  const { milton } = await askedForConsent(page, server, rp);
  // A network that does not answer.
  await page.evaluate(() => {
    window.fetch = () => new Promise(() => undefined);
  });
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(page.getByRole('button', { name: 'One moment…' })).toBeVisible();
  // What the browser tells a page that it kept as it was.
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);
});

test('an answer by form post that is on its way is not posted again by pressing, which would use its code twice', async ({
  page,
  server,
  rp,
}) => {
  const milton = await server.person();
  const posts: ServerResponse[] = [];
  const slow = createServer((_, response) => void posts.push(response)).listen(0, '127.0.0.1');
  await once(slow, 'listening');
  const arrived = once(slow, 'request');
  const redirect_uri = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/callback`;
  const paperless = await server.application(redirect_uri);
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless, { redirect_uri, response_mode: 'form_post' }));
  await page.getByRole('button', touch).click();
  // A page on its way to another site hears nothing from here: it asks when to press, and tells that it did.
  await page.addInitScript(async () => {
    if (location.pathname !== '/authorize') return;
    await fetch('/posted');
    const button = document.querySelector<HTMLButtonElement>('form[data-now] button');
    const says = button?.textContent ?? '';
    button?.click();
    await fetch(`/pressed?${new URLSearchParams({ says })}`);
  });
  await page.route('**/posted', async (route) => {
    await arrived;
    await route.fulfill();
  });
  let said: string | null = null;
  await page.route('**/pressed?*', async (route) => {
    said = new URL(route.request().url()).searchParams.get('says');
    posts[0]?.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Thank you</h1>');
    await route.fulfill();
  });
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText('Thank you');
  expect(said).toBe('One moment…');
  expect(posts.length).toBe(1);
  slow.close();
});

test('a press of the passkey’s button counts that comes before the page’s script', async ({ page, server }) => {
  const milton = await server.person();
  await device(page, milton.passkey);
  await nobodyChoosesFromAutofill(page);
  const held: (() => Promise<void>)[] = [];
  await page.route('**/*.js', (route) => void held.push(() => route.continue()));
  await page.goto(`${server.url}/login`, { waitUntil: 'commit' });
  await page.getByRole('button', touch).click();
  await expect.poll(() => held.length).toBe(2);
  await Promise.all(held.map((go) => go()));
  await expect(heading(page)).toHaveText('Hello, Milton');
});

test('nothing but a press of the button counts before the page’s script: no other mouse button, and no press that was let go elsewhere', async ({
  page,
  server,
}) => {
  await server.user({ isAdmin: true });
  await nobodyChoosesFromAutofill(page);
  const held: (() => Promise<void>)[] = [];
  await page.route('**/*.js', (route) => void held.push(() => route.continue()));
  const button = page.getByRole('button', touch);
  const letGoElsewhere = async () => {
    await button.hover();
    await page.mouse.down();
    await page.mouse.move(5, 5);
    await page.mouse.up();
  };
  for (const gesture of [() => button.click({ button: 'right' }), () => button.click({ button: 'middle' }), letGoElsewhere]) {
    held.length = 0;
    await page.goto(`${server.url}/login`, { waitUntil: 'commit' });
    await gesture();
    await expect.poll(() => held.length).toBe(2);
    await Promise.all(held.map((go) => go()));
    await page.waitForLoadState();
    // Whatever was pressed before is told to the page by now.
    await page.evaluate(() => new Promise((told) => new PerformanceObserver(told).observe({ type: 'first-input', buffered: true })));
    await expect(button).toBeVisible();
  }
});

test('whatever a browser calls it that a passkey came to nothing, the page says so and can be pressed again', async ({ page, server }) => {
  await server.user({ isAdmin: true });
  await page.addInitScript(() => {
    navigator.credentials.get = async ({ mediation } = {}) => {
      if (mediation === 'conditional') return new Promise(() => undefined);
      throw new DOMException('no', document.body.dataset.error);
    };
  });
  await page.goto(`${server.url}/login`);
  for (const name of ['NotAllowedError', 'AbortError', 'UnknownError', 'InvalidStateError', 'NotReadableError', 'OperationError']) {
    await page.evaluate((error) => {
      document.body.dataset.error = error;
    }, name);
    await page.getByRole('button', touch).click();
    await expect(page.getByRole('alert'), name).toContainText('That didn’t finish, and nothing has changed.');
    await expect(page.getByRole('button', touch), name).toBeVisible();
  }
});

test('an answer of somebody between the browser and the server is none, and nobody is asked to pass on a reference to nothing', async ({
  page,
  server,
}) => {
  const milton = await server.person();
  await device(page, milton.passkey);
  await nobodyChoosesFromAutofill(page);
  await page.goto(`${server.url}/login`);
  for (const status of [502, 200]) {
    await page.route('**/interaction/passkey', (route) => route.fulfill({ status, contentType: 'text/html', body: '<h1>A gateway</h1>' }), {
      times: 1,
    });
    await page.getByRole('button', touch).click();
    await expect(page.getByRole('alert')).toContainText('The server can’t be reached');
  }
  await page.getByRole('button', touch).click();
  await expect(heading(page)).toHaveText('Hello, Milton');
});

test('a page left open without a network asks for what autofill needs now and then, and does not speak up about it', async ({
  page,
  server,
}) => {
  await server.user({ isAdmin: true });
  await nobodyChoosesFromAutofill(page);
  await page.clock.install();
  await page.goto(`${server.url}/login`);
  await expect(page.getByLabel('Name')).toBeVisible();
  let asked = 0;
  await page.route('**/api/webauthn/login/start', (route) => {
    asked += 1;
    return route.abort();
  });
  await page.clock.fastForward(3_600_000);
  await expect.poll(() => asked).toBeGreaterThan(0);
  // Time for a loop to turn.
  for (let turn = 0; turn < 10; turn += 1) await page.evaluate(async () => void (await fetch('/healthz')));
  expect(asked).toBe(1);
  await page.clock.fastForward(10_000);
  await expect.poll(() => asked).toBe(2);
  await expect(page.getByRole('alert')).toBeHidden();
});

test('a passkey that was chosen in the name field too late is told so', async ({ page, server }) => {
  const milton = await server.person();
  await device(page, milton.passkey);
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    let chosen = false;
    navigator.credentials.get = (options) => {
      if (options?.mediation !== 'conditional') return get(options);
      if (chosen) return new Promise((_, reject) => options.signal?.addEventListener('abort', () => reject(options.signal?.reason)));
      chosen = true;
      return get({ publicKey: options.publicKey, signal: options.signal });
    };
  });
  const late = { error: 'late', code: 'invalid_webauthn_session', request_id: '2f0c5d2e-0000-4000-8000-000000000000' };
  await page.route('**/interaction/passkey', (route) => route.fulfill({ status: 400, json: late }), { times: 1 });
  await page.goto(`${server.url}/login`);
  await expect(page.getByRole('alert')).toHaveText('That took a little long. Once more, please.');
  await page.getByRole('button', touch).click();
  await expect(heading(page)).toHaveText('Hello, Milton');
});

test('who touches the passkey after pressing something else that came to nothing can press again', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.clock.install();
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = async (asked) => {
      const answer = await get(asked);
      await new Promise((touched) => addEventListener('touch', touched, { once: true }));
      return answer;
    };
  });
  const touches = () => page.evaluate(() => dispatchEvent(new Event('touch')));
  await page.goto(rp.startUrl(paperless, { response_mode: 'form_post' }));
  await page.getByRole('button', touch).click();
  await expect(page.getByRole('button', { name: 'Waiting for you…' })).toBeVisible();
  // A network that does not answer.
  await page.evaluate(() => addEventListener('submit', (event) => event.preventDefault()));
  await page.getByRole('button', { name: 'Back to Paperless' }).click();
  await expect(page.getByRole('button', { name: 'One moment…' })).toBeVisible();
  await expect(async () => {
    await touches();
    await expect(page.getByRole('button', touch)).toBeVisible({ timeout: 200 });
  }).toPass({ timeout: 5000 });
  await page.clock.runFor(10_000);
  await page.getByRole('button', touch).click();
  await expect(async () => {
    await touches();
    await expect(heading(page)).toHaveText('Let Paperless know you?', { timeout: 200 });
  }).toPass({ timeout: 5000 });
});

test('a passkey script that got lost on the way is no fault of the browser, and pressing loads it again', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.route('**/webauthn.*.js', (route) => route.abort());
  await page.goto(rp.startUrl(paperless));
  await expect(page.getByRole('alert')).toContainText('The server can’t be reached');
  await page.unroute('**/webauthn.*.js');
  await page.getByRole('button', touch).click();
  await expect(page.getByRole('alert')).toBeHidden();
  await page.getByRole('button', touch).click();
  await expect(heading(page)).toHaveText('Let Paperless know you?');
});

test('who was signed out meanwhile presses once more, and is where they can sign in', async ({ page, server, rp }) => {
  const { milton, paperless } = await askedForConsent(page, server, rp);
  await page.goto(rp.startUrl(paperless, { prompt: 'login' }));
  await expect(heading(page)).toHaveText('Is it still you, Milton?');
  await server.api('DELETE', `/api/users/${milton.id}/sessions`);
  await page.getByRole('button', { name: 'Yes, it’s me' }).click();
  await expect(page.getByRole('alert')).toContainText('You were signed out in the meantime');
  await page.getByRole('button', { name: 'Yes, it’s me' }).click();
  await expect(heading(page)).toHaveText('Sign in to Paperless');
});

test('an app of the device that the browser does not open by itself is opened by pressing', async ({ page, server }) => {
  const milton = await server.person();
  const redirect_uri = 'com.example.app:/callback';
  const client = { name: 'Pocket Camera', callbackURLs: [redirect_uri], isPublic: true, pkceEnabled: true };
  const { id } = await server.api<{ id: string }>('POST', '/api/oidc/clients', client);
  await device(page, milton.passkey);
  const opened: string[] = [];
  page.on('request', (request) => {
    if (request.url().startsWith(redirect_uri)) opened.push(request.url());
  });
  const code_challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
  const asked = { client_id: id, redirect_uri, response_type: 'code', scope: 'openid', code_challenge, code_challenge_method: 'S256' };
  await page.goto(`${server.url}/authorize?${new URLSearchParams(asked)}`);
  await page.getByRole('button', touch).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  const onward = page.getByRole('button', { name: 'Continue', disabled: false });
  await expect(onward).toBeVisible();
  expect(opened).toHaveLength(1);
  await onward.click();
  await expect.poll(() => opened.length).toBe(2);
  expect(opened[1]).toBe(opened[0]);
});

test('a link too long for one line keeps its distance from what is above it', async ({ page, server, rp }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const paperless = await server.application(rp.redirectUri, { name: 'Paperless of the Rivera family and their friends' });
  await page.goto(rp.startUrl(paperless));
  const link = page.getByRole('button', { name: 'Back to Paperless' });
  const [box, text] = [await link.boundingBox(), await link.locator('span').boundingBox()];
  expect(text?.height).toBeGreaterThan(40);
  expect((text?.y ?? 0) - (box?.y ?? 0)).toBeGreaterThanOrEqual(8);
});

test('a browser without passkeys shows the other ways in, and no button that would do nothing', async ({ page, server }) => {
  await server.user({ isAdmin: true });
  await page.addInitScript(() => Reflect.deleteProperty(window, 'PublicKeyCredential'));
  await page.goto(`${server.url}/login`);
  await expect(page.getByRole('alert')).toContainText('This browser can’t use passkeys');
  await expect(page.getByRole('button', touch)).toBeHidden();
  await expect(page.getByLabel('Name')).toBeHidden();
  await expect(page.getByRole('link', { name: 'Enter a code' })).toBeVisible();
});

test('a browser that keeps no cookies is told so before anything is pressed, and uses up no code', async ({ page, server }) => {
  const { id } = await server.user();
  const { token } = await server.api<{ token: string }>('POST', `/api/users/${id}/one-time-access-token`, { ttl: 600 });
  await page.addInitScript(() =>
    Object.defineProperty(Navigator.prototype, 'cookieEnabled', { get: () => localStorage.allowed === 'yes' }),
  );
  const { host } = new URL(server.url);
  await page.goto(`${server.url}/login`);
  await expect(page.getByRole('alert')).toContainText(`cookies, and they are blocked here. Allow them for ${host}`);
  await expect(page.getByRole('button', touch)).toBeHidden();
  await page.goto(`${server.url}/lc/${token}`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('alert')).toContainText('cookies');
  await page.evaluate(() => localStorage.setItem('allowed', 'yes'));
  await page.goto(`${server.url}/lc/${token}`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(heading(page)).toHaveText('Now your passkey, Milton');
});

test('a link whose code does not work says so in every sentence, and typing goes on in the field', async ({ page, server }) => {
  // Selecting a field's text moves the focus in Chromium alone.
  await page.addInitScript(() => {
    HTMLInputElement.prototype.select = function () {
      this.setSelectionRange(0, this.value.length);
    };
  });
  await page.goto(`${server.url}/lc/ABCDEF`);
  await expect(heading(page)).toHaveText('Your link is ready');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('alert')).toContainText('doesn’t work any more');
  await expect(heading(page)).toHaveText('Enter your code');
  await expect(page.getByRole('textbox', { name: 'Code' })).toBeFocused();
  await expect(page.getByRole('textbox', { name: 'Code' })).toHaveAccessibleDescription(/doesn’t work any more/);
  await expect(page.getByText('Press Continue')).toHaveCount(0);
});
