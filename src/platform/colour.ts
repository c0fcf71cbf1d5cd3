import { COLOUR_NAMES } from './colour-names.ts';

/** A colour of a screen (sRGB): red, green and blue, each from 0 to 1. */
export type Rgb = readonly [number, number, number];

/** `#rrggbb` */
export const hexOf = (colour: Rgb): string =>
  `#${colour
    .map((part) =>
      Math.round(part * 255)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;

const rgb = (parts: readonly number[]): Rgb => {
  const [red = 0, green = 0, blue = 0] = parts.map((part) => Math.min(1, Math.max(0, part)));
  return [red, green, blue];
};

function fromHex(digits: string): Rgb | undefined {
  if (!/^(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/.test(digits)) return undefined;
  const pairs = digits.length < 6 ? [...digits].map((digit) => digit + digit) : digits.match(/../g);
  return rgb((pairs ?? []).slice(0, 3).map((pair) => Number.parseInt(pair, 16) / 255));
}

/** A number, a share of `whole` (`50%`) or an angle in degrees; NaN for anything else. */
function amount(word: string, whole: number): number {
  const [, number, unit] = /^([+-]?(?:\d+\.?\d*|\.\d+))(%|deg|turn)?$/.exec(word) ?? [];
  if (number === undefined) return word === 'none' ? 0 : Number.NaN;
  if (unit === '%') return (Number(number) * whole) / 100;
  return Number(number) * (unit === 'turn' ? 360 : 1);
}

/** CSS Color Module Level 4, section 7.1. Hue in degrees, the others from 0 to 100. */
const fromHsl = (hue: number, saturation: number, lightness: number): Rgb => {
  const [s, l] = [saturation / 100, lightness / 100];
  const at = (n: number) => {
    const k = (((n + hue / 30) % 12) + 12) % 12;
    return l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  return rgb([at(0), at(8), at(4)]);
};

const encoded = (linear: number) => (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055);
const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

/** Oklab as its author publishes it; what a screen cannot show is cut off. */
const fromOklab = (lightness: number, a: number, b: number): Rgb => {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return rgb(
    [
      4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
      -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
      -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
    ].map(encoded),
  );
};

/** For each function what `100%` of its parts is, and how they make a colour. */
const FUNCTIONS: Record<string, { wholes: Rgb; make: (x: number, y: number, z: number) => Rgb }> = {
  rgb: { wholes: [255, 255, 255], make: (red, green, blue) => rgb([red / 255, green / 255, blue / 255]) },
  hsl: { wholes: [360, 100, 100], make: fromHsl },
  oklab: { wholes: [1, 0.4, 0.4], make: fromOklab },
  oklch: {
    wholes: [1, 0.4, 360],
    make: (lightness, chroma, hue) => {
      const angle = (hue * Math.PI) / 180;
      return fromOklab(lightness, chroma * Math.cos(angle), chroma * Math.sin(angle));
    },
  },
};

function fromFunction(text: string): Rgb | undefined {
  const [, name = '', inside = ''] = /^(rgb|hsl|oklab|oklch)a?\(([^()]+)\)$/.exec(text) ?? [];
  const { wholes, make } = FUNCTIONS[name] ?? {};
  const words = inside.trim().split(/\s*[,/]\s*|\s+/);
  if (!wholes || !make || words.length < 3 || words.length > 4) return undefined;
  const [x = Number.NaN, y = Number.NaN, z = Number.NaN, alpha] = words.map((word, i) => amount(word, wholes[i] ?? 1));
  return [x, y, z, alpha ?? 1].every(Number.isFinite) ? make(x, y, z) : undefined;
}

/**
 * A CSS colour: hexadecimal, a name, `rgb()`, `hsl()`, `oklab()` or `oklch()`. Its transparency is left out. Undefined for anything else, so
 * nothing of the text itself has to be put into a style.
 */
export function parseColour(text: string): Rgb | undefined {
  const value = text.trim().toLowerCase();
  return value.startsWith('#') ? fromHex(value.slice(1)) : (fromHex(COLOUR_NAMES.get(value) ?? '') ?? fromFunction(value));
}

/** WCAG 2.2, relative luminance. */
const luminance = ([red, green, blue]: Rgb) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);

/** WCAG 2.2, contrast ratio: 1 to 21. Text needs 4.5, the border of something to press 3. */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** `share` (0 to 1) of `other` stirred into a colour. */
export const mix = (colour: Rgb, other: Rgb, share: number): Rgb =>
  rgb(colour.map((part, i) => part * (1 - share) + (other[i] ?? 0) * share));
