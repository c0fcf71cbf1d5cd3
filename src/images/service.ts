import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { AppError } from '#platform/errors.ts';
import { MAX_FILE_BYTES } from '#platform/http/file-size.ts';
import { FetchRefused, FetchTooLarge, type PublicFetch } from '#platform/http/public-fetch.ts';
import type { Audit } from '../audit/service.ts';
import { createChosenImages } from './chosen.ts';
import { type CleanImage, cleanImage, type Format, formatOf, inPixels, portrait } from './formats.ts';
import { heldOnce } from './held-once.ts';
import { initialsOf, initialsPicture } from './initials.ts';
import { madeOnce } from './made-once.ts';
import { smallLogos } from './small.ts';
import { imageStore } from './store.ts';

type Tx = Transaction<Tables>;
export interface ServedImage extends CleanImage {
  /** Of the bytes: an entity tag. */
  hash: string;
}
/** Images of the installation, each with the formats that may be sent for it; undefined: all that a logo may be. */
export const APPLICATION_IMAGES = {
  logoLight: undefined,
  logoDark: undefined,
  email: ['png', 'jpeg'],
  background: undefined,
  favicon: ['svg', 'png', 'ico'],
  'default-profile-picture': undefined,
} as const satisfies Record<string, readonly Format[] | undefined>;
export type ApplicationImage = keyof typeof APPLICATION_IMAGES;

