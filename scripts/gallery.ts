import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { GALLERY, openGallery } from '../tests/e2e/gallery.ts';

/** `node scripts/gallery.ts DIR [name …]`: a picture of every page in every state, light and dark, wide and 360 px; the names narrow it down. */
const [directory = 'test-results/gallery', ...names] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
const gallery = await openGallery();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const shapes = [
  { name: 'light', colorScheme: 'light', viewport: { width: 900, height: 760 } },
  { name: 'dark-narrow', colorScheme: 'dark', viewport: { width: 360, height: 760 } },
] as const;
for (const { name: shape, ...options } of shapes) {
  const context = await browser.newContext({ ...options, reducedMotion: 'reduce' });
  const page = await context.newPage();
  // The form that sends itself would be gone before the picture.
  await page.route('http://127.0.0.1:9/**', (route) => route.abort());
  for (const name of names.length > 0 ? names : Object.keys(GALLERY)) {
    await page.goto(`${gallery.url}/${name}?appUrl=https://auth.example.com`);
    await page.screenshot({ path: join(directory, `${name}.${shape}.png`), fullPage: true });
  }
  await context.close();
}
await browser.close();
await gallery.close();
