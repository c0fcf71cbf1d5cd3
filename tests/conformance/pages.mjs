import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How the conformance driver acts on our pages: like a person with a passkey who presses the one amber button. */
const passkey = JSON.parse(readFileSync(join(import.meta.dirname, '.out/passkey.json'), 'utf8'));
let counter = 1;

export async function prepare(context, page) {
  const session = await context.newCDPSession(page);
  await session.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: false,
      defaultBackupEligibility: true,
      defaultBackupState: true,
    },
  });
  counter += 1000;
  const credential = { ...passkey, isResidentCredential: true, signCount: counter, backupEligibility: true, backupState: true };
  await session.send('WebAuthn.addCredential', { authenticatorId, credential });
  // The authenticator answers only after a press, or the suggestion beside the button would sign in before a screenshot is taken.
  page.touch = () => session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: true });
}

const said = JSON.parse(readFileSync(join(import.meta.dirname, '../../messages/en.json'), 'utf8'));
const heading = (page) =>
  page
    .locator('h1')
    .first()
    .textContent({ timeout: 1000 })
    .catch(() => '');
/** Whether a heading is one of a message's forms, whatever was put into its places. */
const isOne = (text, ...keys) =>
  keys.some((key) => new RegExp(`^${said[key].replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '.*')}$`).test(text));

export async function shows(page, kind) {
  const text = await heading(page);
  if (kind === 'sign-in') return isOne(text, 'signIn.heading', 'signIn.heading.app', 'reauthenticate.heading');
  if (kind === 'signed-out') return isOne(text, 'signedOut.heading');
  // A sign-out that could not be vouched for is asked about: nobody was sent anywhere.
  return (await page.locator('p.id').count()) > 0 || isOne(text, 'signOut.heading');
}

export async function step(page) {
  const text = await heading(page);
  if ((await page.locator('p.id').count()) > 0 || isOne(text, 'signedOut.heading', 'account.heading')) return false;
  const button = page.locator('.button.primary:visible').first();
  if (!(await button.count())) return false;
  const before = page.url();
  await page.touch?.();
  // Where the suggestion beside the button was answered first, the button is gone.
  await button.click({ timeout: 3000 }).catch(() => {});
  await page.waitForURL((url) => url.href !== before, { timeout: 5000 }).catch(() => {});
  return true;
}
