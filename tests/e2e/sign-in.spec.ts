import { device, expect, heading, test } from './fixtures.ts';

test('one touch signs a person in to an application, and back they are', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  await expect(heading(page)).toHaveText('Sign in to Paperless');
  await page.getByRole('button', { name: 'Continue with passkey' }).click();
  await expect(heading(page)).toHaveText('Let Paperless know you?');
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);
});
