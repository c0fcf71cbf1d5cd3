import type { JSONWebKeySet } from 'jose';
import type { ClientAssertions } from '#oidc/ports.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { PublicFetch } from '#platform/http/public-fetch.ts';
import { sha256 } from '#platform/random.ts';
import { assertionStore } from './assertion-store.ts';

const FRESH_SECONDS = 900;
/** A key set is asked for again at most this often, whatever key ids assertions claim. */
const REFRESH_SECONDS = 30;
const MAX_BYTES = 64 * 1024;
const MAX_CACHED = 200;

interface Cached {
  at: number;
  keys: JSONWebKeySet;
}

/** Issuers' key sets, fetched from public addresses (or named hosts) and kept for a quarter of an hour, and the assertions that were used. */
export function createClientAssertions({ db, clock, fetchPublic }: { db: Db; clock: Clock; fetchPublic: PublicFetch }) {
  const cache = new Map<string, Cached>();

  const read = async (url: string): Promise<JSONWebKeySet> => {
    const { bytes } = await fetchPublic(url, { maxBytes: MAX_BYTES, accept: 'application/jwk-set+json, application/json' });
    const parsed: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null || !Array.isArray((parsed as { keys?: unknown }).keys))
      throw new Error('not a key set');
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(url, { at: clock.now(), keys: parsed as JSONWebKeySet });
    return parsed as JSONWebKeySet;
  };

  const assertions: ClientAssertions = {
    keys: async (url, refresh) => {
      const held = cache.get(url);
      const age = held ? clock.now() - held.at : Number.POSITIVE_INFINITY;
      if (held && age < (refresh ? REFRESH_SECONDS : FRESH_SECONDS)) return held.keys;
      return read(url);
    },
    takeJti: async (issuer, jti, until) => (await assertionStore(db).take(sha256(`${issuer}\n${jti}`), until)) !== undefined,
  };
  return { ...assertions, sweep: (now: number, limit = 1000) => assertionStore(db).sweep(now, limit) };
}
