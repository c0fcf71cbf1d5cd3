import { device, expect, heading, newBrowser, test } from './fixtures.ts';
import { startRelyingParty } from './relying-party.ts';
import { startServer } from './server.ts';

test('somebody who was invited makes an account and a passkey, and comes back with it', async ({ page, server }) => {
  const familia = await server.group('Familia');
  const taken = await server.user();
  const { token } = await server.api<{ token: string }>('POST', '/api/signup-tokens', {
    ttl: '1h',
    usageLimit: 1,
    userGroupIds: [familia],
  });
  const laptop = await device(page);
  await page.goto(`${server.url}/st/${token}`);
  await expect(page).toHaveURL(`${server.url}/signup?token=${token}`);
  await expect(heading(page)).toHaveText('Welcome to Pocket ID');
  await page.getByLabel('First name').fill('Ela');
  await page.getByLabel('User name').fill(taken.username);
  await page.getByLabel('E-mail').fill(`${taken.username}@example.org`);
  await page.getByRole('button', { name: 'Create my account' }).click();
  await expect(page.getByLabel('User name')).toHaveAccessibleDescription('Somebody here has this name already. Choose another one.');
  await expect(page.getByLabel('First name')).toHaveValue('Ela');
  await page.getByLabel('User name').fill(`ela-${taken.username}`);
  await page.getByRole('button', { name: 'Create my account' }).click();

  await expect(heading(page)).toHaveText('Now your passkey, Ela');
  await page.getByRole('button', { name: 'Create passkey' }).click();
  await expect(heading(page)).toHaveText('Hello, Ela');
  await expect(page.getByText('Familia')).toBeVisible();
  expect(await laptop.credentials()).toHaveLength(1);
  await page.getByRole('link', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(heading(page)).toHaveText('You are signed out');
  await page.getByRole('link', { name: 'Sign in again' }).click();
  await expect(heading(page)).toHaveText('Hello, Ela');
});

test('an invitation that was used up says so before anything is typed', async ({ browser, server }) => {
  await server.user();
  const { token, id } = await server.api<{ token: string; id: string }>('POST', '/api/signup-tokens', { ttl: '1h', usageLimit: 1 });
  const context = await newBrowser(browser);
  const page = await context.newPage();
  server.sql(`update signup_token set usage_count = usage_limit where id = '${id}'`);
  await page.goto(`${server.url}/st/${token}`);
  await expect(heading(page)).toHaveText('This invitation doesn’t work any more');
  await context.close();
});

test('somebody without an account makes one on the way into an application, and arrives there', async ({ page }) => {
  const server = await startServer();
  const rp = await startRelyingParty(server.url);
  try {
    await server.user();
    const paperless = await server.application(rp.redirectUri);
    await device(page);
    const link = page.getByRole('link', { name: 'Create an account' });
    await page.goto(rp.startUrl(paperless));
    await expect(heading(page)).toHaveText('Sign in to Paperless');
    await expect(link).toHaveCount(0);
    await server.api('PUT', '/api/application-configuration', { allowUserSignups: 'open' });
    await page.reload();
    await link.click();
    await expect(page.getByText('then Paperless')).toBeVisible();
    await page.getByRole('link', { name: 'I have an account already' }).click();
    await expect(heading(page)).toHaveText('Sign in to Paperless');
    await link.click();
    await page.getByLabel('First name').fill('Ela');
    await page.getByLabel('User name').fill('ela');
    await page.getByLabel('E-mail').fill('ela@example');
    await page.evaluate(() => document.querySelector('form')?.setAttribute('novalidate', ''));
    await page.getByRole('button', { name: 'Create my account' }).click();
    await expect(page.getByLabel('E-mail')).toHaveAccessibleDescription('This doesn’t look like an e-mail address.');
    await page.getByText('Language: English').click();
    await page.getByRole('link', { name: 'Español' }).click();
    await expect(page.getByText('y luego Paperless')).toBeVisible();
    await page.getByLabel('Nombre de usuario').fill('ela');
    await page.getByLabel('Nombre', { exact: true }).fill('Ela');
    await page.getByLabel('Correo electrónico').fill('ela@example.org');
    await page.getByRole('button', { name: 'Crear mi cuenta' }).click();
    await page.getByRole('button', { name: 'Crear llave de acceso' }).click();
    await expect(heading(page)).toHaveText('¿Dejas que Paperless te conozca?');
    await page.getByRole('button', { name: 'Permitir' }).click();
    await expect(heading(page)).toHaveText('Hello ela');
    await expect(page.getByText('ela@example.org')).toBeVisible();
  } finally {
    await rp.stop();
    await server.stop();
  }
});

test('where sign-up is closed a visitor is told whom to ask, and where it is open the sign-in page leads to it', async ({ page }) => {
  const server = await startServer();
  try {
    await server.user();
    const mode = (allowUserSignups: string) => server.api('PUT', '/api/application-configuration', { allowUserSignups });
    const link = page.getByRole('link', { name: 'Create an account' });
    await mode('disabled');
    await page.goto(`${server.url}/signup`);
    await expect(heading(page)).toHaveText('New accounts are made for you here');
    await page.getByRole('link', { name: 'Go to sign in' }).click();
    await expect(heading(page)).toHaveText('Welcome back');
    await expect(link).toHaveCount(0);

    await mode('withToken');
    await page.goto(`${server.url}/signup`);
    await expect(heading(page)).toHaveText('Do you have an invitation?');
    await page.getByLabel('Invitation code').fill('nothing');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(heading(page)).toHaveText('This invitation doesn’t work any more');
    await page.goto(`${server.url}/login`);
    await expect(link).toHaveCount(0);

    await mode('open');
    await page.goto(`${server.url}/login?redirect=%2Flogout`);
    await link.click();
    await page.getByLabel('First name').fill('Ela');
    await page.getByLabel('User name').fill('ela');
    await page.getByLabel('E-mail').fill('ela@example.org');
    await page.getByRole('button', { name: 'Create my account' }).click();
    await expect(heading(page)).toHaveText('Now your passkey, Ela');
    await expect(page).toHaveURL(`${server.url}/signup/add-passkey?redirect=%2Flogout`);
  } finally {
    await server.stop();
  }
});
