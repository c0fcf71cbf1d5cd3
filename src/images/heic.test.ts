import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { AppError } from '#platform/errors.ts';
import { keyOf } from '../testing/administration.ts';
import { person } from '../testing/people.ts';
import { codeOf, upload } from '../testing/uploads.ts';
import { type World, world } from '../testing/world.ts';
import { formatOf } from './formats.ts';
import { limitsWith, tiffOfHeic } from './heic.ts';

/** 64 × 32, the left half blue and the right one orange in Display P3, to be turned by a quarter; with a copyright and the latitude of a place. */
const PHOTO = Buffer.from(
  'AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAA6FtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAD' +
    'xQABAAAAAAAAAJoAAgAAAAAEXwABAAAAAAAAAIAAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAA' +
    'AAABAAAC4GlwcnAAAAK/aXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAA' +
    'AwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAHsY29scnByb2YAAAHgbGNtcwQgAABtbnRyUkdCIFhZWiAH4gADABQACQAOAB1hY3NwTVNG' +
    'VAAAAABzYXdzY3RybAAAAAAAAAAAAAAAAAAA9tYAAQAAAADTLWhhbmSC4qhyi4o/9yU+uZLuJNauAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAApkZXNjAAAA' +
    '/AAAACRjcHJ0AAABIAAAACJ3dHB0AAABRAAAABRjaGFkAAABWAAAACxyWFlaAAABhAAAABRnWFlaAAABmAAAABRiWFlaAAABrAAAABRyVFJDAAABwAAAACBnVFJDAAAB' +
    'wAAAACBiVFJDAAABwAAAACBtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUAAzAENtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAYAAAAcAEMAQwAwAABYWVogAAAA' +
    'AAAA9tYAAQAAAADTLXNmMzIAAAAAAAEMQgAABd7///MlAAAHkwAA/ZD///uh///+TgAAA5oAAMAUWFlaIAAAAAAAAIPfAAA9vwAAAABYWVogAAAAAAAASr8AALE3AAAK' +
    'tVhZWiAAAAAAAAAoOAAAEQoAAMh4cGFyYQAAAAAAAwAAAAJmaQAA8qcAAA1ZAAAT0AAAClsAAAAUaXNwZQAAAAAAAABAAAAAQAAAAChjbGFwAAAAQAAAAAEAAAAgAAAA' +
    'AQAAAAAAAAAC////4AAAAAIAAAAQcGl4aQAAAAADCAgIAAAACWlyb3QDAAAAGWlwbWEAAAAAAAAAAQABBoECAwWEhgAAABppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAAB' +
    'Im1kYXQAAACWKAGvDuBXhgOTr/kTid7/avv//oUDMDj/qtV//+MiI3/t7QsV/Z3tYNdV2PcicI1/c4IOUeSe63JRsnQPfwxrQYAfdwZ4LP5/Iti7lbjUt06rnq8kXJXs' +
    'dxM9FMGzPOUzNEX55Y0ockjH+sj5ZDox0wPHaHbnwmBq3AYhcfju7PcZNettNq7JhlQ/RJG+RjC4LGg4vu8OAAAABkV4aWYAAE1NACoAAAAIAAMBEgADAAAAAQAGAACC' +
    'mAACAAAADQAAADKIJQAEAAAAAQAAAEAAAAAAc2VjcmV0IHBsYWNlAAAAAgABAAIAAAACTgAAAAACAAUAAAADAAAAXgAAAAAAAAAoAAAAAQAAABkAAAABAAAAAAAAAAE=',
  'base64',
);
/** 64 × 32, the left half transparent. */
const LOGO = Buffer.from(
  'AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAmttZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAC' +
    'jwABAAAAAAAAAB4AAgAAAAACrQABAAAAAAAAAK4AAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAAACAABodmMxAAAAAA5waXRtAAAA' +
    'AAABAAABqmlwcnAAAAGCaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAA' +
    'AwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAAB' +
    'AAAAIAAAAAEAAAAAAAAAAv///+AAAAACAAAAEHBpeGkAAAAAAwgICAAAAHBodmNDAQQIAAAAn/gAAAAAHvAA/Pz4+AAADwNgAAEAF0ABDAH//wQIAAADAJ/4AAADAAAe' +
    'ugJAYQABACVCAQEECAAAAwCf+AAAAwAAHsCCBBZbq5Ka5sCAAAAMgAAAAwCEYgABAAZEAcFzwIkAAAAOcGl4aQAAAAABCAAAACdhdXhDAAAAAHVybjptcGVnOmhldmM6' +
    'MjAxNTphdXhpZDoxAAAAACBpcG1hAAAAAAAAAAIAAQWBAgMFhAACBYYDB4iEAAAAGmlyZWYAAAAAAAAADmF1eGwAAgABAAEAAADUbWRhdAAAABooAa8O4FeGA5OvlMX/' +
    '/v4O5D9IXdfcYiT98AAAAKooAa4dwIn8P///1OsGCzP98dfxZJT1Gtm8nULmomH6DVJtjzYOO4qZueUQvjZUmdicYfSs99u/XrxiN404rLgYm9Z7M6tbitYP9TOJeu7P' +
    'p/hhXs16MAy4lEg+2sOjnOVJ9I2x0fdF6hRl/QNMEr8JkVryHtPAGdHU3BoZYVPMsdUoJ1nwhlyGop7ofOfo7o7KKp+R/MvMuM/+iSG87obcfaQisFoYeah+XA==',
  'base64',
);

