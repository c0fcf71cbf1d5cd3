import assert from 'node:assert/strict';
import test from 'node:test';
import sharp from 'sharp';
import { person } from '../testing/people.ts';
import { codeOf, upload } from '../testing/uploads.ts';
import { world } from '../testing/world.ts';
import { largestOf } from './icon.ts';

/** A Windows icon of these pictures. */
function iconOf(...pictures: Uint8Array[]): Buffer {
  const head = Buffer.alloc(6 + pictures.length * 16);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(pictures.length, 4);
  let at = head.length;
  for (const [i, picture] of pictures.entries()) {
    head.writeUInt32LE(picture.length, 6 + i * 16 + 8);
    head.writeUInt32LE(at, 6 + i * 16 + 12);
    at += picture.length;
  }
  return Buffer.concat([head, ...pictures]);
}

/** A bitmap as icons have them: the rows from the bottom, each pixel blue, green, red and, of 32 bits, opacity; then a mask. */
function bitmap(bits: 24 | 32, rows: number[][][], mask: number[] = []): Buffer {
  const width = rows[0]?.length ?? 0;
  const head = Buffer.alloc(40);
  head.writeUInt32LE(40, 0);
  head.writeInt32LE(width, 4);
  head.writeInt32LE(rows.length * 2, 8);
  head.writeUInt16LE(1, 12);
  head.writeUInt16LE(bits, 14);
  const line = (row: number[][]) => {
    const bytes = Buffer.from(row.flat());
    return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  };
  return Buffer.concat([head, ...rows.toReversed().map(line), ...mask.toReversed().map((bits_) => Buffer.from([bits_, 0, 0, 0]))]);
}
const RED = [0, 0, 255];
const BLUE = [255, 0, 0];
const shown = (icon: Uint8Array) => {
  const largest = largestOf(icon);
  return largest && 'pixels' in largest ? [...largest.pixels.data] : largest && 'png';
};

test('a bitmap of an icon is read from the bottom up, with the opacity of its pixels or its mask', () => {
  const opaque = bitmap(32, [
    [
      [...RED, 255],
      [...BLUE, 128],
    ],
    [
      [...BLUE, 0],
      [...RED, 1],
    ],
  ]);
  assert.deepEqual(shown(iconOf(opaque)), [255, 0, 0, 255, 0, 0, 255, 128, 0, 0, 255, 0, 255, 0, 0, 1]);
  const older = bitmap(32, [
    [
      [...RED, 0],
      [...BLUE, 0],
    ],
  ]);
  assert.deepEqual(shown(iconOf(older)), [255, 0, 0, 255, 0, 0, 255, 255]);
  const masked = bitmap(
    24,
    [
      [RED, BLUE],
      [BLUE, RED],
    ],
    [0b0100_0000, 0b1000_0000],
  );
  assert.deepEqual(shown(iconOf(masked)), [255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 0, 255, 0, 0, 255]);
});

test('of several pictures the largest is taken, and one that cannot be read is passed over', async () => {
  const png = await sharp({ create: { width: 3, height: 3, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const small = bitmap(32, [[[...RED, 255]]]);
  const palette = bitmap(32, [[[...RED, 255]]]);
  palette.writeUInt16LE(8, 14);
  assert.equal(shown(iconOf(small, png)), 'png');
  assert.deepEqual(shown(iconOf(palette, small)), [255, 0, 0, 255]);
  assert.equal(shown(iconOf(palette)), undefined);
});

test('SEC-219 an icon that says more than it has is no picture', () => {
  const good = bitmap(32, [[[...RED, 255]]]);
  for (const [at, value] of [
    [4, 2_000_000_000],
    [4, -1],
    [8, 3],
    [8, -2],
    [16, 1],
    [0, 41],
  ] as const) {
    const bad = Buffer.from(good);
    bad.writeInt32LE(value, at);
    assert.equal(shown(iconOf(bad)), undefined, `${value} at ${at}`);
  }
  assert.equal(shown(iconOf(good.subarray(0, 42))), undefined);
  const whole = iconOf(good);
  for (let length = 0; length < whole.length - 4; length++) assert.equal(shown(whole.subarray(0, length)), undefined, `${length} bytes`);
});

test('an icon may be the default picture of people', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const path = '/api/application-images/default-profile-picture';
  const icon = iconOf(
    bitmap(24, [
      [RED, RED],
      [RED, RED],
    ]),
  );
  assert.equal((await upload(w, 'PUT', path, icon)).status, 204);
  const { data, info } = await sharp(Buffer.from(await (await w.request(`/api/users/${ann.id}/profile-picture.png`)).arrayBuffer()))
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height, ...data.subarray(0, 3)], [300, 300, 255, 0, 0]);
  assert.deepEqual(await codeOf(await upload(w, 'PUT', path, iconOf(bitmap(24, [[RED]]).subarray(0, 41)))), [400, 'invalid_image']);
});
