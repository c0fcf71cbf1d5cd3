/** An image as it is in memory: eight bits a sample, row after row. */
export interface Pixels {
  width: number;
  height: number;
  /** Three for red, green and blue; four with how opaque each pixel is, not multiplied in. */
  channels: 3 | 4;
  samples: Uint8Array;
  /** Bytes from one row to the next. */
  stride: number;
  /** What the samples mean as colours (an ICC profile); absent: sRGB. */
  profile?: Uint8Array;
}

interface Field {
  type: number;
  count: number;
  bytes: Buffer;
}
const numbers = (type: number, size: number, values: number[]): Field => {
  const bytes = Buffer.alloc(values.length * size);
  for (const [i, value] of values.entries()) bytes.writeUIntLE(value, i * size, size);
  return { type, count: values.length, bytes };
};
const shorts = (...values: number[]) => numbers(3, 2, values);
const longs = (...values: number[]) => numbers(4, 4, values);
const opaque = (bytes: Uint8Array): Field => ({ type: 7, count: bytes.length, bytes: Buffer.from(bytes) });

/** Readers take a strip into memory as a whole. */
const ROWS = 64;
const even = (size: number) => size + (size % 2);

/** Pixels as an uncompressed file (TIFF 6.0): the one form in which the image library takes them with the profile of their colours. */
export function tiffOf({ width, height, channels, samples, stride, profile }: Pixels): Uint8Array<ArrayBuffer> {
  const row = width * channels;
  const strips = Array.from({ length: Math.ceil(height / ROWS) }, (_, i) => Math.min(ROWS, height - i * ROWS) * row);
  const directory = (firstStrip: number): [tag: number, field: Field][] => [
    [256, longs(width)],
    [257, longs(height)],
    [258, shorts(...Array<number>(channels).fill(8))],
    [259, shorts(1)], // not compressed
    [262, shorts(2)], // red, green, blue
    [273, longs(...strips.map((_, i) => firstStrip + i * ROWS * row))],
    [277, shorts(channels)],
    [278, longs(ROWS)],
    [279, longs(...strips)],
    ...(channels === 4 ? [[338, shorts(2)] satisfies [number, Field]] : []),
    ...(profile ? [[34675, opaque(profile)] satisfies [number, Field]] : []),
  ];
  // Values of more than four bytes stand behind the directory, the samples behind those.
  const beside = ({ bytes }: Field) => (bytes.length > 4 ? even(bytes.length) : 0);
  const fields = directory(0);
  let at = 8 + 2 + fields.length * 12 + 4;
  const firstStrip = fields.reduce((sum, [, field]) => sum + beside(field), at);

  const file = new Uint8Array(firstStrip + row * height);
  const out = Buffer.from(file.buffer);
  out.write('II*\0', 'latin1');
  out.writeUInt32LE(8, 4);
  out.writeUInt16LE(fields.length, 8);
  for (const [i, [tag, field]] of directory(firstStrip).entries()) {
    const entry = 10 + i * 12;
    out.writeUInt16LE(tag, entry);
    out.writeUInt16LE(field.type, entry + 2);
    out.writeUInt32LE(field.count, entry + 4);
    if (beside(field) === 0) out.set(field.bytes, entry + 8);
    else {
      out.writeUInt32LE(at, entry + 8);
      out.set(field.bytes, at);
      at += beside(field);
    }
  }
  for (let y = 0; y < height; y++) file.set(samples.subarray(y * stride, y * stride + row), firstStrip + y * row);
  return file;
}