const LOGO_OF_APP = '/api/oidc/clients/app/logo';
/** Every place that takes a HEIC file, and how. */
const SLOTS = [
  ['POST', LOGO_OF_APP],
  ['POST', `${LOGO_OF_APP}?light=false`],
  ['PUT', '/api/application-images/logo'],
  ['PUT', '/api/application-images/logo?light=false'],
  ['PUT', '/api/application-images/background'],
] as const;
const withClient = async (w: World) => {
  await w.api('POST', '/api/oidc/clients', { id: 'app', name: 'App' });
  return w;
};
const shown = async (w: World, path: string) => {
  const response = await w.request(path);
  return { type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
};
/** The first and the last pixel of an image. */
const corners = async (image: Uint8Array) => {
  const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
  return [data.subarray(0, info.channels), data.subarray(-info.channels)].map((pixel) => [...pixel]);
};
/** The file with other numbers as the size its header tells. */
const ofSize = (file: Buffer, width: number, height: number) => {
  const changed = Buffer.from(file);
  const at = changed.indexOf('ispe');
  assert.notEqual(at, -1);
  changed.writeUInt32BE(width, at + 8);
  changed.writeUInt32BE(height, at + 12);
  return changed;
};

test('a HEIC file may be a logo, a background or the installation’s logo, and is shown by every browser', async (t) => {
  const w = await withClient(await world(t));
  for (const [method, path] of SLOTS) {
    assert.equal((await upload(w, method, path, PHOTO, { name: 'IMG_1.HEIC' })).status, 204, path);
    const { type, bytes } = await shown(w, path);
    assert.deepEqual([type, formatOf(bytes)], ['image/webp', 'webp'], path);
  }
});

test('a HEIC file may be somebody’s picture, or the default of all', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const picture = async () => {
    const { type, bytes } = await shown(w, `/api/users/${ann.id}/profile-picture.png`);
    const { format, width, height } = await sharp(bytes).metadata();
    assert.deepEqual([type, format, width, height], ['image/png', 'png', 300, 300]);
    return bytes;
  };
  const initials = await picture();
  assert.equal((await upload(w, 'PUT', '/api/application-images/default-profile-picture', LOGO)).status, 204);
  const standard = await picture();
  assert.equal((await upload(w, 'PUT', '/api/users/me/profile-picture', PHOTO, { key: await keyOf(w, ann) })).status, 204);
  const own = await picture();
  assert.equal(new Set([initials, standard, own].map((bytes) => bytes.toString('base64'))).size, 3);
});

