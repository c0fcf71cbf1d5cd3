import { AppError } from '#platform/errors.ts';
import { fileTooLarge, MAX_FILE_BYTES } from '#platform/http/file-size.ts';
import { tiffOfHeic } from './heic.ts';
import { largestOf, picturesOf } from './icon.ts';
import { imageLibrary } from './sharp.ts';
import { declaresEntities, isPlainSvg } from './svg.ts';

/** What is stored and served. */
export const TYPES = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  svg: 'image/svg+xml',
  ico: 'image/x-icon',
} as const;
/** What may be sent: of browsers only Safari shows HEIC, so it is kept as WebP. */
export type Format = keyof typeof TYPES | 'heic';
const ANY_FORMAT: Format[] = [...(Object.keys(TYPES) as Format[]), 'heic'];

/** An image that may be stored and served. */
export interface CleanImage {
  type: string;
  bytes: Uint8Array;
}

/** More pixels, over all frames, than any logo or background needs: each costs four bytes of memory when it is opened. */
const MAX_PIXELS = 40_000_000;
const MAX_FRAMES = 100;
const MAX_SIDE = 4096;
const SECONDS = 10;

const startsWith = (bytes: Uint8Array, ...signature: number[]) => signature.every((byte, i) => bytes[i] === byte);
const ascii = (bytes: Uint8Array, from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));

/** What stands behind the next `end`, from `from` on; nothing when there is none. */
const behind = (text: string, end: string, from = 0): string => {
  const at = text.indexOf(end, from);
  return at === -1 ? '' : text.slice(at + end.length).trimStart();
};

/**
 * Whether the first element is `svg`. What may stand before it is passed over piece by piece, each taken once: a regular expression tries every way
 * to read forty comments as fewer, and nobody lives to see the answer.
 */
