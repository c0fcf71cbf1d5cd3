import { allowInsecureRequests, discovery, genericGrantRequest, initiateDeviceAuthorization } from 'openid-client';
import { device, expect, heading, nobodyChoosesFromAutofill, test } from './fixtures.ts';
import type { Application, Server } from './server.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

async function television(server: Server, { id, secret }: Application) {
  const config = await discovery(new URL(server.url), id, secret, undefined, { execute: [allowInsecureRequests] });
  const asked = await initiateDeviceAuthorization(config, { scope: 'openid profile' });
  return { ...asked, redeem: () => genericGrantRequest(config, GRANT, { device_code: asked.device_code }) };
}

test('a device without a browser is let in by somebody who sees its code', async ({ page, server, rp }) => {
  const milton = await server.person();
  const jellyfin = await server.application(rp.redirectUri, { name: 'Jellyfin' });
  await device(page, milton.passkey);
  await nobodyChoosesFromAutofill(page);
  const tv = await television(server, jellyfin);

  await page.goto(tv.verification_uri);
  await page.getByLabel('Code on the device').fill(tv.user_code);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(heading(page)).toHaveText('Welcome back');
  await page.getByRole('button', { name: 'Continue with passkey' }).click();
  await expect(heading(page)).toHaveText('Let Jellyfin in on another device?');
  await expect(page.locator('header p')).toContainText(tv.user_code);
  await page.getByRole('button', { name: 'Let it in' }).click();
  await expect(heading(page)).toHaveText('The device is in');
  expect((await tv.redeem()).access_token).toBeTruthy();

  await page.goto(tv.verification_uri_complete ?? '');
  await expect(page.getByRole('alert')).toContainText('No device is waiting with this code');
});

test('a device nobody knows stays outside, and one whose application wants the passkey again asks for it', async ({ page, server, rp }) => {
  const milton = await server.person();
  const jellyfin = await server.application(rp.redirectUri, { requiresReauthentication: true });
  await device(page, milton.passkey);
  const tv = await television(server, jellyfin);
  await page.goto(tv.verification_uri_complete ?? '');
  await expect(heading(page)).toHaveText('Is it still you, Milton?');
  await page.getByRole('button', { name: 'Yes, it’s me' }).click();
  await page.getByRole('button', { name: 'Not mine' }).click();
  await expect(heading(page)).toHaveText('The device stays outside');
  await expect(tv.redeem()).rejects.toMatchObject({ error: 'access_denied' });

  const another = await television(server, jellyfin);
  await page.goto(another.verification_uri_complete ?? '');
  await page.getByRole('button', { name: 'Yes, it’s me' }).click();
  await page.getByRole('button', { name: 'Let it in' }).click();
  await expect(heading(page)).toHaveText('The device is in');
  expect((await another.redeem()).access_token).toBeTruthy();
});

test('a person who may not use the application can’t let a device in', async ({ page, server, rp }) => {
  const milton = await server.person();
  const grafana = await server.application(rp.redirectUri, { allowedGroups: [await server.group('Admin')] });
  await device(page, milton.passkey);
  const tv = await television(server, grafana);
  await page.goto(tv.verification_uri_complete ?? '');
  await expect(heading(page)).toHaveText('Paperless isn’t open to you yet');
  await expect(page.locator('header')).toContainText('is for the group Admin, and you are in no group yet');
  await expect(page.locator('header')).toContainText('So the device stays outside too');
  const [, reference = '?'] = ((await page.locator('.id').textContent()) ?? '').split(' · ');
  expect(await server.line(reference)).toContain('reason=not-in-allowed-group');
});