interface Deps {
  db: Db;
  clock: Clock;
  audit: Audit;
  fetchPublic: PublicFetch;
  /** What is served of the installation's images until somebody replaces or removes them. */
  defaults: Partial<Record<ApplicationImage, CleanImage>>;
  owners: {
    /** The user's or client's row, held until the transaction ends; each throws when there is none or the actor has no say over it. */
    holdUser(tx: Tx, actor: Actor, id: string): Promise<{ id: string; username: string }>;
    holdClient(tx: Tx, id: string): Promise<{ id: string; name: string }>;
    /** The name a person is shown by; undefined when there is nobody. */
    nameOf(userId: string): Promise<string | undefined>;
  };
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
const served = (image: CleanImage): ServedImage => ({ ...image, hash: hashOf(image.bytes) });
const logoKey = (clientId: string, light: boolean) => `client/${clientId}/${light ? 'light' : 'dark'}`;
const missing = () => new AppError('image_not_found');
/** An image that was removed is a row without bytes: without it the default would come back. */
const REMOVED = { type: '', bytes: new Uint8Array() };
const INITIALS_KEPT = 500;

export function createImages({ db, clock, audit, fetchPublic, defaults, owners }: Deps) {
  const given = Object.fromEntries(Object.entries(defaults).map(([name, image]) => [name, served(image)])) as Partial<
    Record<ApplicationImage, ServedImage>
  >;
  const initials = madeOnce<ServedImage>(INITIALS_KEPT);
  const chosen = createChosenImages({ db, clock });

  const held = heldOnce();
  const read = async (key: string): Promise<ServedImage | undefined> => {
    const [version] = await imageStore(db).versions([key]);
    const bytes = version && held.find(version.hash);
    if (bytes) return { type: version.type, hash: version.hash, bytes };
    const image = await imageStore(db).byKey(key);
    if (image) held.keep(image.hash, image.bytes);
    return image;
  };
  const put = (tx: Db, key: string, image: CleanImage, owner: { user_id?: string; client_id?: string } = {}) =>
    imageStore(tx).put({ key, user_id: null, client_id: null, ...owner, ...served(image), updated_at: clock.now() });

  const pictureOfInitials = (name: string): Promise<ServedImage> => {
    const letters = initialsOf(name);
    return initials(letters, async () => served({ type: 'image/png', bytes: await initialsPicture(letters) }));
  };

  const application = async (name: ApplicationImage): Promise<ServedImage | undefined> => {
    const stored = await read(`app/${name}`);
    return stored ? (stored.bytes.length > 0 ? stored : undefined) : given[name];
  };

  /** Makes an image, which may be what `fetchLogo` brought, a client's logo within the caller's transaction, and tells the audit log. */
  const storeLogo = async (
    tx: Tx,
    actor: Actor,
    client: { id: string; name: string },
    variant: 'light' | 'dark',
    image: CleanImage,
  ): Promise<void> => {
    const key = logoKey(client.id, variant === 'light');
    // Who manages clients by files names the same address with every run.
    if ((await imageStore(tx).hashOf(key)) === hashOf(image.bytes)) return;
    await put(tx, key, image, { client_id: client.id });
    await audit.administered(tx, actor, { event: 'CLIENT_LOGO_UPDATED', client, data: { logo: variant } });
  };

  return {
    /** Of the images that pages show, those an administrator replaced; as of a few seconds ago at most. */
    chosen: chosen.list,

    /** Throws `image_not_found`, also for one that was removed. */
    async application(name: ApplicationImage): Promise<ServedImage> {
      const image = await application(name);
      if (!image) throw missing();
      return image;
    },

    async setApplication(actor: Actor, name: ApplicationImage, bytes: Uint8Array): Promise<void> {
      const image =
        name === 'default-profile-picture' ? await portrait(await inPixels(bytes)) : await cleanImage(bytes, APPLICATION_IMAGES[name]);
      await db.transaction().execute(async (tx) => {
        await put(tx, `app/${name}`, image);
        await audit.administered(tx, actor, { event: 'APPLICATION_IMAGE_UPDATED', data: { image: name } });
      });
      await chosen.reload();
    },

    async removeApplication(actor: Actor, name: ApplicationImage): Promise<void> {
      await db.transaction().execute(async (tx) => {
        await put(tx, `app/${name}`, REMOVED);
        await audit.administered(tx, actor, { event: 'APPLICATION_IMAGE_DELETED', data: { image: name } });
      });
      await chosen.reload();
    },

    /** The dark logo falls back to the light one. Throws `image_not_found`. */
    async logo(clientId: string, light: boolean): Promise<ServedImage> {
      const image = (await read(logoKey(clientId, light))) ?? (light ? undefined : await read(logoKey(clientId, true)));
      if (!image) throw missing();
      return image;
    },

    /** A logo as pages show it: see small.ts. */
    small: smallLogos(served),

    async setLogo(actor: Actor, clientId: string, light: boolean, bytes: Uint8Array): Promise<void> {
      const image = await cleanImage(bytes);
      await db
        .transaction()
        .execute(async (tx) => storeLogo(tx, actor, await owners.holdClient(tx, clientId), light ? 'light' : 'dark', image));
    },

    async removeLogo(actor: Actor, clientId: string, light: boolean): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const client = await owners.holdClient(tx, clientId);
        const removed = await imageStore(tx).remove(logoKey(client.id, light));
        if (removed)
          await audit.administered(tx, actor, { event: 'CLIENT_LOGO_DELETED', client, data: { logo: light ? 'light' : 'dark' } });
      });
    },

    /**
     * Downloads a logo from a public address within `timeoutMs`, or the few seconds that strangers may have us wait. Throws `logo_download_failed`,
     * `logo_type_not_supported` or `logo_too_large`.
     */
    async fetchLogo(url: string, timeoutMs?: number): Promise<CleanImage> {
      const fetched = await fetchPublic(url, { maxBytes: MAX_FILE_BYTES, accept: 'image/*', timeoutMs }).catch((cause: unknown) => {
        if (cause instanceof FetchTooLarge) throw new AppError('logo_too_large');
        if (cause instanceof FetchRefused) throw new AppError('logo_download_failed', { detail: cause.message });
        throw cause;
      });
      if (!formatOf(fetched.bytes)) throw new AppError('logo_type_not_supported');
      return cleanImage(fetched.bytes).catch((cause: unknown) => {
        throw cause instanceof AppError && cause.code === 'invalid_image' ? new AppError('logo_type_not_supported', { cause }) : cause;
      });
    },

    storeLogo,

    /**
     * Makes this the light logo, or takes it away, unless there is another one than `ours` (its hash): what an administrator chose stays. Answers the
     * hash of what was stored.
     */
    async replaceLogo(tx: Tx, clientId: string, image: CleanImage | undefined, ours: string | null): Promise<string | null> {
      const key = logoKey(clientId, true);
      const there = await imageStore(tx).hashOf(key);
      if (there !== undefined && there !== ours) return null;
      if (image) await put(tx, key, image, { client_id: clientId });
      else if (there !== undefined) await imageStore(tx).remove(key);
      return image ? hashOf(image.bytes) : null;
    },

    /** Which logos clients have, `version` being the light one's; a client without any is not in the map. */
    async logosOf(clientIds: readonly string[]): Promise<Map<string, { light: boolean; dark: boolean; version?: string }>> {
      const found = new Map<string, { light: boolean; dark: boolean; version?: string }>();
      if (clientIds.length === 0) return found;
      for (const { client_id, key, hash } of await imageStore(db).logosOf(clientIds)) {
        const logos = found.get(client_id as string) ?? { light: false, dark: false };
        found.set(client_id as string, key.endsWith('/dark') ? { ...logos, dark: true } : { ...logos, light: true, version: hash });
      }
      return found;
    },

    /** Somebody's own picture, else the uploaded default, else their initials. Throws `user_not_found`. */
    async picture(userId: string): Promise<ServedImage> {
      const own = await read(`user/${userId}`);
      if (own) return own;
      const name = await owners.nameOf(userId);
      if (name === undefined) throw new AppError('user_not_found');
      return (await application('default-profile-picture')) ?? pictureOfInitials(name);
    },

    async setPicture(actor: Actor, userId: string, bytes: Uint8Array): Promise<void> {
      // No list of types is promised here: what is no image at all is not one of the wrong type.
      if (bytes.length <= MAX_FILE_BYTES && !formatOf(bytes)) throw new AppError('invalid_image');
      const image = await portrait(bytes);
      await db.transaction().execute(async (tx) => {
        const user = await owners.holdUser(tx, actor, userId);
        await put(tx, `user/${user.id}`, image, { user_id: user.id });
        await audit.administered(tx, actor, { event: 'PROFILE_PICTURE_UPDATED', user });
      });
    },

    async removePicture(actor: Actor, userId: string): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const user = await owners.holdUser(tx, actor, userId);
        if (await imageStore(tx).remove(`user/${user.id}`)) await audit.administered(tx, actor, { event: 'PROFILE_PICTURE_DELETED', user });
      });
    },
  };
}
export type Images = ReturnType<typeof createImages>;
