import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { askedForConsent, device, expect, heading, newBrowser, test } from './fixtures.ts';

const touch = { name: 'Continue with passkey' };

test('who stops the passkey dialog stays where they are, and may go back to the application', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  const phone = await device(page, milton.passkey);
  await phone.set({ verified: false });
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', touch).click();
  await expect(page.getByRole('alert')).toContainText('nothing has changed');
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByRole('button', touch)).toBeEnabled();

  await phone.set({ verified: true });
  await page.getByRole('button', touch).click();
  await expect(heading(page)).toHaveText('Let Paperless know you?');
  await page.getByRole('button', { name: 'Not now' }).click();
  await expect(heading(page)).toHaveText('Refused: access_denied');

  await page.goto(rp.startUrl(paperless));
  await expect(heading(page)).toHaveText('Let Paperless know you?');
});

test('a refusal reaches an application whose callback leads on to another site', async ({ page, server, rp }) => {
  const milton = await server.person();
  const redirect_uri = `${rp.url}/callback-elsewhere`;
  const paperless = await server.application(redirect_uri);
  await page.goto(rp.startUrl(paperless, { redirect_uri }));
  await page.getByRole('button', { name: 'Back to Paperless' }).click();
  await expect(heading(page)).toHaveText('Refused: access_denied');

  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless, { redirect_uri }));
  await page.getByRole('button', touch).click();
  await page.getByRole('button', { name: 'Not now' }).click();
  await expect(heading(page)).toHaveText('Refused: access_denied');
});

test('who turns back before signing in takes a refusal to the application', async ({ page, server, rp }) => {
  const paperless = await server.application(rp.redirectUri);
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', { name: 'Back to Paperless' }).click();
  await expect(heading(page)).toHaveText('Refused: access_denied');
});

test('a passkey nobody knows is told so, and the right one still works', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const stranger = {
    credentialId: randomBytes(32).toString('base64'),
    userHandle: milton.passkey.userHandle,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    rpId: 'localhost',
  };
  const phone = await device(page, stranger);
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', touch).click();
  await expect(page.getByRole('alert')).toContainText('isn’t known here');
  await phone.session.send('WebAuthn.clearCredentials', { authenticatorId: phone.id });
  await phone.add(milton.passkey);
  await page.getByRole('button', touch).click();
  await expect(heading(page)).toHaveText('Let Paperless know you?');
});

test('a passkey that is of another kind than when it was added is told so, and nobody is blamed for it', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  const phone = await device(page, milton.passkey);
  const { credentialId } = milton.passkey;
  await phone.session.send('WebAuthn.setCredentialProperties', {
    authenticatorId: phone.id,
    credentialId,
    backupEligibility: false,
    backupState: false,
  });
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', touch).click();
  await expect(page.getByRole('alert')).toContainText('isn’t of the kind it was');
});

test('a closed account is told so in words, not in numbers', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await server.change(milton.id, { disabled: true });
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', touch).click();
  await expect(page.getByRole('alert')).toContainText('your account is closed for now');
  const reference = async () => /[\dA-F]{4}-[\dA-F]{4}$/.exec((await page.getByRole('alert').textContent()) ?? '')?.[0] ?? 'no reference';
  expect(await server.line(await reference())).toContain('unauthorized');

  const { token } = await server.api<{ token: string }>('POST', `/api/users/${milton.id}/one-time-access-token`, { ttl: 600 });
  await page.goto(`${server.url}/lc/${token}`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('alert')).toContainText('The code is right, but your account is closed for now');
  expect(await server.line(await reference())).toContain('unauthorized');
});

test('who is disabled while they are asked is told so, and not sent to a profile they can’t open', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri, { launchURL: rp.url });
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', touch).click();
  await expect(heading(page)).toHaveText('Let Paperless know you?');
  await server.change(milton.id, { disabled: true });
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText('Your account is closed for now');
  await expect(page.getByRole('link', { name: 'Back to Paperless' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'My profile' })).toHaveCount(0);
});

test('a link that ended says so and leaves the rest open', async ({ page, server }) => {
  const milton = await server.user();
  const issue = () => server.api<{ token: string }>('POST', `/api/users/${milton.id}/one-time-access-token`, { ttl: 600 });
  const { token } = await issue();
  server.sql(`update one_time_code set expires_at = 1 where user_id = '${milton.id}'`);
  await page.goto(`${server.url}/lc/${token}`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('alert')).toContainText('doesn’t work any more');
  await page.getByLabel('Code').fill('abc');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('alert')).toContainText('6 or 12 letters');

  const fresh = (await issue()).token;
  await page.getByLabel('Code').fill(`${fresh.slice(0, 3)} ${fresh.slice(3).toLowerCase()}`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(heading(page)).toHaveText('Now your passkey, Milton');
});

