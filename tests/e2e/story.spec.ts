import { fetchUserInfo, refreshTokenGrant } from 'openid-client';
import { device, expect, heading, newBrowser, nobodyChoosesFromAutofill, test } from './fixtures.ts';
import { startServer } from './server.ts';

test('the link of the first start makes the first administrator, with a passkey', async ({ page }) => {
  const server = await startServer();
  try {
    await page.goto(`${server.url}/login`);
    await expect(heading(page)).toHaveText('Nobody lives here yet');
    await page.goto(`${server.url}/setup`);
    await expect(heading(page)).toHaveText('This link doesn’t open the set-up');

    const link = /http:\S+\/setup\?secret=[\w-]+/.exec(server.output())?.[0] ?? '';
    const laptop = await device(page);
    await page.goto(link);
    await expect(heading(page)).toHaveText('Make this place yours');
    await page.getByLabel('First name').fill('Holo');
    await page.getByLabel('User name').fill('@holo');
    await page.getByRole('button', { name: 'Create my account' }).click();
    await expect(page.getByRole('alert')).toContainText('marked fields');
    await expect(page.getByLabel('User name')).toHaveAttribute('aria-invalid', 'true');
    await page.getByLabel('User name').fill('holo');
    await page.getByRole('button', { name: 'Create my account' }).click();

    await expect(heading(page)).toHaveText('Now your passkey, Holo');
    await page.getByRole('button', { name: 'Create passkey' }).click();
    await expect(heading(page)).toHaveText('Hello, Holo');
    expect(await laptop.credentials()).toHaveLength(1);

    await page.getByRole('link', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(heading(page)).toHaveText('You are signed out');
    await nobodyChoosesFromAutofill(page);
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await expect(heading(page)).toHaveText('Welcome back');
    await page.getByRole('button', { name: 'Continue with passkey' }).click();
    await expect(heading(page)).toHaveText('Hello, Holo');

    await page.goto(link);
    await expect(heading(page)).toHaveText('Hello, Holo');
  } finally {
    await server.stop();
  }
});

test('an application on another site: one touch, then tokens, userinfo, refresh and sign-out hold', async ({ page, server, rp }) => {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  await expect(heading(page)).toHaveText('Sign in to Paperless');

  const afterTheClick: string[] = [];
  page.on('request', (request) => request.url().startsWith(server.url) && afterTheClick.push(new URL(request.url()).pathname));
  await page.getByRole('button', { name: 'Continue with passkey' }).click();
  await expect(heading(page)).toHaveText('Let Paperless know you?');
  expect(afterTheClick.filter((path) => !path.startsWith('/assets/'))).toEqual(['/interaction/passkey', '/interaction']);
  await expect(page.getByRole('listitem').filter({ hasText: 'Your e-mail address' })).toContainText(`${milton.username}@example.com`);
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);

  const { config, tokens } = rp.of(milton.id);
  expect(tokens.claims()).toMatchObject({ sub: milton.id, email: `${milton.username}@example.com`, name: 'Milton Rivera' });
  expect(await fetchUserInfo(config, tokens.access_token, milton.id)).toMatchObject({ preferred_username: milton.username });
  const renewed = await refreshTokenGrant(config, tokens.refresh_token ?? '');
  expect(renewed.claims()?.sub).toBe(milton.id);

  // Signed in and known: the second time nothing is asked.
  await page.goto(rp.startUrl(paperless));
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);

  const { tokens: newest } = rp.of(milton.id);
  const signOut = new URL(config.serverMetadata().end_session_endpoint ?? '');
  signOut.search = String(new URLSearchParams({ id_token_hint: newest.id_token ?? '', post_logout_redirect_uri: `${rp.url}/signed-out` }));
  await page.goto(signOut.href);
  await expect(heading(page)).toHaveText('Signed out of the application');
  await expect(refreshTokenGrant(config, newest.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
  await page.goto(rp.startUrl(paperless));
  await expect(heading(page)).toHaveText('Sign in to Paperless');
});

test('a family member comes by a link, gets in where Familia may, and learns why not elsewhere', async ({ browser, server, rp }) => {
  const holo = await server.user({ displayName: 'Holo' });
  const milton = await server.user();
  const familia = await server.group('Familia', [milton.id]);
  const admin = await server.group('Admin', [holo.id]);
  const paperless = await server.application(rp.redirectUri, { allowedGroups: [familia] });
  const grafana = await server.application(rp.redirectUri, { name: 'Grafana', allowedGroups: [admin] });
  const { token } = await server.api<{ token: string }>('POST', `/api/users/${milton.id}/one-time-access-token`, { ttl: 86_400 });

  const phone = await newBrowser(browser);
  const page = await phone.newPage();
  await device(page);
  await page.goto(`${server.url}/lc/${token}`);
  await expect(page.getByLabel('Code')).toHaveValue(token);
  await expect(page).toHaveURL(`${server.url}/login/alternative/code`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(heading(page)).toHaveText('Now your passkey, Milton');
  await page.getByRole('button', { name: 'Create passkey' }).click();
  await expect(heading(page)).toHaveText('Hello, Milton');
  await page.getByRole('link', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(heading(page)).toHaveText('You are signed out');

  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', { name: 'Continue with passkey' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await expect(heading(page)).toHaveText(`Hello ${milton.username}`);

  await page.goto(rp.startUrl(grafana));
  await expect(heading(page)).toHaveText('Grafana isn’t open to you yet');
  await expect(page.locator('header p')).toHaveText(
    'Your passkey is fine. This application is for the group Admin, and you are in Familia.',
  );
  const said = (await page.locator('.id').textContent()) ?? '';
  const [, reason, id] = /(\S+) · (\S+)$/.exec(said) ?? [];
  const line = await server.line(id ?? '?');
  expect(line).toContain('unauthorized');
  expect(line).toContain(reason);

  // Out of the group: everything ends at once.
  await server.api('PUT', `/api/user-groups/${familia}/users`, { userIds: [] });
  const { config, tokens } = rp.of(milton.id);
  await expect(refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
  await expect(fetchUserInfo(config, tokens.access_token, milton.id)).rejects.toBeTruthy();
  await page.goto(rp.startUrl(paperless));
  await expect(heading(page)).toHaveText('Paperless isn’t open to you yet');
  await phone.close();
});