test('a HEIC logo may be fetched from an address', async (t) => {
  const w = await world(t, {}, { fetchPublic: async () => ({ type: 'image/heic', bytes: PHOTO, headers: {} }) });
  const created = await w.api('POST', '/api/oidc/clients', { id: 'app', name: 'App', logoUrl: 'https://logo.example.org/l' });
  assert.deepEqual([created.status, created.body.hasLogo], [201, true]);
  assert.equal((await shown(w, LOGO_OF_APP)).type, 'image/webp');
});

test('places that take no HEIC file refuse it, and what only looks like one', async (t) => {
  const w = await withClient(await world(t));
  for (const path of ['/api/application-images/email', '/api/application-images/favicon'])
    assert.deepEqual(await codeOf(await upload(w, 'PUT', path, PHOTO)), [415, 'file_type_not_supported'], path);
  const film = Buffer.from(PHOTO);
  film.write('isomiso2avc1', film.indexOf('mif1'));
  film.write('isom', 8);
  assert.deepEqual(await codeOf(await upload(w, 'POST', LOGO_OF_APP, film)), [415, 'file_type_not_supported']);
});

test('a file of the family of HEIC is told by all its brands, not by the first alone', () => {
  const file = (main: string, ...others: string[]) => {
    const head = Buffer.alloc(16 + others.length * 4);
    head.writeUInt32BE(head.length);
    head.write(`ftyp${main}`, 4);
    head.write(others.join(''), 16);
    // What stands behind the list of brands is none of them.
    return Buffer.concat([head, Buffer.from('heic')]);
  };
  const formats = {
    heic: [file('heic'), file('heix', 'mif1'), file('mif1', 'miaf', 'heic'), file('msf1', 'hevc')],
    avif: [file('avif', 'mif1'), file('avis'), file('mif1', 'miaf', 'avif')],
    none: [file('mif1'), file('mp42', 'isom'), file('mif1', 'xhei', 'cxxx'), Buffer.from('\0\0\0\x18ftyp')],
  };
  for (const [format, files] of Object.entries(formats))
    for (const bytes of files) assert.equal(formatOf(bytes) ?? 'none', format, bytes.toString('latin1'));
});

test('a HEIC photo is kept upright, in its colours, and without what was written into it', async (t) => {
  const w = await withClient(await world(t));
  assert.ok(PHOTO.includes('secret place'));
  await upload(w, 'POST', LOGO_OF_APP, PHOTO);
  const { bytes } = await shown(w, LOGO_OF_APP);
  const { exif, xmp, icc, orientation, width, height } = await sharp(bytes).metadata();
  assert.deepEqual([exif, xmp, icc, orientation, width, height], [undefined, undefined, undefined, undefined, 32, 64]);
  assert.equal(bytes.includes('secret'), false);
  // Display P3 of (30, 60, 200) and (200, 100, 50) in sRGB. Without its profile the photo would be paler.
  const colours = [
    [17, 61, 208],
    [215, 93, 31],
  ];
  const seen = await corners(bytes);
  for (const [i, colour] of colours.entries())
    for (const [j, value] of colour.entries()) assert.ok(Math.abs(value - seen[i]![j]!) <= 5, `${seen[i]} for ${colour}`);
});

test('what is transparent in a HEIC file stays so', async (t) => {
  const w = await withClient(await world(t));
  await upload(w, 'POST', LOGO_OF_APP, LOGO);
  const [left, right] = await corners((await shown(w, LOGO_OF_APP)).bytes);
  assert.deepEqual([left?.[3], right?.[3]], [0, 255]);
});

