import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium } from '@playwright/test';
import sharp from 'sharp';
import { GALLERY, openGallery } from '../tests/e2e/gallery.ts';

/**
 * `node scripts/run.mjs scripts/gallery.ts [--out DIR] [name …]`: a picture of every page in every state, light and wide, dark and 360 px; names narrow
 * it down. `--site` shows it in the look of an installation (`SITES`). `--readme` draws the picture of the README instead.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: 'test-results/gallery' },
    site: { type: 'string', default: 'ours' },
    readme: { type: 'boolean' },
  },
});

const SHAPES = [
  { shape: 'light', colorScheme: 'light', viewport: { width: 900, height: 760 } },
  { shape: 'dark-narrow', colorScheme: 'dark', viewport: { width: 360, height: 760 } },
] as const;

const open = (browser: Browser, { colorScheme, viewport }: Omit<(typeof SHAPES)[number], 'shape'> | typeof README_SHAPE) =>
  browser.newPage({ colorScheme, viewport, reducedMotion: 'reduce' });

const README_SHAPE = { colorScheme: 'light' as 'light' | 'dark', viewport: { width: 480, height: 760 } };

async function everyPage(browser: Browser, url: string): Promise<void> {
  mkdirSync(values.out, { recursive: true });
  for (const { shape, ...options } of SHAPES) {
    const page = await open(browser, options);
    for (const name of positionals.length > 0 ? positionals : Object.keys(GALLERY)) {
      // Of the form that sends itself the picture would be the browser's own, of an address where nobody is.
      if (name === 'onward') await page.route('**/page.*.js', (route) => route.abort());
      else await page.unroute('**/page.*.js');
      await page.goto(`${url}/${name}?appUrl=https://auth.example.com&site=${values.site}`);
      await page.screenshot({ path: join(values.out, `${name}.${shape}.png`), fullPage: true });
    }
  }
}

async function readme(browser: Browser, url: string): Promise<void> {
  const { width, height } = README_SHAPE.viewport;
  const shown = [
    ['sign-in-app', 'light'],
    ['consent', 'light'],
    ['refused', 'dark'],
  ] as const;
  const pictures: { input: Buffer; left: number; top: number }[] = [];
  for (const [i, [name, colorScheme]] of shown.entries()) {
    const page = await open(browser, { ...README_SHAPE, colorScheme });
    await page.goto(`${url}/${name}?appUrl=https://auth.example.com`);
    pictures.push({ input: await page.screenshot(), left: i * width, top: 0 });
  }
  await sharp({ create: { width: width * shown.length, height, channels: 3, background: '#fff' } })
    .composite(pictures)
    .png({ palette: true, quality: 90, compressionLevel: 9 })
    .toFile('docs/images/sign-in.png');
}

const gallery = await openGallery();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
await (values.readme ? readme : everyPage)(browser, gallery.url);
await browser.close();
await gallery.close();