test('SEC-123 SEC-125 to look at a link neither uses it up nor signs in, and its code leaves the address', async ({ page, server }) => {
  const milton = await server.user();
  const { token } = await server.api<{ token: string }>('POST', `/api/users/${milton.id}/one-time-access-token`, { ttl: 600 });
  for (const method of ['GET', 'HEAD']) {
    const looked = await fetch(`${server.url}/lc/${token}`, { method });
    expect(looked.status).toBe(200);
    expect(looked.headers.getSetCookie()).toEqual([]);
  }
  await page.goto(`${server.url}/lc/${token}`);
  await expect(page).toHaveURL(`${server.url}/login/alternative/code`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(heading(page)).toHaveText('Now your passkey, Milton');
  await server.line('/lc/{code}');
  expect(server.output()).not.toContain(token);
});

test('a code on the way to an application leads there, by way of a passkey', async ({ page, server, rp }) => {
  const milton = await server.user();
  const paperless = await server.application(rp.redirectUri);
  await device(page);
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('link', { name: 'Enter a code' }).click();
  const { token } = await server.api<{ token: string }>('POST', `/api/users/${milton.id}/one-time-access-token`, { ttl: 600 });
  await page.getByLabel('Code').fill(token);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('link', { name: 'Not now' }).click();
  await expect(heading(page)).toHaveText('Go on without a passkey?');
  await page.getByRole('link', { name: 'Create passkey' }).click();
  await page.getByRole('button', { name: 'Create passkey' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);
});

test('two tabs sign in side by side', async ({ context, page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  const grafana = await server.application(rp.redirectUri, { name: 'Grafana' });
  const second = await context.newPage();
  await device(page, milton.passkey);
  await device(second, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  await second.goto(rp.startUrl(grafana));
  await second.getByRole('button', touch).click();
  await expect(heading(second)).toHaveText('Let Grafana know you?');
  await page.getByRole('button', touch).click();
  await expect(heading(page)).toHaveText('Let Paperless know you?');
  await page.getByRole('button', { name: 'Allow' }).click();
  await second.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);
  await expect(heading(second)).toHaveText(`Hello ${milton.username}`);
});

test('one step allowed in two tabs answers the application once, and the other tab says what happened', async ({
  context,
  page,
  server,
  rp,
}) => {
  const { milton } = await askedForConsent(page, server, rp);
  const second = await context.newPage();
  await second.goto(page.url());
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);
  await second.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(second)).toHaveText('This sign-in is over');
});

test('the back button leads to the application, not into a sign-in that is over', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri, { launchURL: rp.url });
  await device(page, milton.passkey);
  await page.goto(rp.url);
  await page.goto(rp.startUrl(paperless));
  const interaction = page.url();
  await page.getByRole('button', touch).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);
  await page.goBack();
  await expect(heading(page)).toHaveText('The application');

  await page.goto(interaction);
  await expect(heading(page)).toHaveText('This sign-in is over');
});

test('a sign-in that took too long begins again at the application', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri, { launchURL: rp.startUrl({ id: 'x', secret: '', name: '' }) });
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  server.sql(`update interaction set expires_at = 1 where client_id = '${paperless.id}'`);
  await page.getByRole('button', touch).click();
  await expect(heading(page)).toHaveText('This sign-in took too long');
  await expect(page.getByRole('link', { name: 'Start again at Paperless' })).toBeVisible();
});

test('another browser cannot go on with a sign-in', async ({ browser, page, server, rp }) => {
  const paperless = await server.application(rp.redirectUri);
  await page.goto(rp.startUrl(paperless));
  const other = await newBrowser(browser);
  const stranger = await other.newPage();
  await stranger.goto(page.url());
  await expect(heading(stranger)).toHaveText('Another browser started this');
  await other.close();
});

test('a session revoked in the middle asks for the passkey again, and nothing else is lost', async ({ page, server, rp }) => {
  const { milton } = await askedForConsent(page, server, rp);
  await server.api('DELETE', `/api/users/${milton.id}/sessions`);
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText('Sign in to Paperless');
  await page.getByRole('button', touch).click();
  await expect(heading(page)).toHaveText('Let Paperless know you?');
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);
});

test('a popup hands its answer to the page that opened it', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await page.goto(rp.startUrl(paperless, {}, '/popup'));
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button').click()]);
  await device(popup, milton.passkey);
  await popup.getByRole('button', touch).click();
  await popup.getByRole('button', { name: 'Allow' }).click();
  await expect(page.locator('output')).toHaveText(`Hello ${milton.username}`);
});

test('an answer by form post crosses to the other site', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless, { response_mode: 'form_post', state: '"><svg onload=alert(1)>' }));
  await page.getByRole('button', touch).click();
  const posted = page.waitForRequest((request) => request.url() === rp.redirectUri && request.method() === 'POST');
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);
  expect((await posted).postDataJSON()).toMatchObject({ state: '"><svg onload=alert(1)>' });

  await page.goto(rp.startUrl(paperless, { response_mode: 'form_post', prompt: 'consent' }));
  await page.getByRole('button', { name: 'Not now' }).click();
  await expect(heading(page)).toHaveText('Refused: access_denied');
});

