import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contrast, parseColour } from '#platform/colour.ts';
import { type SiteSettings, siteOf } from './site.ts';

const site = (more: Partial<SiteSettings> = {}) => siteOf({ name: 'Casa Rivera', accent: 'default', still: false, images: {}, ...more });
const property = (style: string, name: string) => new RegExp(`--${name}:([^;}]+)`).exec(style)?.[1];

test('an installation that changed nothing sends nothing more', () => {
  assert.deepEqual(site({ name: 'Pocket ID' }), {
    name: 'Pocket ID',
    named: false,
    logo: undefined,
    mark: { light: undefined, dark: undefined },
    favicon: undefined,
    pictured: false,
    style: '',
  });
});

test('on every accent the button’s words can be read, also under the pointer, and what shines can be told from the pocket', () => {
  const levels = ['00', '40', '80', 'bf', 'ff'];
  const accents = levels.flatMap((red) => levels.flatMap((green) => levels.map((blue) => `#${red}${green}${blue}`)));
  const denim = parseColour('#284463')!;
  for (const accent of accents) {
    const { style } = site({ accent });
    const of = (name: string) => parseColour(property(style, name) ?? '')!;
    assert.equal(property(style, 'thread'), accent);
    for (const ground of ['thread', 'thread-raise', 'thread-busy'])
      assert.ok(contrast(of('on-thread'), of(ground)) >= 4.5, `text on ${accent} (${ground})`);
    assert.ok(contrast(of('glow'), denim) >= 3, `icons in ${accent}`);
    assert.ok(property(style, 'edge') !== undefined || contrast(of('thread'), denim) >= 3, `the edge of a button in ${accent}`);
  }
});

test('SEC-015 nothing that was typed gets into the style', () => {
  for (const accent of ['red;}body{display:none', '</style><script>', 'url(x)', 'var(--x)', '']) assert.equal(site({ accent }).style, '');
  assert.match(site({ accent: 'REBECCAPURPLE', name: '</style>' }).style, /^:root\{(--[a-z-]+:(#[\da-f]{3,6}|var\(--[a-z-]+\));?)+\}$/);
});

test('an image’s address is that of its version', () => {
  const image = { hash: 'h1', type: 'image/png' };
  const { logo, mark, favicon, pictured, style } = site({
    images: { logoDark: image, logoLight: image, favicon: image, background: image },
  });
  assert.deepEqual(
    [logo, mark.light, mark.dark],
    [
      '/api/application-images/logo?v=h1&size=small',
      '/api/application-images/logo?v=h1&size=tiny',
      '/api/application-images/logo?light=false&v=h1&size=tiny',
    ],
  );
  assert.deepEqual(favicon, { path: '/api/application-images/favicon?v=h1', type: 'image/png' });
  assert.deepEqual([pictured, style], [true, ':root{--picture:url(/api/application-images/background?v=h1)}']);
});
