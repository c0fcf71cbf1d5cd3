import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  test as base,
  type CDPSession,
  expect,
  type Page,
} from '@playwright/test';
import { type RelyingParty, startRelyingParty } from './relying-party.ts';
import { type Passkey, type Server, startServer } from './server.ts';

interface PerTest {
  /** What pages must not do: violate their policy, throw, log errors. Checked when the test ends. */
  complaints: string[];
}
interface PerWorker {
  server: Server;
  rp: RelyingParty;
}

/** Counters of virtual authenticators must rise from one to the next, or the server suspects a clone. */
let counter = 1;

/** The device in front of a page. */
export interface Device {
  session: CDPSession;
  id: string;
  add(passkey: Passkey): Promise<void>;
  /** false: the person does not touch it, or the device does not recognise them. */
  set(change: { present?: boolean; verified?: boolean }): Promise<void>;
  credentials(): Promise<Passkey[]>;
}

/** Puts a platform authenticator before the page, with the passkeys given. */
export async function device(page: Page, ...passkeys: Passkey[]): Promise<Device> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: true,
      defaultBackupState: true,
    },
  });
  const made: Device = {
    session,
    id: authenticatorId,
    async add(passkey) {
      counter += 100;
      await session.send('WebAuthn.addCredential', {
        authenticatorId,
        credential: { ...passkey, isResidentCredential: true, signCount: counter, backupEligibility: true, backupState: true },
      });
    },
    async set({ present, verified }) {
      if (present !== undefined) await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: present });
      if (verified !== undefined) await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: verified });
    },
    async credentials() {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
      return credentials as unknown as Passkey[];
    },
  };
  for (const passkey of passkeys) await made.add(passkey);
  return made;
}

/**
 * Passkeys are offered in the name field and nobody chooses one there, until a button is pressed. A virtual device would answer that offer by itself, before
 * the button is reached or after, as it happens.
 */
export const nobodyChoosesFromAutofill = (page: Page) =>
  page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options) =>
      options?.mediation === 'conditional'
        ? new Promise((_, reject) => options.signal?.addEventListener('abort', () => reject(options.signal?.reason)))
        : get(options);
  });

/** What the page says first. */
export const heading = (page: Page) => page.getByRole('heading', { level: 1 });

/** A person who has just signed in to an application with their passkey, and is asked whether it may know them. */
export async function askedForConsent(page: Page, server: Server, rp: RelyingParty) {
  const milton = await server.person();
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', { name: 'Continue with passkey' }).click();
  await expect(heading(page)).toHaveText('Let Paperless know you?');
  return { milton, paperless };
}

/** Another browser: nothing of the first one's cookies. */
export const newBrowser = (browser: Browser, options: BrowserContextOptions = {}) =>
  browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options });

/** Answers of 4xx are part of many tests; what a page itself does wrong is part of none. */
const isComplaint = (text: string) => !text.startsWith('Failed to load resource');

function watch(context: BrowserContext, complaints: string[]) {
  context.on('console', (message) => {
    if ((message.type() === 'error' || message.type() === 'warning') && isComplaint(message.text()))
      complaints.push(`${message.location().url}: ${message.text()}`);
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
}

export const test = base.extend<PerTest, PerWorker>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
    async ({}, use) => {
      const server = await startServer();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  rp: [
    async ({ server }, use) => {
      const rp = await startRelyingParty(server.url);
      await use(rp);
      await rp.stop();
    },
    { scope: 'worker' },
  ],
  complaints: [
    async ({ context }, use) => {
      const complaints: string[] = [];
      watch(context, complaints);
      await use(complaints);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };
