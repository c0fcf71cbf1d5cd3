import { AxeBuilder } from '@axe-core/playwright';
import sharp from 'sharp';
import { test as base, device, expect, heading } from './fixtures.ts';
import { GALLERY, openGallery } from './gallery.ts';

const test = base.extend<object, { gallery: Awaited<ReturnType<typeof openGallery>> }>({
  gallery: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from the pattern
    async ({}, use) => {
      const gallery = await openGallery();
      await use(gallery);
      await gallery.close();
    },
    { scope: 'worker' },
  ],
});

const names = Object.keys(GALLERY);
const parts = Array.from({ length: 4 }, (_, part) => names.filter((_, i) => i % 4 === part));

for (const [part, some] of parts.entries()) {
  test(`axe finds nothing, light and dark, and nothing scrolls sideways at 360 px (${part + 1} of ${parts.length})`, async ({
    page,
    gallery,
  }) => {
    test.slow();
    await page.setViewportSize({ width: 360, height: 740 });
    for (const name of some) {
      // The form that sends itself would be gone before it is looked at.
      if (name === 'onward') await page.route('**/page.*.js', (route) => route.abort());
      else await page.unroute('**/page.*.js');
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(`${gallery.url}/${name}`);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details:not([name])')) details.setAttribute('open', '');
      });
      const look = async (axe: AxeBuilder) => {
        const { violations } = await axe.setLegacyMode(true).analyze();
        expect(violations.map(({ id, nodes }) => `${name}: ${id} ${nodes[0]?.html}`)).toEqual([]);
      };
      await look(new AxeBuilder({ page }));
      await page.emulateMedia({ colorScheme: 'dark' });
      await look(new AxeBuilder({ page }).withRules(['color-contrast']));
      expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(360);
    }
  });
}

for (const site of ['own', 'navy', 'white']) {
  test(`an installation’s own look keeps every word readable, light and dark (${site})`, async ({ page, gallery }) => {
    test.slow();
    await page.setViewportSize({ width: 360, height: 740 });
    for (const name of ['sign-in-open', 'sign-in-app', 'consent', 'sign-up-wrong', 'refused', 'account']) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.goto(`${gallery.url}/${name}?site=${site}`);
        await expect(page.locator('.tucked.own img').or(page.locator('body:not(:has(.tucked.own))'))).toBeVisible();
        const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
        expect(violations.map(({ id, nodes }) => `${name}: ${id} ${nodes[0]?.html}`)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(360);
      }
    }
  });
}

test('every page can be used with the keyboard alone, and shows where it is', async ({ page, gallery }) => {
  await page.goto(`${gallery.url}/consent`);
  const reached: string[] = [];
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement?.textContent?.trim() ?? ''));
    expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).toBe('solid');
  }
  expect(reached).toEqual(['Not you?', 'Not now', 'Allow', 'Language: English', 'Help']);
  await page.locator('footer summary').first().press('Enter');
  await expect(page.getByRole('link', { name: 'Deutsch' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('link', { name: 'Deutsch' })).toBeHidden();
});

test('a field with a mistake is where typing goes on, and a screen reader says its name and its mistake once', async ({
  page,
  gallery,
}) => {
  await page.goto(`${gallery.url}/set-up-wrong`);
  const first = page.getByRole('textbox', { name: 'First name', exact: true });
  await expect(first).toBeFocused();
  await expect(first).toHaveAccessibleDescription('Please say what we may call you.');
  await expect(page.getByRole('textbox', { name: 'Last name', exact: true })).toHaveAccessibleDescription('');
  for (const name of ['code', 'code-wrong', 'device-wrong', 'invitation-wrong']) {
    await page.goto(`${gallery.url}/${name}`);
    await expect(page.getByRole('textbox'), name).toBeFocused();
  }
  await page.goto(`${gallery.url}/consent`);
  await expect(page.getByText('Signed in as: Milton Rivera')).toHaveCount(1);
});

test('pressable things are at least 44 px high', async ({ page, gallery }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const name of ['sign-in-app', 'consent', 'select-account', 'account', 'code', 'sign-up', 'waiting', 'approval']) {
    await page.goto(`${gallery.url}/${name}`);
    for (const target of await page.locator('a:visible, button:visible, input:visible, summary:visible').all()) {
      const box = await target.boundingBox();
      expect(box?.height, `${name}: ${await target.textContent()}`).toBeGreaterThanOrEqual(44);
    }
  }
});

test('where a browser is set to letters twice as large, a button’s words stay whole, and initials in their circle', async ({
  browser,
  gallery,
}) => {
  for (const locale of ['en', 'es', 'de']) {
    const page = await (await browser.newContext({ locale, viewport: { width: 640, height: 740 } })).newPage();
    const session = await page.context().newCDPSession(page);
    await session.send('Page.setFontSizes', { fontSizes: { standard: 32 } });
    for (const name of ['sign-in-app', 'consent', 'consent-rtl', 'sign-out', 'approval', 'refused', 'skip-passkey', 'account']) {
      await page.goto(`${gallery.url}/${name}`);
      const broken = await page.evaluate(() => {
        const words = [...document.querySelectorAll('.button')]
          .filter((button) => button.checkVisibility())
          .flatMap((button) => {
            const walker = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
            const found: string[] = [];
            while (walker.nextNode())
              for (const { index, 0: word } of walker.currentNode.textContent!.matchAll(/[\p{L}’]+/gu)) {
                const range = document.createRange();
                range.setStart(walker.currentNode, index);
                range.setEnd(walker.currentNode, index + word.length);
                if (range.getClientRects().length > 1) found.push(word);
              }
            return found;
          });
        const faces = [...document.querySelectorAll<HTMLElement>('.face')].filter((face) => face.scrollHeight > face.clientHeight);
        if (getComputedStyle(document.documentElement).fontSize !== '32px') throw new Error('the letters are not larger');
        return [...words, ...faces.map((face) => face.textContent)];
      });
      expect(broken, `${locale} ${name}`).toEqual([]);
    }
    await page.context().close();
  }
});

test('right to left, the pages stay whole', async ({ page, gallery }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const name of ['consent', 'account', 'set-up-wrong', 'waiting', 'approval']) {
    await page.goto(`${gallery.url}/${name}`);
    await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'));
    expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(360);
  }
});

test('names written from right to left stand in order, each with its own punctuation', async ({ page, gallery }) => {
  /** Where a piece of the first text that has it begins, from the left. */
  const leftOf = (selector: string, piece: string) =>
    page.locator(selector, { hasText: piece }).evaluate((element, text) => {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      while (!walker.nextNode()?.textContent?.includes(text));
      const at = walker.currentNode.textContent!.indexOf(text);
      const range = document.createRange();
      range.setStart(walker.currentNode, at);
      range.setEnd(walker.currentNode, at + text.length);
      return range.getBoundingClientRect().left;
    }, piece);
  await page.goto(`${gallery.url}/consent-rtl`);
  expect(await leftOf('.facts small', 'משפחה')).toBeLessThan(await leftOf('.facts small', 'עבודה'));
  expect(await leftOf('h1', '!')).toBeLessThan(await leftOf('h1', 'מסמכים'));
});

test('the amber button says in one line what it does and is doing, on the narrowest phone and in every language', async ({
  browser,
  gallery,
}) => {
  for (const locale of ['en', 'es', 'de']) {
    const page = await (await browser.newContext({ locale, viewport: { width: 360, height: 740 } })).newPage();
    for (const name of [
      'sign-in',
      'sign-in-app',
      'alternative',
      'add-passkey',
      'reauthenticate',
      'confirm',
      'approval',
      'consent',
      'code',
      'set-up',
    ]) {
      await page.goto(`${gallery.url}/${name}`);
      const button = page.locator('.button.primary');
      const isOneLine = async () => {
        expect((await button.boundingBox())?.height, `${locale} ${name}: ${await button.textContent()}`).toBeLessThan(60);
      };
      await isOneLine();
      await page.emulateMedia({ forcedColors: 'active' });
      await isOneLine();
      await page.emulateMedia({ forcedColors: 'none' });
      // What it says while somebody waits.
      const words = await page.evaluate(() => JSON.parse(document.getElementById('data')?.textContent ?? '{}').words ?? {});
      for (const word of [words.waiting, words.done, await page.locator('body').getAttribute('data-moment')]) {
        if (!word) continue;
        await button.evaluate((element, text) => {
          (element.querySelector('span') ?? element).textContent = text;
        }, word);
        await isOneLine();
      }
    }
    await page.context().close();
  }
});

test('without scripts nothing is there to press that would do nothing', async ({ playwright, launchOptions, gallery }) => {
  const { args = [], ...options } = launchOptions;
  const browser = await playwright.chromium.launch({ ...options, args: [...args, '--blink-settings=scriptEnabled=false'] });
  const page = await browser.newPage();
  for (const name of ['sign-in', 'sign-in-app', 'alternative', 'add-passkey', 'reauthenticate', 'approval']) {
    await page.goto(`${gallery.url}/${name}`);
    await expect(page.locator('noscript .note'), name).toBeVisible();
    await expect(page.locator('[data-passkey], [autocomplete$=webauthn]').filter({ visible: true }), name).toHaveCount(0);
    await expect(page.locator('.pocket a, .pocket button').filter({ visible: true }), name).not.toHaveCount(0);
  }
  await browser.close();
});

/** Logos that tools write: a drawing of many curves, 6 KB, and 512 × 512 pixels of soft colours, which are more by far. */
const HEAVY_LOGOS: Record<string, () => Promise<string | Buffer<ArrayBuffer>>> = {
  drawing: async () => {
    const curves = Array.from({ length: 1000 }, (_, i) => ((Math.sin(i * i) + 1) * 50).toFixed(2)).join(' ');
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><path d="M0 0L${curves}z"/></svg>`;
  },
  PNG: async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512"><defs>
<linearGradient id="a" x2="1" y2="1"><stop stop-color="#ff9d2e"/><stop offset=".5" stop-color="#d6246e"/><stop offset="1" stop-color="#3b2a8c"/></linearGradient>
<radialGradient id="b"><stop stop-color="#fff" stop-opacity=".9"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient></defs>
<rect x="16" y="16" width="480" height="480" rx="110" fill="url(#a)"/><circle cx="180" cy="160" r="170" fill="url(#b)"/>
<path d="M150 380V140h120a80 80 0 0 1 0 160h-60v80z" fill="#fff"/></svg>`;
    const png = Buffer.from(await sharp(Buffer.from(svg)).png().toBuffer());
    expect(png.length).toBeGreaterThan(15_000);
    return png;
  },
};
for (const [kind, logo] of Object.entries(HEAVY_LOGOS))
  test(`the first visit to the sign-in page transfers at most 20 KB, the application’s ${kind} too`, async ({ browser, server, rp }) => {
    const paperless = await server.application(rp.redirectUri);
    await server.logo(paperless.id, await logo());
    const context = await browser.newContext();
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    let received = 0;
    const paths: string[] = [];
    session.on('Network.responseReceived', ({ response }) => paths.push(new URL(response.url).pathname));
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      received += encodedDataLength;
    });
    const authorize = await fetch(rp.startUrl(paperless), { redirect: 'manual' });
    await page.goto(authorize.headers.get('location') ?? '', { waitUntil: 'networkidle' });
    await expect(heading(page)).toHaveText('Sign in to Paperless');
    expect(await page.locator('.tucked img').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
    expect(paths.filter((path) => path.endsWith('/logo'))).toHaveLength(1);
    expect(paths.length).toBeLessThanOrEqual(6);
    expect(received).toBeGreaterThan(5000);
    expect(received).toBeLessThanOrEqual(20 * 1024);
    await context.close();
  });

test('the sign-in page paints before any script', async ({ browser, server, rp }) => {
  const paperless = await server.application(rp.redirectUri);
  const context = await browser.newContext();
  const page = await context.newPage();
  const held: (() => Promise<void>)[] = [];
  await page.route('**/*.js', (route) => void held.push(() => route.continue()));
  await page.goto(rp.startUrl(paperless), { waitUntil: 'commit' });
  await expect(page.getByRole('button', { name: 'Continue with passkey' })).toBeVisible();
  await expect.poll(() => page.evaluate(() => performance.getEntriesByName('first-contentful-paint').length)).toBe(1);
  expect(held.length).toBeGreaterThan(0);
  await context.close();
});

test('pages speak English, Spanish and German, by the switch, the application and the browser', async ({ browser, server, rp }) => {
  const paperless = await server.application(rp.redirectUri);
  const german = await browser.newContext({ locale: 'de-AT' });
  const page = await german.newPage();
  await page.goto(rp.startUrl(paperless));
  await expect(heading(page)).toHaveText('Bei Paperless anmelden');
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await page.goto(rp.startUrl(paperless, { ui_locales: 'fr es' }));
  await expect(heading(page)).toHaveText('Entra en Paperless');
  await page.getByText('Español').first().click();
  await page.getByRole('link', { name: 'English' }).click();
  await expect(heading(page)).toHaveText('Sign in to Paperless');
  await page.goto(rp.startUrl(paperless, { ui_locales: 'es' }));
  await expect(heading(page)).toHaveText('Sign in to Paperless');
  await german.close();
});

test('an application’s language holds to the end of its sign-in: for a wrong code, a refusal and an error', async ({
  page,
  server,
  rp,
}) => {
  const milton = await server.person();
  const grafana = await server.application(rp.redirectUri, { name: 'Grafana', allowedGroups: [await server.group('Admin')] });
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(grafana, { ui_locales: 'de' }));
  await page.getByRole('link', { name: 'Code eingeben' }).click();
  await page.getByLabel('Code').fill('ABCDEF');
  await page.getByRole('button', { name: 'Weiter' }).click();
  await expect(page.getByRole('alert')).toContainText('Dieser Code');
  await page.goBack();
  await page.getByRole('button', { name: 'Weiter mit Passkey' }).click();
  await expect(heading(page)).toHaveText('Grafana ist noch nicht offen für dich');
  await page.goto(rp.startUrl(grafana, { ui_locales: 'es' }));
  await expect(heading(page)).toContainText('aún no está abierto para ti');
  await page.goto(rp.startUrl(grafana, { ui_locales: 'de', redirect_uri: 'https://elsewhere.example.com/' }));
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
});

test('a person who signs in is spoken to in their language from then on', async ({ page, server, rp }) => {
  const milton = await server.person({ locale: 'es-MX' });
  const paperless = await server.application(rp.redirectUri);
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(paperless));
  await page.getByRole('button', { name: 'Continue with passkey' }).click();
  await expect(heading(page)).toHaveText('¿Dejas que Paperless te conozca?');
});

test('SEC-154 SEC-129 names that are markup stay names on every page', async ({ page, server, rp, complaints }) => {
  const evil = '"><img src=x onerror=alert(1)><a href=//evil.example>x</a>{{1234577*7}}';
  const short = evil.slice(0, 50);
  const milton = await server.person({ displayName: evil, firstName: short, lastName: short });
  await server.group(short, [milton.id]);
  const open = await server.application(rp.redirectUri, { name: short });
  const closed = await server.application(rp.redirectUri, { name: short, allowedGroups: [await server.group(short)] });
  server.sql(`update passkey set name = '${evil}' where user_id = '${milton.id}'`);
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  await device(page, milton.passkey);
  await page.goto(rp.startUrl(open));
  await page.getByRole('button', { name: 'Continue with passkey' }).click();
  await expect(page.getByRole('button', { name: 'Allow' })).toBeVisible();
  const inert = async () => {
    expect(await page.locator('main img, main a[href*=evil]').count()).toBe(0);
    expect(await page.content()).not.toContain('8642039');
  };
  await inert();
  for (const path of ['/account', '/logout', '/signup/add-passkey']) {
    await page.goto(server.url + path);
    await inert();
  }
  await page.goto(rp.startUrl(closed));
  await expect(page.getByRole('link', { name: 'My profile' })).toBeVisible();
  await inert();
});

test('an application’s logo peeks out of the pocket, and its initial when there is none to be had', async ({ page, server, rp }) => {
  const paperless = await server.application(rp.redirectUri);
  await server.logo(
    paperless.id,
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="green"/></svg>',
  );
  await page.goto(rp.startUrl(paperless));
  const logo = page.locator('.tucked img');
  await expect(logo).toBeVisible();
  expect(await logo.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  await expect(logo).toHaveAttribute('src', /\/logo\?v=[\w-]+&size=small$/);
  await page.route('**/logo?v=*', (route) => route.abort());
  await page.reload();
  await expect(logo).toHaveCount(0);
  await expect(page.locator('.tucked')).toHaveText('P');
});

test('a failure in a browser is a page with words, elsewhere it is JSON', async ({ page, server }) => {
  await page.goto(`${server.url}/nowhere`);
  await expect(heading(page)).toHaveText('There is nothing in this pocket');
  await page.goto(`${server.url}/authorize?client_id=nobody&response_type=code`);
  await expect(heading(page)).toHaveText('We don’t know this application');
  const said = ((await page.locator('.id').textContent()) ?? '').split(' · ').at(-1) ?? '?';
  expect(await server.line(said)).toContain('client-unknown');
  expect((await (await fetch(`${server.url}/api/nowhere`, { headers: { accept: 'text/html' } })).json()).error).toBe(
    'API endpoint not found',
  );
});