test('who is stopped on the way to an application that hands its form on to another site is told so', async ({
  page,
  server,
  rp,
  complaints,
}) => {
  const milton = await server.person();
  const redirect_uri = `${rp.url}/callback-elsewhere`;
  const paperless = await server.application(redirect_uri);
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless, { redirect_uri, response_mode: 'form_post' }));
  await page.getByRole('button', touch).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(page.getByRole('alert')).toContainText('Paperless has our answer');
  await expect(page.getByRole('button', { name: 'Continue' })).toBeHidden();
  await expect(page.getByText('Taking you back')).toBeHidden();
  await expect(page.getByRole('link', { name: 'Open Paperless' })).toHaveAttribute('href', rp.url);
  // The browser's own word for it, which is what the person is told of.
  expect(complaints.splice(0).join()).toContain('form-action');
});

test('without scripts everything but the passkey works', async ({ browser, context, page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.goto(`${server.url}/login/alternative`);
  await page.getByRole('button', { name: 'Use another device' }).click();
  await expect(heading(page)).toHaveText('Hello, Milton');

  const plain = await browser.newContext({ javaScriptEnabled: false, storageState: await context.storageState(), locale: 'en-GB' });
  const quiet = await plain.newPage();
  await quiet.goto(rp.startUrl(paperless, { response_mode: 'form_post' }));
  await quiet.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(quiet)).toHaveText('You are in');
  await quiet.getByRole('button', { name: 'Continue' }).click();
  await expect(heading(quiet)).toHaveText(`Hello ${milton.username}`);

  await quiet.goto(rp.startUrl(paperless, { prompt: 'consent' }));
  await quiet.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(quiet)).toHaveText(`Hello ${milton.username}`);

  await quiet.goto(`${server.url}/logout`);
  await quiet.getByRole('button', { name: 'Sign out' }).click();
  await quiet.goto(rp.startUrl(paperless));
  // Chromium shows a <noscript> only when scripts are off by its own settings, not by the test's.
  expect(await quiet.locator('noscript').innerHTML()).toContain('Passkeys need JavaScript');
  await quiet.goto(`${server.url}/login/alternative/code`);
  await quiet.getByLabel('Code').fill('WRONG1');
  await quiet.getByRole('button', { name: 'Continue' }).click();
  await expect(quiet.getByRole('alert')).toContainText('doesn’t work any more');
  await plain.close();
});

test('the name field offers the passkey by itself', async ({ page, server }) => {
  const milton = await server.person();
  // A virtual device answers autofill at once, as if its passkey had been chosen from the list.
  await device(page, milton.passkey);
  await page.goto(`${server.url}/login?redirect=/account`);
  await expect(heading(page)).toHaveText('Hello, Milton');
});

test('prompt=login asks for the passkey, prompt=select_account for the person', async ({ page, server, rp }) => {
  const milton = await server.person();
  const ana = await server.person({ firstName: 'Ana', displayName: 'Ana' });
  const paperless = await server.application(rp.redirectUri);
  const phone = await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', touch).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);

  await page.goto(rp.startUrl(paperless, { prompt: 'login' }));
  await expect(heading(page)).toHaveText('Is it still you, Milton?');
  await phone.set({ verified: false });
  await page.getByRole('button', { name: 'Yes, it’s me' }).click();
  await expect(page.getByRole('alert')).toHaveText('That didn’t finish, and nothing has changed. Try again when you’re ready.');
  await phone.set({ verified: true });
  await page.getByRole('button', { name: 'Yes, it’s me' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);

  await page.goto(rp.startUrl(paperless, { prompt: 'select_account' }));
  await page.getByRole('button', { name: 'Continue as Milton' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);

  await phone.session.send('WebAuthn.clearCredentials', { authenticatorId: phone.id });
  await phone.add(ana.passkey);
  await page.goto(rp.startUrl(paperless, { prompt: 'select_account' }));
  await page.getByRole('link', { name: 'Use another account' }).click();
  await page.getByRole('button', touch).click();
  await expect(page.getByText(ana.username, { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${ana.username}`);
});

test('“Not you?” signs nobody out before somebody else is in', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', touch).click();
  await page.getByRole('link', { name: 'Not you?' }).click();
  await expect(heading(page)).toHaveText('Sign in to Paperless');
  await page.goto(`${server.url}/account`);
  await expect(heading(page)).toHaveText('Hello, Milton');
});

test('who is not meant and looks for another way in comes back to signing in, not to who is refused', async ({ page, server, rp }) => {
  const milton = await server.person();
  const grafana = await server.application(rp.redirectUri, { allowedGroups: [await server.group('Admin')] });
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(grafana));
  await page.getByRole('button', touch).click();
  await expect(heading(page)).toContainText('isn’t open to you yet');
  await page.getByRole('link', { name: 'Not you?' }).click();
  const ways = [
    ['Use another device', 'Use the passkey on this device'],
    ['Enter a code', 'Use a passkey instead'],
  ] as const;
  for (const [there, back] of ways) {
    await page.getByRole('link', { name: there }).click();
    await page.getByRole('link', { name: back }).click();
    await expect(heading(page)).toHaveText(`Sign in to ${grafana.name}`);
  }
});
