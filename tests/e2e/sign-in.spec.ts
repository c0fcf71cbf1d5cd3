import { device, expect, test } from './fixtures.ts';

test('one touch signs a person in to an application, and back they are', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in to Paperless');
  await page.getByRole('button', { name: 'Continue with passkey' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Let Paperless know you?');
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Hello ${milton.username}`);
});
