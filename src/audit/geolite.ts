import { createWriteStream } from 'node:fs';
import { rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Clock } from '#platform/clock.ts';
import type { Log } from '#platform/log.ts';
import { makeDirectory } from '#platform/make-directory.ts';
import { openPlaces } from './places.ts';

/** `%s` stands for the licence key. */
const MAXMIND = 'https://download.maxmind.com/app/geoip_download?edition_id=GeoLite2-City&license_key=%s&suffix=tar.gz';
const DAY = 86_400;
/** MaxMind serves a key thirty downloads in a day. */
const RETRY_SECONDS = 3600;
const TIMEOUT_MS = 10 * 60 * 1000;
const MAX_BYTES = 512 * 1024 * 1024;
const BLOCK = 512;

/** The bytes of the first `.mmdb` file of a tar archive (POSIX ustar). */
async function* databaseIn(tar: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let body = 0;
  let skip = 0;
  let isWanted = false;
  for await (const chunk of tar) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length > 0) {
      if (body > 0) {
        const part = rest.subarray(0, body);
        if (isWanted) yield part;
        body -= part.length;
        rest = rest.subarray(part.length);
        if (isWanted && body === 0) return;
      } else if (skip > 0) {
        const part = Math.min(skip, rest.length);
        skip -= part;
        rest = rest.subarray(part);
      } else {
        if (rest.length < BLOCK) break;
        const size = Number.parseInt(rest.toString('latin1', 124, 136), 8) || 0;
        if (size > MAX_BYTES) throw new Error('the archive holds too large a file');
        isWanted = /\.mmdb\0/.test(rest.toString('latin1', 0, 101)) && size > 0;
        body = size;
        skip = (BLOCK - (size % BLOCK)) % BLOCK;
        rest = rest.subarray(BLOCK);
      }
    }
  }
  throw new Error('the archive holds no whole .mmdb file');
}

interface Deps {
  file: string;
  /** Absent: MaxMind's. */
  url: string | undefined;
  licenseKey: string | undefined;
  clock: Clock;
  log: Log;
  /** For tests. */
  get?: (url: string, init: RequestInit) => Promise<Response>;
}

/**
 * Fetches GeoLite2 as a gzipped tar once a day into `file`; undefined when nothing is configured to be fetched. What does not open as a database never
 * takes the place of one. Failures are thrown without the address, which holds the key.
 */
export function createGeoliteUpdate({ file, url = MAXMIND, licenseKey, clock, log, get = fetch }: Deps): (() => Promise<void>) | undefined {
  if (licenseKey === undefined && url.includes('%s')) return undefined;
  const address = url.replaceAll('%s', encodeURIComponent(licenseKey ?? ''));
  let triedAt = Number.NEGATIVE_INFINITY;

  const fetchInto = async (draft: string) => {
    const response = await get(address, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => {
      throw new Error('the server cannot be reached');
    });
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    await pipeline(Readable.fromWeb(response.body as never), createGunzip(), databaseIn, createWriteStream(draft, { mode: 0o600 }));
    await openPlaces(draft);
  };

  return async () => {
    const now = clock.now();
    const written = await stat(file).then(
      ({ mtimeMs }) => mtimeMs / 1000,
      () => undefined,
    );
    if ((written !== undefined && now - written < DAY) || now - triedAt < RETRY_SECONDS) return;
    triedAt = now;
    const draft = `${file}.${process.pid}`;
    try {
      makeDirectory(dirname(file));
      await fetchInto(draft);
      await utimes(draft, now, now);
      await rename(draft, file);
      log.info('the geo database was updated', { path: file });
    } finally {
      await rm(draft, { force: true });
    }
  };
}
