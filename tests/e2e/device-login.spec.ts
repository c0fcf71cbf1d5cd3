import type { Browser } from '@playwright/test';
import { device, expect, heading, newBrowser, nobodyChoosesFromAutofill, test } from './fixtures.ts';
import type { Server } from './server.ts';

// Two browsers a test, one of which asks every few seconds.
test.slow();

/** As people have it: the one of the tests calls itself headless, which nobody's does. */
const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';

/** A browser without a passkey that shows its code. */
async function kiosk(browser: Browser, server: Server, query = '') {
  const context = await newBrowser(browser, { userAgent, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(`${server.url}/login/alternative${query}`);
  await page.getByRole('link', { name: 'Approve on a device where I’m signed in' }).click();
  await expect(heading(page)).toHaveText('Scan this where you are signed in');
  await expect(page.getByRole('img', { name: 'QR code' })).toBeVisible();
  const code = (await page.locator('.user-code').textContent()) ?? '';
  return { context, page, code, link: `${server.url}/device?user_code=${code}` };
}

test('SEC-114 a browser is signed in from a phone, by somebody who saw who asks and touched their passkey', async ({
  browser,
  page,
  server,
}) => {
  const milton = await server.person();
  const phone = await device(page, milton.passkey);
  await nobodyChoosesFromAutofill(page);
  const waiting = await kiosk(browser, server);
  await page.goto(waiting.link);
  await expect(heading(page)).toHaveText('Welcome back');
  await page.getByRole('button', { name: 'Continue with passkey' }).click();

  // Signed in a moment ago, and still nothing happens by itself.
  await expect(heading(page)).toHaveText('Sign another browser in as you?');
  await expect(page.locator('header p')).toContainText(waiting.code);
  await expect(page.getByRole('listitem').first()).toContainText('Chrome on Linux');
  await expect(page.getByRole('listitem').nth(1)).toContainText('127.0.0.1');
  await phone.set({ present: false });
  await page.reload();
  await expect(heading(waiting.page)).toHaveText('Scan this where you are signed in');

  await phone.set({ present: true });
  await page.getByRole('button', { name: 'Sign it in' }).click();
  await expect(heading(page)).toHaveText('The other browser is in');
  await expect(heading(waiting.page)).toHaveText('Hello, Milton');
  await page.goto(waiting.link);
  await expect(page.getByRole('alert')).toContainText('No device is waiting with this code');
  await waiting.context.close();
});

test('a browser nobody knows is refused without a passkey, and can ask again', async ({ browser, page, server }) => {
  const milton = await server.person();
  const phone = await device(page, milton.passkey);
  await page.goto(`${server.url}/login`);
  await expect(heading(page)).toHaveText('Hello, Milton');
  await phone.set({ present: false });
  const waiting = await kiosk(browser, server);
  await page.goto(`${server.url}/device`);
  await page.getByLabel('Code on the device').fill(waiting.code.toLowerCase());
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Not mine' }).click();
  await expect(heading(page)).toHaveText('The device stays outside');
  await expect(heading(waiting.page)).toHaveText('Your other device said no');
  await waiting.page.getByRole('link', { name: 'Show a new code' }).click();
  await expect(waiting.page.locator('.user-code')).not.toHaveText(waiting.code);
  await waiting.context.close();
});

test('a sign-in to an application goes on in the browser that waited', async ({ browser, page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.goto(`${server.url}/login`);
  await expect(heading(page)).toHaveText('Hello, Milton');
  const context = await newBrowser(browser);
  const other = await context.newPage();
  await other.goto(rp.startUrl(paperless));
  await other.getByRole('link', { name: 'Use another device' }).click();
  await other.getByRole('link', { name: 'Approve on a device where I’m signed in' }).click();
  await page.goto(`${server.url}/device?user_code=${await other.locator('.user-code').textContent()}`);
  await page.getByRole('button', { name: 'Sign it in' }).click();
  await expect(heading(other)).toHaveText('Let Paperless know you?');
  await context.close();
});

test('a code that nobody answered in time says so', async ({ browser, server }) => {
  const waiting = await kiosk(browser, server);
  server.sql('update device_login set expires_at = 1');
  await expect(heading(waiting.page)).toHaveText('The code’s time is over');
  await waiting.context.close();
});
