/** The pixels of a picture, from the top left: red, green, blue and opacity. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8Array;
}

const PNG = 0x89504e47;
/** Bytes of an entry of the directory, and of the header of a bitmap within an icon (BITMAPINFOHEADER). */
const ENTRY = 16;
const HEADER = 40;
const MOST_ENTRIES = 64;
const MAX_SIDE = 1024;

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The pictures of a Windows icon, each with its files' own bytes, in their order; undefined when the directory does not add up. */
export function picturesOf(icon: Uint8Array): Uint8Array[] | undefined {
  const view = viewOf(icon);
  const count = icon.length >= 6 ? view.getUint16(4, true) : 0;
  if (count === 0 || count > MOST_ENTRIES || 6 + count * ENTRY > icon.length) return undefined;
  const pictures = Array.from({ length: count }, (_, i) => {
    const [size, at] = [view.getUint32(6 + i * ENTRY + 8, true), view.getUint32(6 + i * ENTRY + 12, true)];
    return size + at <= icon.length ? icon.subarray(at, at + size) : undefined;
  });
  return pictures.every((picture) => picture !== undefined) ? pictures : undefined;
}

/** A bitmap of 24 or 32 bits, from the bottom up and followed by a mask, as icons have them; undefined for any other. */
function pixelsOf(bitmap: Uint8Array): Pixels | undefined {
  const view = viewOf(bitmap);
  if (bitmap.length < HEADER || view.getUint32(0, true) !== HEADER || view.getUint32(16, true) !== 0) return undefined;
  const [width, height, bits] = [view.getInt32(4, true), view.getInt32(8, true) / 2, view.getUint16(14, true)];
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE || !Number.isInteger(height)) return undefined;
  if (bits !== 24 && bits !== 32) return undefined;
  const lineOf = (perPixel: number) => Math.ceil((width * perPixel) / 32) * 4;
  const maskAt = HEADER + lineOf(bits) * height;
  if (bitmap.length < maskAt) return undefined;
  const data = new Uint8Array(width * height * 4);
  const masked = bits === 24 && bitmap.length >= maskAt + lineOf(1) * height;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const line = height - 1 - y;
      const from = HEADER + line * lineOf(bits) + (x * bits) / 8;
      const hidden = masked && ((bitmap[maskAt + line * lineOf(1) + (x >> 3)] as number) >> (7 - (x & 7))) & 1;
      const opacity = bits === 32 ? (bitmap[from + 3] as number) : hidden ? 0 : 255;
      data.set([bitmap[from + 2] as number, bitmap[from + 1] as number, bitmap[from] as number, opacity], (y * width + x) * 4);
    }
  // Older icons leave the fourth byte empty, which would hide all of it.
  if (bits === 32 && data.every((byte, i) => i % 4 !== 3 || byte === 0)) for (let i = 3; i < data.length; i += 4) data[i] = 255;
  return { width, height, data };
}

type Picture = { png: Uint8Array } | { pixels: Pixels };

function opened(picture: Uint8Array): { width: number; shown: Picture } | undefined {
  const view = viewOf(picture);
  if (picture.length >= 24 && view.getUint32(0) === PNG) return { width: view.getUint32(16), shown: { png: picture } };
  const pixels = pixelsOf(picture);
  return pixels && { width: pixels.width, shown: { pixels } };
}

/** The largest picture of a Windows icon, as the PNG it is or as pixels; undefined when it has none that can be taken apart. */
export function largestOf(icon: Uint8Array): Picture | undefined {
  const known = (picturesOf(icon) ?? []).map(opened).filter((picture) => picture !== undefined);
  return known.sort((a, b) => b.width - a.width)[0]?.shown;
}
