import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import { invalidField } from '#platform/errors.ts';
import { acceptedEncoding, compress } from '#platform/http/compress.ts';
import type { Ctx, Env } from '#platform/http/context.ts';
import { clientIdOf } from '../clients/contract.ts';
import * as contract from './contract.ts';
import type { ApplicationImage, Images, ServedImage } from './service.ts';
import type { LogoPlace } from './small.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The multipart field `file`. Its name and type are the sender's claim and are not looked at. */
async function fileOf(c: Ctx): Promise<Uint8Array> {
  const form = await c.req.formData().catch(() => undefined);
  const file = form?.get('file');
  if (!(file instanceof File)) throw invalidField('file', 'required', 'File is required');
  return new Uint8Array(await file.arrayBuffer());
}

const isLight = (c: Ctx) => c.req.query('light') !== 'false';

/** How long caches may keep an image: not at all with `skipCache`, for ever when the query names the version (`v`) that is answered. */
function caching(c: Ctx, version: string, staleSeconds: number): string {
  if (['skipCache', 'skip-cache'].some((key) => c.req.query(key) !== undefined)) return 'private, no-store';
  return c.req.query('v') === version
    ? 'public, max-age=31536000, immutable'
    : `public, max-age=900, stale-while-revalidate=${staleSeconds}`;
}

/** Of drawings up to this size, compressing one takes a millisecond; it is a logo beside the sign-in button, and text. */
const COMPRESSED_BYTES = 64 * 1024;

/** How an image travels: only drawings gain by being compressed. */
const codingOf = (c: Ctx, { type, bytes }: ServedImage) =>
  type === 'image/svg+xml' && bytes.length <= COMPRESSED_BYTES ? acceptedEncoding(c.req.header('accept-encoding')) : undefined;

/**
 * An image, which may be shown by any site and stays in caches for a while. Opened by itself it can do nothing:
 * no script, no request, no origin. `version` is what its address may name: the hash of what was uploaded, also where it is served smaller.
 */
function respond(c: Ctx, image: ServedImage, staleSeconds: number, version = image.hash): Response {
  const coding = codingOf(c, image);
  // Other bytes have another tag (RFC 9110 section 8.8.3.3).
  const tag = `"${image.hash}${coding ? `-${coding}` : ''}"`;
  const headers = {
    'Cache-Control': caching(c, version, staleSeconds),
    ETag: tag,
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'X-Content-Type-Options': 'nosniff',
    Vary: 'Accept-Encoding',
  };
  const known = c.req
    .header('if-none-match')
    ?.split(',')
    .map((part) => part.trim().replace(/^W\//, ''));
  if (known?.includes(tag)) return c.body(null, 304, headers);
  if (coding) {
    const { buffer, byteOffset, length } = image.bytes;
    const compressed = compress(Buffer.from(buffer, byteOffset, length), coding, 4);
    return c.body(compressed, 200, { ...headers, 'Content-Type': image.type, 'Content-Encoding': coding });
  }
  // Not copied: see held-once.ts.
  return c.body(image.bytes as Uint8Array<ArrayBuffer>, 200, { ...headers, 'Content-Type': image.type });
}

/** What the query may ask for, and where on pages that is. */
const SIZES_OF_CLIENT = new Map<string | undefined, LogoPlace>([['small', 'client']]);
const SIZES_OF_OWN = new Map<string | undefined, LogoPlace>([
  ['small', 'application'],
  ['tiny', 'mark'],
]);

const HOUR = 3600;
const DAY = 24 * HOUR;

export function imageRoutes(app: OpenAPIHono<Env>, { images }: { images: Images }): void {
  const respondLogo = async (c: Ctx, logo: ServedImage, sizes: Map<string | undefined, LogoPlace>, staleSeconds: number) => {
    const place = sizes.get(c.req.query('size'));
    return respond(c, place ? await images.small(logo, place) : logo, staleSeconds, logo.hash);
  };

  app.openapi(contract.getPicture, async (c) => {
    const { id } = c.req.valid('param');
    if (!UUID.test(id)) throw invalidField('id', 'invalid_format', 'Id is not a valid UUID');
    return respond(c, await images.picture(id), HOUR);
  });
  for (const [route, own] of [
    [contract.setMyPicture, true],
    [contract.setPicture, false],
  ] as const) {
    app.openapi(route, async (c) => {
      const actor = actorOf(c);
      await images.setPicture(actor, own ? actor.id : c.req.param('id'), await fileOf(c));
      return c.body(null, 204);
    });
  }
  for (const [route, own] of [
    [contract.removeMyPicture, true],
    [contract.removePicture, false],
  ] as const) {
    app.openapi(route, async (c) => {
      const actor = actorOf(c);
      await images.removePicture(actor, own ? actor.id : c.req.param('id'));
      return c.body(null, 204);
    });
  }

  app.openapi(contract.getLogo, async (c) =>
    respondLogo(c, await images.logo(clientIdOf(c.req.valid('param').id), isLight(c)), SIZES_OF_CLIENT, DAY / 2),
  );
  app.openapi(contract.setLogo, async (c) => {
    await images.setLogo(actorOf(c), clientIdOf(c.req.valid('param').id), isLight(c), await fileOf(c));
    return c.body(null, 204);
  });
  app.openapi(contract.removeLogo, async (c) => {
    await images.removeLogo(actorOf(c), clientIdOf(c.req.valid('param').id), isLight(c));
    return c.body(null, 204);
  });

  // Browsers ask for this where no page names an icon: beside an image, a text, or JSON.
  app.get('/favicon.ico', (c) => c.redirect('/api/application-images/favicon'));

  for (const [name, removable] of [
    ['logo', true],
    ['email', false],
    ['background', true],
    ['favicon', false],
    ['default-profile-picture', true],
  ] as const) {
    const which = (c: Ctx): ApplicationImage => (name === 'logo' ? (isLight(c) ? 'logoLight' : 'logoDark') : name);
    const routes = contract.applicationImage(name);
    app.openapi(routes.get, async (c) => {
      const image = await images.application(which(c));
      return name === 'logo' ? respondLogo(c, image, SIZES_OF_OWN, DAY) : respond(c, image, DAY);
    });
    app.openapi(routes.put, async (c) => {
      await images.setApplication(actorOf(c), which(c), await fileOf(c));
      return c.body(null, 204);
    });
    if (removable)
      app.openapi(routes.delete, async (c) => {
        await images.removeApplication(actorOf(c), which(c));
        return c.body(null, 204);
      });
  }
}
