import { device, expect, heading, newBrowser, test } from './fixtures.ts';

test('the profile: passkeys are added, renamed and removed, but never the last one', async ({ page, server }) => {
  const milton = await server.person();
  const phone = await device(page, milton.passkey);
  await page.goto(`${server.url}/account`);
  await expect(heading(page)).toHaveText('Hello, Milton');
  await page.getByLabel('Change New Passkey').click();
  await expect(page.getByText('This is your only passkey')).toBeVisible();
  await page.getByLabel('Name of the passkey').fill('<b>My phone</b>');
  await page.getByRole('button', { name: 'Save name' }).click();
  await expect(page.getByRole('status')).toHaveText('Saved.');
  await expect(page.getByText('<b>My phone</b>', { exact: false }).first()).toBeVisible();

  // A session that is no longer fresh proves itself first; the same device can't hold two, so the new one is made on another.
  server.sql(`update session set auth_time = auth_time - 4000 where user_id = '${milton.id}'`);
  await page.getByRole('link', { name: 'Add passkey' }).click();
  await expect(heading(page)).toHaveText('Is it still you, Milton?');
  await page.getByRole('button', { name: 'Yes, it’s me' }).click();
  await expect(heading(page)).toHaveText('Now your passkey, Milton');
  await page.getByRole('button', { name: 'Create passkey' }).click();
  await expect(page.getByRole('alert')).toContainText('already holds a passkey for you');
  await phone.session.send('WebAuthn.clearCredentials', { authenticatorId: phone.id });
  await page.getByRole('button', { name: 'Create passkey' }).click();
  await expect(page.getByRole('status')).toHaveText('Your new passkey is ready.');

  await page.getByLabel('Change <b>My phone</b>').click();
  await page.getByRole('button', { name: 'Remove passkey' }).click();
  await expect(page.getByRole('status')).toHaveText('The passkey is removed.');
  await expect(page.locator('.kept li')).toHaveCount(1);
});

test('the profile: a session elsewhere is ended from here', async ({ browser, page, server }) => {
  const milton = await server.person();
  await device(page, milton.passkey);
  await page.goto(`${server.url}/login`);
  await expect(heading(page)).toHaveText('Hello, Milton');
  const other = await newBrowser(browser, {
    userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
  });
  const elsewhere = await other.newPage();
  const laptop = await device(elsewhere, milton.passkey);
  await elsewhere.goto(`${server.url}/login`);
  await expect(heading(elsewhere)).toHaveText('Hello, Milton');

  await page.reload();
  await expect(page.locator('#sessions ~ .rows > li').first()).toContainText('this browser');
  await page.getByRole('button', { name: 'End the session of Firefox on Windows' }).click();
  await expect(page.getByRole('status')).toHaveText('The session is ended.');
  // Else the autofill of the sign-in page would sign in again at once.
  await laptop.set({ present: false });
  await elsewhere.goto(`${server.url}/signup/add-passkey`);
  await expect(elsewhere).toHaveURL(/\/login\?redirect=/);
  await other.close();
});

test('the profile: an application that knows a person is removed, and has to ask again', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri, { launchURL: rp.url });
  await device(page, milton.passkey);
  await page.goto(`${server.url}/account`);
  await expect(page.getByText('No application has asked who you are yet.')).toBeVisible();
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);

  await page.goto(`${server.url}/account`);
  await expect(page.getByText('Your name and picture · Your e-mail address · Your groups · last used')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Paperless' })).toHaveAttribute('href', rp.url);
  await page.getByRole('button', { name: 'Remove Paperless' }).click();
  await expect(page.getByRole('status')).toHaveText('The application is removed. It has to ask you first, if you go there again.');
  await expect(page.getByText('No application has asked who you are yet.')).toBeVisible();
  await page.goto(rp.startUrl(paperless));
  await expect(heading(page)).toHaveText('Let Paperless know you?');
});
