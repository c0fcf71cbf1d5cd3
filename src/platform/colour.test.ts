import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contrast, hexOf, mix, parseColour } from './colour.ts';

/** CSS Color Module Level 4; the screen's values are what Chromium paints. */
const COLOURS: Record<string, string | undefined> = {
  '#abc': '#aabbcc',
  '#abcd': '#aabbcc',
  ' #3B82F6 ': '#3b82f6',
  '#3b82f680': '#3b82f6',
  '#3b82f': undefined,
  '#xyz': undefined,
  RebeccaPurple: '#663399',
  cornflowerblue: '#6495ed',
  yellowgreen: '#9acd32',
  aliceblue: '#f0f8ff',
  currentcolor: undefined,
  constructor: undefined,
  'rgb(1, 2, 3)': '#010203',
  'rgba(255 0 300 / 50%)': '#ff00ff',
  'rgb(50% 0% 100%)': '#8000ff',
  'hsl(210deg 40% 50%)': '#4d80b3',
  'hsla(-150, 40%, 50%, 0.3)': '#4d80b3',
  'hsl(0.5turn 100% 25%)': '#008080',
  'oklch(60% 0.1 200 / 0.5)': '#0d9298',
  'oklch(0.6368 0.2088 25.3313)': '#ef4344',
  'oklab(0.5 none 0)': '#636363',
  'rgb(1 2)': undefined,
  'rgb(1 2 3 4 5)': undefined,
  'rgb(1px 2 3)': undefined,
  'rgb(1 2 3 / url(x))': undefined,
  'hwb(1 2% 3%)': undefined,
  'var(--x)': undefined,
  'red;}body{display:none': undefined,
  'red/**/': undefined,
  '': undefined,
};

for (const [text, expected] of Object.entries(COLOURS))
  test(`"${text}" is ${expected ?? 'no colour'}`, () => {
    const colour = parseColour(text);
    assert.equal(colour && hexOf(colour), expected);
  });

test('contrast is that of WCAG, whichever comes first', () => {
  const [black, white, grey] = ['#000', '#fff', '#767676'].map((text) => parseColour(text)!);
  assert.equal(contrast(black!, white!), 21);
  assert.equal(contrast(white!, grey!).toFixed(2), '4.54');
  assert.equal(hexOf(mix(black!, white!, 0.25)), '#404040');
});