test('a HEIC file that is cut short or damaged is no image', async (t) => {
  const w = await withClient(await world(t));
  const boss = await person(w, { username: 'boss', admin: true });
  const key = await keyOf(w, boss);
  const damaged = Buffer.from(PHOTO);
  damaged.fill(0xff, damaged.indexOf('iloc'), damaged.indexOf('iloc') + 40);
  const files = [PHOTO.subarray(0, 20), PHOTO.subarray(0, 400), PHOTO.subarray(0, -30), damaged];
  for (const [method, path] of [...SLOTS, ['PUT', '/api/users/me/profile-picture'] as const])
    for (const file of files)
      assert.deepEqual(await codeOf(await upload(w, method, path, file, { key })), [400, 'invalid_image'], `${path} ${file.length}`);
});

test('SEC-219 a HEIC file whose header tells too many pixels is not decoded', async (t) => {
  const w = await withClient(await world(t));
  for (const [width, height] of [
    [60_000, 60_000],
    [26_000_001, 1],
    [0xffffffff, 0xffffffff],
  ] as const)
    assert.deepEqual(await codeOf(await upload(w, 'POST', LOGO_OF_APP, ofSize(PHOTO, width, height))), [400, 'invalid_image']);
  await assert.rejects(tiffOfHeic(ofSize(LOGO, 60_000, 60_000)), { extra: { detail: 'HEIC: too many pixels' } });
});

const LIMITS = { maxPixels: 10_000, maxMemory: 64 * 1024 * 1024, milliseconds: 60_000 };
const detailOf = (refused: Promise<unknown>) =>
  refused.then(
    () => 'decoded',
    (error: unknown) => (error instanceof AppError && error.code === 'invalid_image' ? error.extra.detail : error),
  );

test('SEC-219 a HEIC file that needs too much time or memory is given up, and the next one is decoded', async () => {
  const filler = Buffer.alloc(80 * 1024 * 1024);
  filler.writeUInt32BE(filler.length);
  filler.write('free', 4);
  assert.equal(await detailOf(tiffOfHeic(Buffer.concat([LOGO, filler]), LIMITS)), 'HEIC: the image needs too much memory');
  assert.equal(await detailOf(tiffOfHeic(LOGO, { ...LIMITS, milliseconds: 1 })), 'HEIC: takes too long');
  assert.equal(await detailOf(tiffOfHeic(LOGO, LIMITS)), 'decoded');
});

test('in a small container a large HEIC picture is refused before it takes the memory of everything else', () => {
  const mib = 1024 * 1024;
  const roomy = limitsWith(8192 * mib);
  assert.deepEqual([roomy.maxPixels, roomy.maxMemory], [26_000_000, 256 * mib]);
  const tight = limitsWith(200 * mib);
  assert.ok(tight.maxPixels * 16 <= 136 * mib && tight.maxPixels > 8_000_000, `${tight.maxPixels}`);
  assert.equal(tight.maxMemory, 136 * mib);
  assert.throws(
    () => limitsWith(100 * mib),
    (error) => error instanceof AppError && error.code === 'unavailable',
  );
});

test('of many HEIC files at once the last are told to come again', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => tiffOfHeic(LOGO, { ...LIMITS, milliseconds: 1 }).catch((error: AppError) => error.code)),
  );
  assert.deepEqual(new Set(answers.slice(0, 3)), new Set(['invalid_image']));
  assert.deepEqual(new Set(answers.slice(3)), new Set(['unavailable']));
  assert.equal(await detailOf(tiffOfHeic(LOGO, LIMITS)), 'decoded', 'those that were answered do not wait any more');
});

test('the event loop turns while a HEIC file is decoded', async () => {
  let turns = 0;
  let counting = true;
  const count = () => {
    turns++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  await tiffOfHeic(LOGO, LIMITS);
  counting = false;
  assert.ok(turns > 50, `${turns} turns`);
});
