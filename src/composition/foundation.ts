import { createGeoliteUpdate } from '../audit/geolite.ts';
import { createAuditLists } from '../audit/lists.ts';
import { createLocate } from '../audit/locate.ts';
import { createPlaces } from '../audit/places.ts';
import { createAudit } from '../audit/service.ts';
import type { Clock } from '../platform/clock.ts';
import { type Config, SETTINGS } from '../platform/config.ts';
import { recogniseInstallation } from '../platform/db/installation.ts';
import type { Database } from '../platform/db/open.ts';
import { createPublicFetch, type PublicFetch } from '../platform/http/public-fetch.ts';
import type { Log } from '../platform/log.ts';
import { type Pause, pause as reallyPause } from '../platform/pause.ts';
import type { Random } from '../platform/random.ts';
import { createSeal } from '../platform/seal.ts';
import { cookies as cookiesOf } from '../sessions/cookies.ts';
import { createSettings } from '../settings/service.ts';
import { createSigningKeys, type GenerateKey } from '../signing-keys/service.ts';

export interface Deps {
  config: Config;
  database: Database;
  clock: Clock;
  random: Random;
  log: Log;
  /** A command beside the server: the installation stays as the server has it. */
  visiting?: boolean;
  /** Tests bring keys of their own instead of searching for primes. */
  generateKey?: GenerateKey;
  /** How addresses that came from outside are fetched; tests reach servers of their own. */
  fetchPublic?: PublicFetch;
  /** How time is let pass while a request waits; tests do not wait. */
  pause?: Pause;
}

function placesOf({ config, clock, log }: Deps) {
  const geolite = { file: config.geoliteDbPath, url: config.geoliteDbUrl, licenseKey: config.maxmindLicenseKey };
  const update = createGeoliteUpdate({ ...geolite, clock, log });
  const isExpected = config.geoliteDbPath !== SETTINGS.geoliteDbPath.default && !update;
  return createPlaces({ file: config.geoliteDbPath, isExpected, update, log });
}

/** What everything else stands on: secrets, places, the audit log, settings and keys. Throws StartError or ConfigError when it can't. */
export async function createFoundation(deps: Deps) {
  const { config, database, clock, random, log, visiting, generateKey, fetchPublic = createPublicFetch(), pause = reallyPause } = deps;
  const { db } = database;
  const seal = createSeal(config.encryptionKey);
  await recogniseInstallation(db, { seal, appUrl: config.appUrl, random, log, visiting });
  const places = placesOf(deps);
  const locate = createLocate(places.locate, config.localIpv6Ranges);
  const audit = createAudit({ clock, random, locate });
  const auditLists = createAuditLists({ db, clock, retentionDays: config.auditLogRetentionDays });
  const cookies = cookiesOf(config);
  const variable = config.uiConfigDisabled ? (config.variable ?? (() => undefined)) : undefined;
  const settings = await createSettings({ db, clock, seal, audit, log, variable });
  const signingKeys = await createSigningKeys({ db, clock, seal, log, audit, generate: generateKey });
  return {
    config,
    database,
    db,
    clock,
    random,
    log,
    fetchPublic,
    pause,
    seal,
    places,
    locate,
    audit,
    auditLists,
    cookies,
    settings,
    signingKeys,
    idleSeconds: () => settings.get('sessionDuration') * 60,
    uriPolicy: { allowInsecure: config.allowInsecureCallbackUrls },
  };
}
export type Foundation = Awaited<ReturnType<typeof createFoundation>>;
