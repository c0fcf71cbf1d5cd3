import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { browser } from '../testing/browser.ts';
import { upload } from '../testing/uploads.ts';
import { type World, world } from '../testing/world.ts';

/** Pixels that no format packs well, in a colour cast that tells one picture from another. */
const noise = (width: number, height: number, cast = '#888') =>
  sharp({ create: { width, height, channels: 3, background: cast, noise: { type: 'gaussian', mean: 128, sigma: 20 } } }).tint(cast);

const CLIENT = '/api/oidc/clients/app/logo';
const OWN = '/api/application-images/logo';
const BOTH = [
  ['POST', CLIENT],
  ['PUT', OWN],
] as const;

const installation = async (...from: Parameters<typeof world>): Promise<World> => {
  const w = await world(...from);
  await w.api('POST', '/api/oidc/clients', { id: 'app', name: 'App', callbackURLs: ['https://app.example.org/cb'] });
  return w;
};
const served = async (w: World, path: string, headers: Record<string, string> = {}) => {
  const response = await w.request(path, { headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get('content-type'), tag: response.headers.get('etag') ?? '', bytes, response };
};

test('a logo of pixels is served as small as pages show it to who asks for that, and as it was uploaded to everybody else', async (t) => {
  const w = await installation(t);
  for (const [method, path] of BOTH) {
    await upload(w, method, path, await noise(512, 512).png().toBuffer());
    const whole = await served(w, path);
    const small = await served(w, `${path}?size=small`);
    const { format, width, height } = await sharp(small.bytes).metadata();
    assert.deepEqual([small.status, small.type, format, width, height], [200, 'image/webp', 'webp', 108, 108], path);
    assert.ok(small.bytes.length < whole.bytes.length / 20, `${small.bytes.length} of ${whole.bytes.length} bytes`);
    for (const query of ['', '?size=', '?size=Small', '?size=9999', '?size=constructor', ...(path === CLIENT ? ['?size=tiny'] : [])]) {
      const other = await served(w, path + query);
      assert.deepEqual([other.type, other.tag, other.bytes.equals(whole.bytes)], ['image/png', whole.tag, true], query);
    }
    assert.equal((await sharp(whole.bytes).metadata()).width, 512);
  }
});

test('a wide logo keeps its proportions, and a small one is not blown up', async (t) => {
  const w = await installation(t);
  const sides = async (path: string, size = 'small') => {
    const { width, height } = await sharp((await served(w, `${path}?size=${size}`)).bytes).metadata();
    return [width, height];
  };
  for (const [method, path] of BOTH) await upload(w, method, path, await noise(800, 200).png().toBuffer());
  assert.deepEqual(
    [await sides(CLIENT), await sides(OWN), await sides(OWN, 'tiny')],
    [
      [108, 27],
      [240, 60],
      [192, 48],
    ],
  );
  await upload(w, 'POST', CLIENT, await noise(60, 40).png().toBuffer());
  assert.deepEqual(await sides(CLIENT), [60, 40]);
});

test('the small logo has a tag of its own, and is cached as the large one is: for ever in the version that its address names', async (t) => {
  const w = await installation(t);
  for (const [method, path] of BOTH) {
    await upload(w, method, path, await noise(300, 300).png().toBuffer());
    const whole = await served(w, path);
    const version = whole.tag.replaceAll('"', '');
    const small = await served(w, `${path}?v=${version}&size=small`);
    assert.notEqual(small.tag, whole.tag);
    const but = ({ response }: typeof small, names: string[]) => [...response.headers].filter(([name]) => !names.includes(name));
    const own = ['content-type', 'content-length', 'etag', 'x-request-id'];
    assert.deepEqual(but(small, own), but(await served(w, `${path}?v=${version}`), own));
    assert.equal(small.response.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.match((await served(w, `${path}?v=other&size=small`)).response.headers.get('cache-control') ?? '', /^public, max-age=900,/);
    assert.equal((await served(w, `${path}?size=small`, { 'if-none-match': small.tag })).status, 304);
    assert.equal((await served(w, `${path}?size=small`, { 'if-none-match': whole.tag })).status, 200);
    assert.equal((await served(w, path, { 'if-none-match': small.tag })).status, 200);
  }
});

test('the small logo is the one for the ground that is asked for, and another one as soon as the logo is', async (t) => {
  const w = await installation(t);
  const isRed = async (path: string) => {
    const { channels } = await sharp((await served(w, path)).bytes).stats();
    return channels[0]!.mean > channels[2]!.mean;
  };
  for (const [method, path] of BOTH) {
    await upload(w, method, path, await noise(300, 300, '#f00').png().toBuffer());
    if (path === CLIENT) assert.equal(await isRed(`${path}?light=false&size=small`), true, 'the dark one falls back to the light one');
    await upload(w, method, `${path}?light=false`, await noise(300, 300, '#00f').png().toBuffer());
    assert.deepEqual([await isRed(`${path}?size=small`), await isRed(`${path}?light=false&size=small`)], [true, false], path);
    await upload(w, method, path, await noise(300, 300, '#00f').png().toBuffer());
    assert.equal(await isRed(`${path}?size=small`), false, path);
  }
});

test('of what moves the small logo is a still, and of a Windows icon its largest picture', async (t) => {
  const w = await installation(t);
  const frames = await noise(200, 600).raw().toBuffer();
  const moving = await sharp(frames, { raw: { width: 200, height: 600, channels: 3, pageHeight: 200 } })
    .webp({ lossless: true })
    .toBuffer();
  assert.equal((await sharp(moving, { animated: true }).metadata()).pages, 3);
  const png = await noise(256, 256).png().toBuffer();
  const head = Buffer.alloc(22);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(1, 4);
  head.writeUInt32LE(png.length, 14);
  head.writeUInt32LE(22, 18);
  for (const file of [moving, Buffer.concat([head, png])]) {
    await upload(w, 'POST', CLIENT, file);
    const { bytes } = await served(w, `${CLIENT}?size=small`);
    const { format, width, height, pages } = await sharp(bytes, { animated: true }).metadata();
    assert.deepEqual([format, width, height, pages ?? 1], ['webp', 108, 108, 1]);
  }
});

test('a drawing, a picture that would not get smaller and one that cannot be opened are served as they are', async (t) => {
  const w = await installation(t);
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">${'<rect width="8" height="8"/>'.repeat(200)}</svg>`;
  const tiny = await noise(16, 16).png().toBuffer();
  // As large as the small one, and written for its size: written anew it would be larger.
  const packed = await noise(108, 108).webp({ quality: 50 }).toBuffer();
  const torn = packed.subarray(0, packed.length - 300);
  assert.ok(torn.length > 2048, 'of as few bytes nothing is opened');
  const put = (bytes: Uint8Array) =>
    w.database.db
      .updateTable('image')
      .set({ bytes, type: 'image/webp', hash: `stored${bytes.length}` })
      .where('key', '=', 'client/app/light')
      .execute();
  for (const file of [drawing, tiny]) {
    await upload(w, 'POST', CLIENT, file);
    const [whole, small] = [await served(w, CLIENT), await served(w, `${CLIENT}?size=small`)];
    assert.deepEqual([small.type, small.tag, small.bytes.equals(whole.bytes)], [whole.type, whole.tag, true]);
  }
  for (const bytes of [packed, torn, Buffer.alloc(5000, 'no picture')]) {
    await put(bytes);
    const small = await served(w, `${CLIENT}?size=small`);
    assert.deepEqual([small.status, small.tag, small.bytes.equals(bytes)], [200, `"stored${bytes.length}"`, true]);
  }
});

test('the small logo is made once, however many ask for it together', async (t) => {
  const w = await installation(t);
  await upload(w, 'POST', CLIENT, await noise(300, 300).png().toBuffer());
  const made = t.mock.method(sharp.prototype, 'toBuffer');
  const tags = await Promise.all(Array.from({ length: 8 }, async () => (await served(w, `${CLIENT}?size=small`)).tag));
  assert.deepEqual([new Set(tags).size, made.mock.callCount()], [1, 1]);
});

test('pages link small logos, in the version they have', async (t) => {
  const w = await installation(t);
  for (const [method, path] of BOTH)
    for (const ground of ['', '?light=false'])
      await upload(
        w,
        method,
        path + ground,
        await noise(300, 300, ground ? '#00f' : '#f00')
          .png()
          .toBuffer(),
      );
  const { visit } = browser(w);
  const request = new URLSearchParams({
    client_id: 'app',
    redirect_uri: 'https://app.example.org/cb',
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'A'.repeat(43),
    code_challenge_method: 'S256',
  });
  const signIn = (await visit(`/authorize?${request}`, { site: 'cross-site' })).headers.get('location') ?? '';
  const html = await (await visit(signIn)).text();
  const addresses = [...html.matchAll(/(?:src|srcset)="(\/api\/[^"]*)"/g)].map(([, address]) => (address ?? '').replaceAll('&amp;', '&'));
  const paths = addresses.map((address) => address.replace(/\bv=[\w-]+/, 'v='));
  assert.deepEqual(paths.sort(), [`${OWN}?light=false&v=&size=tiny`, `${OWN}?v=&size=tiny`, `${CLIENT}?v=&size=small`]);
  for (const address of addresses) {
    const { type, response } = await served(w, address);
    assert.deepEqual([type, response.headers.get('cache-control')], ['image/webp', 'public, max-age=31536000, immutable'], address);
  }
});
