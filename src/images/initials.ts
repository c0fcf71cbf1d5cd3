import { imageLibrary } from './sharp.ts';

/** Drawn letters, 14 high: a server without any font still has them. Each with its width. */
const GLYPHS: Readonly<Record<string, readonly [width: number, path: string]>> = {
  A: [10, 'M0 14 5 0l5 14M2 9h6'],
  B: [9.5, 'M0 0v14h6a3.5 3.5 0 0 0 0-7H0h5.5a3.5 3.5 0 0 0 0-7z'],
  C: [10, 'M9.8 2.6A5.4 7 0 1 0 9.8 11.4'],
  D: [10.5, 'M0 0v14h4a6.5 7 0 0 0 0-14z'],
  E: [8.5, 'M8.5 0H0v14h8.5M0 7h7'],
  F: [8.5, 'M8.5 0H0v14M0 7h7'],
  G: [10.5, 'M9.8 2.6A5.4 7 0 1 0 10.5 9.5V7.6H6.2'],
  H: [10, 'M0 0v14M10 0v14M0 7h10'],
  I: [0, 'M0 0v14'],
  J: [7, 'M7 0v10a3.5 4 0 0 1-7 0'],
  K: [9.5, 'M0 0v14M9 0 0 8.6M3.6 5.4 9.5 14'],
  L: [8, 'M0 0v14h8'],
  M: [12, 'M0 14V0l6 9 6-9v14'],
  N: [10, 'M0 14V0l10 14V0'],
  O: [11, 'M5.5 0a5.5 7 0 1 0 0 14a5.5 7 0 1 0 0-14'],
  P: [9, 'M0 14V0h5a4 4 0 0 1 0 8H0'],
  Q: [11, 'M5.5 0a5.5 7 0 1 0 0 14a5.5 7 0 1 0 0-14M7 10l4 4.4'],
  R: [9.5, 'M0 14V0h5a4 4 0 0 1 0 8H0M5 8l4.5 6'],
  S: [9, 'M8.6 2.6A4.4 3.6 0 1 0 4.5 7 4.4 3.6 0 1 1 .4 11.4'],
  T: [10, 'M0 0h10M5 0v14'],
  U: [10, 'M0 0v9a5 5 0 0 0 10 0V0'],
  V: [10, 'M0 0l5 14L10 0'],
  W: [14, 'M0 0l3.5 14L7 3l3.5 11L14 0'],
  X: [10, 'M0 0l10 14M10 0 0 14'],
  Y: [10, 'M0 0l5 7 5-7M5 7v7'],
  Z: [9.5, 'M0 0h9.5L0 14h9.5'],
  0: [9, 'M4.5 0a4.5 7 0 1 0 0 14a4.5 7 0 1 0 0-14'],
  1: [4, 'M0 3l4-3v14'],
  2: [9, 'M.4 3.6A4.3 3.8 0 1 1 7.8 6.4L0 14h9'],
  3: [9, 'M.8 1.8A4.2 3.5 0 1 1 4.4 7 4.4 3.5 0 1 1 .4 11.6'],
  4: [10, 'M7.5 14V0L0 10h10'],
  5: [9, 'M8.4 0H1.2L.8 6.4A4.5 4 0 1 1 .3 12.2'],
  6: [9, 'M7.4 0A9 10 0 0 0 .2 9.4a4.3 4.6 0 1 0 8.6 0a4.3 4.6 0 0 0-8.6 0'],
  7: [9, 'M0 0h9L3.4 14'],
  8: [9, 'M4.5 0a3.7 3.3 0 1 0 0 6.6a3.7 3.3 0 1 0 0-6.6M4.5 6.6a4.4 3.7 0 1 0 0 7.4a4.4 3.7 0 1 0 0-7.4'],
  9: [9, 'M8.8 4.6a4.3 4.6 0 1 0-8.6 0a4.3 4.6 0 0 0 8.6 0A9 10 0 0 1 1.6 14'],
};
const GAP = 4;
const SIDE = 300;
/** Calm enough for white letters on them: each has a contrast above 4.5 : 1. */
const COLOURS = ['#284463', '#7a3b4e', '#2f5d50', '#5b4a86', '#8a4b1f', '#3a5a8c', '#6b5b2a', '#704264'];

/** The letters that stand for a name: of its first and last word, without accents, at most two; '' when none can be drawn. */
export function initialsOf(name: string): string {
  const words = name
    .normalize('NFKD')
    .toUpperCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .map((word) => [...word].find((char) => char in GLYPHS))
    .filter((char) => char !== undefined);
  return words.length > 1 ? `${words[0]}${words.at(-1)}` : (words[0] ?? '');
}

function drawn(initials: string): string {
  const letters = [...initials].map((char) => GLYPHS[char] ?? ([0, ''] as const));
  const width = letters.reduce((sum, [w]) => sum + w, 0) + GAP * (letters.length - 1);
  const scale = 8;
  let x = (SIDE - width * scale) / 2;
  const paths = letters.map(([w, path]) => {
    const at = x;
    x += (w + GAP) * scale;
    return `<path transform="translate(${at} ${(SIDE - 14 * scale) / 2}) scale(${scale})" d="${path}"/>`;
  });
  return `<g fill="none" stroke="#fff" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round">${paths.join('')}</g>`;
}

/** Head and shoulders, for names in scripts that cannot be drawn. */
const SILHOUETTE = '<g fill="#fff"><circle cx="150" cy="122" r="46"/><path d="M60 250a90 78 0 0 1 180 0z"/></g>';

/** A picture of 300 × 300 for somebody without one, as PNG; the same initials always look the same. */
export async function initialsPicture(initials: string): Promise<Buffer> {
  const sharp = await imageLibrary();
  // FNV-1a, so that neighbours in the alphabet do not share a colour.
  const hash = [...initials].reduce((h, char) => Math.imul(h ^ char.charCodeAt(0), 16_777_619), 2_166_136_261) >>> 0;
  const colour = COLOURS[(hash >>> 8) % COLOURS.length];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="100%" height="100%" fill="${colour}"/>${initials === '' ? SILHOUETTE : drawn(initials)}</svg>`;
  return sharp(Buffer.from(svg)).png({ compressionLevel: 9, palette: true }).toBuffer();
}