function beginsWithSvg(text: string): boolean {
  let rest = text.replace(/^\uFEFF/, '').trimStart();
  if (/^<\?xml/i.test(rest)) rest = behind(rest, '>');
  for (;;) {
    if (rest.startsWith('<!--')) rest = behind(rest, '-->', 4);
    else if (/^<!DOCTYPE/i.test(rest)) {
      const subset = /^[^>[]*\[/.exec(rest);
      rest = behind(subset ? behind(rest, ']', subset[0].length) : rest, '>');
    } else return /^<svg[\s>]/i.test(rest);
  }
}

/**
 * AVIF, HEIC or neither: which of them is in a file of the ISO base media format stands among its brands, the main one first (ISO/IEC 14496-12
 * section 4.3). `mif1` is any of them.
 */
function heifFormat(bytes: Uint8Array): 'avif' | 'heic' | undefined {
  if (ascii(bytes, 4, 8) !== 'ftyp') return;
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  const brands = [ascii(bytes, 8, 12), ...(ascii(bytes, 16, Math.min(size, 256)).match(/.{4}/gs) ?? [])];
  const telling = brands.find((brand) => /^(?:avi[fs]|hei[cxms]|hev[cxms])$/.test(brand));
  return telling === undefined ? undefined : telling.startsWith('avi') ? 'avif' : 'heic';
}

/** What a file is by its content; its name and the type it was sent with say nothing. */
export function formatOf(bytes: Uint8Array): Format | undefined {
  if (startsWith(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'png';
  if (startsWith(bytes, 0xff, 0xd8, 0xff)) return 'jpeg';
  if (/^GIF8[79]a/.test(ascii(bytes, 0, 6))) return 'gif';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  const heif = heifFormat(bytes);
  if (heif) return heif;
  if (startsWith(bytes, 0, 0, 1, 0)) return 'ico';
  return beginsWithSvg(new TextDecoder().decode(bytes.subarray(0, 4096))) ? 'svg' : undefined;
}

/** Throws `file_too_large` or `file_type_not_supported` before anything is opened. */
export function accepted(bytes: Uint8Array, formats: readonly Format[]): Format {
  if (bytes.length > MAX_FILE_BYTES) throw fileTooLarge();
  const format = formatOf(bytes);
  if (!format || !formats.includes(format)) throw new AppError('file_type_not_supported');
  return format;
}

const invalid = (cause: unknown) => {
  throw cause instanceof AppError ? cause : new AppError('invalid_image', { cause });
};

/** Opens an image without reading its pixels; throws for more of them than we want to read. */
async function opened(bytes: Uint8Array, { animated = false } = {}) {
  const sharp = await imageLibrary();
  const image = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', animated, density: 96 });
  const { width, height, pages = 1, pageHeight } = await image.metadata();
  const frames = animated ? pages : 1;
  if (frames > MAX_FRAMES || width * (pageHeight ?? height) * frames > MAX_PIXELS)
    throw new AppError('invalid_image', { detail: 'too many pixels' });
  return image.timeout({ seconds: SECONDS });
}

const raster = async (bytes: Uint8Array, format: Exclude<keyof typeof TYPES, 'svg' | 'ico'>): Promise<CleanImage> => {
  const image = await opened(bytes, { animated: format === 'gif' || format === 'webp' });
  // Written anew, upright and without metadata: no place where it was taken, nothing appended behind it.
  const upright = image.autoOrient().resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true });
  return { type: TYPES[format], bytes: await upright.toFormat(format, format === 'jpeg' ? { quality: 90 } : {}).toBuffer() };
};

const draw = async (svg: Uint8Array): Promise<Uint8Array> => {
  if (declaresEntities(new TextDecoder().decode(svg))) throw new AppError('invalid_image', { detail: 'the SVG declares entities' });
  return (await opened(svg)).resize({ width: 1024, height: 1024, fit: 'inside' }).png().toBuffer();
};

const vector = async (bytes: Uint8Array): Promise<CleanImage> => {
  // Drawn once in any case: what cannot be drawn is no image.
  const drawn = await draw(bytes);
  return isPlainSvg(new TextDecoder().decode(bytes)) ? { type: TYPES.svg, bytes } : { type: TYPES.png, bytes: drawn };
};

/** The largest picture of an icon as a PNG. */
const unpacked = async (bytes: Uint8Array): Promise<Uint8Array> => {
  const largest = largestOf(bytes);
  if (!largest) throw new AppError('invalid_image', { detail: 'no picture of the icon can be read' });
  if ('png' in largest) return largest.png;
  const { data, width, height } = largest.pixels;
  const sharp = await imageLibrary();
  return sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
};

/** An SVG or an icon as pixels, anything else as it is: for what has to be a PNG. Throws `file_too_large` or `invalid_image`. */
export async function inPixels(bytes: Uint8Array): Promise<Uint8Array> {
  const format = formatOf(bytes);
  if (format !== 'svg' && format !== 'ico') return bytes;
  accepted(bytes, [format]);
  return (format === 'svg' ? draw(bytes) : unpacked(bytes)).catch(invalid);
}

/** Pixels, at most. */
export interface Frame {
  width: number;
  height: number;
}

/**
 * The first frame of a stored image within these sides, as WebP. How much can be seen through takes half of a logo's bytes, so that it is told in 32
 * steps, which nobody sees. Throws what stands in the way.
 */
export async function stillWithin({ width, height }: Frame, bytes: Uint8Array): Promise<CleanImage> {
  const image = await opened(await inPixels(bytes));
  const small = image.resize({ width, height, fit: 'inside', withoutEnlargement: true });
  return { type: TYPES.webp, bytes: await small.webp({ quality: 75, alphaQuality: 72 }).toBuffer() };
}

/** Icons are kept as they are, since nothing here writes them; their directory has to add up. */
const icon = (bytes: Uint8Array): CleanImage => {
  if (!picturesOf(bytes)) throw new AppError('invalid_image');
  return { type: TYPES.ico, bytes };
};

/**
 * An uploaded or downloaded image made safe to serve: rewritten without metadata, an SVG that does more than show something turned into pixels.
 * Throws `file_too_large`, `file_type_not_supported` or `invalid_image`, or what `tiffOfHeic` throws.
 */
export async function cleanImage(bytes: Uint8Array, formats: readonly Format[] = ANY_FORMAT): Promise<CleanImage> {
  const format = accepted(bytes, formats);
  if (format === 'svg') return vector(bytes).catch(invalid);
  if (format === 'ico') return icon(bytes);
  if (format === 'heic') return raster(await tiffOfHeic(bytes), 'webp').catch(invalid);
  return raster(bytes, format).catch(invalid);
}

/** The formats a profile picture may come in. */
const PORTRAITS: Format[] = ['png', 'jpeg', 'webp', 'gif', 'avif', 'heic'];

/** A square PNG of 300 × 300 from the middle of an image. Throws as `cleanImage`. */
export async function portrait(bytes: Uint8Array): Promise<CleanImage> {
  const format = accepted(bytes, PORTRAITS);
  try {
    const image = await opened(format === 'heic' ? await tiffOfHeic(bytes) : bytes);
    return {
      type: TYPES.png,
      bytes: await image.autoOrient().resize(300, 300, { fit: 'cover', position: 'attention' }).png({ compressionLevel: 9 }).toBuffer(),
    };
  } catch (cause) {
    return invalid(cause);
  }
}
