import { contrast, hexOf, mix, parseColour, type Rgb } from '#platform/colour.ts';

/** An image of the installation's own: `hash` is its version, `type` a media type. */
interface OwnImage {
  hash: string;
  type: string;
}

/** What administrators chose for the pages; an image that nobody replaced is absent. */
export interface SiteSettings {
  name: string;
  /** `default` or a CSS colour; what is none counts as `default`. */
  accent: string;
  /** Nothing moves, whatever the device prefers. */
  still: boolean;
  images: Partial<Record<'logoLight' | 'logoDark' | 'background' | 'favicon', OwnImage>>;
}

/** The installation as its pages show it. Paths are on our own origin and may be cached for ever. */
export interface Site {
  name: string;
  /** The name was chosen: it says more than the host alone. */
  named: boolean;
  /** What peeks out of the pocket, which is a light ground. */
  logo?: string;
  /** The logo beside the name, small: `light` is for light grounds, `dark` for dark ones. */
  mark: { light?: string; dark?: string };
  favicon?: { path: string; type: string };
  /** The pages on the way in stand on a picture. */
  pictured: boolean;
  /** Custom properties and rules for one `<style>`; empty for the standard look. Holds nothing that anybody typed. */
  style: string;
}

const DENIM: Rgb = [0x28 / 255, 0x44 / 255, 0x63 / 255];
const PAPER: Rgb = [0xf5 / 255, 0xf2 / 255, 0xea / 255];
const NIGHT: Rgb = [0x10 / 255, 0x16 / 255, 0x1d / 255];
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [1, 1, 1];

/** The accent, with white stirred in until it can be told from the pocket it lies on. */
const onDenim = (accent: Rgb): Rgb => {
  const shares = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
  return shares.map((share) => mix(accent, WHITE, share)).find((colour) => contrast(colour, DENIM) >= 3.1) ?? WHITE;
};

/**
 * An accent in the place of our amber. The button keeps the colour as it was chosen, so its text is black or white (one of them always has
 * 4.5 : 1), and where the colour is too close to the ground an edge shows where the button ends.
 */
function accentProperties(accent: Rgb): Record<string, string> {
  const dark = contrast(accent, BLACK) >= contrast(accent, WHITE);
  const glow = hexOf(onDenim(accent));
  return {
    thread: hexOf(accent),
    'on-thread': dark ? '#000' : '#fff',
    'thread-raise': hexOf(mix(accent, dark ? WHITE : BLACK, 0.15)),
    'thread-busy': hexOf(accent),
    stitch: glow,
    glow,
    ...(contrast(accent, DENIM) < 3 ? { edge: 'var(--on-denim)' } : {}),
    ...(contrast(accent, PAPER) < 1.4 ? { 'edge-day': 'var(--ink-soft)' } : {}),
    ...(contrast(accent, NIGHT) < 3 ? { 'edge-night': 'var(--ink-soft)' } : {}),
  };
}

const imagePath = (name: string, { hash }: OwnImage, variant = ''): string => `/api/application-images/${name}?${variant}v=${hash}`;

/** Works out how an installation's pages look. */
export function siteOf({ name, accent, still, images }: SiteSettings): Site {
  const { logoLight, logoDark, background, favicon } = images;
  const colour = accent === 'default' ? undefined : parseColour(accent);
  const properties = {
    ...(colour ? accentProperties(colour) : {}),
    ...(background ? { picture: `url(${imagePath('background', background)})` } : {}),
  };
  const list = Object.entries(properties).map(([key, value]) => `--${key}:${value}`);
  return {
    name,
    named: !/^pocket ?id$/i.test(name.trim()),
    logo: logoLight && `${imagePath('logo', logoLight)}&size=small`,
    mark: {
      light: logoLight && `${imagePath('logo', logoLight)}&size=tiny`,
      dark: logoDark && `${imagePath('logo', logoDark, 'light=false&')}&size=tiny`,
    },
    favicon: favicon && { path: imagePath('favicon', favicon), type: favicon.type },
    pictured: background !== undefined,
    style: [list.length > 0 ? `:root{${list.join(';')}}` : '', still ? '*{animation:none!important;transition:none!important}' : ''].join(
      '',
    ),
  };
}
