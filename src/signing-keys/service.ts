import { createPrivateKey, type webcrypto } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { type Keys, SIGNING_ALGS, type SigningAlg } from '#oidc/ports.ts';
import { ID_TOKEN_SECONDS } from '#oidc/tokens/id-token.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';
import { DatabaseUnavailable } from '#platform/db/unavailable.ts';
import type { Origin } from '#platform/http/context.ts';
import type { Log } from '#platform/log.ts';
import type { Seal } from '#platform/seal.ts';
import { within } from '#platform/within.ts';
import type { AuditEntry } from '../audit/service.ts';
import { signer } from './sign.ts';
import { signingKeyStore } from './store.ts';
import { provenClaims, unprovenHeader } from './verify.ts';

/** For how long applications may keep the JWKS; also said in its Cache-Control. */
export const JWKS_MAX_AGE_SECONDS = 300;
/** A new key is published this long before it signs: longer than anybody may keep an older JWKS, and than a replica takes to see it. */
export const NEXT_LEAD_SECONDS = 600;
/** How stale a replica's view of the keys may be. */
const REREAD_SECONDS = 60;
/** How long applications wait for that, before they are told what was read before. */
const PATIENCE_MS = 500;
/** Unknown key ids make us look again, but not for every request. */
const UNKNOWN_KID_SECONDS = 5;
const PURPOSE = 'signing-key';

/** Makes a pair of JWKs for an algorithm; injected so that tests need not search for primes. */
export type GenerateKey = (alg: SigningAlg) => Promise<{ publicJwk: JWK; privateJwk: JWK }>;

/** RSA 2048, P-256 or Ed25519. RS256 and PS256 get pairs of their own: one RSA key is never used with two paddings (RFC 8017 section 6). */
export const generateKey: GenerateKey = async (alg) => {
  const pair = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  return { publicJwk: await exportJWK(pair.publicKey), privateJwk: await exportJWK(pair.privateKey) };
};

interface VerifyingKey {
  alg: SigningAlg;
  key: CryptoKey;
  endsAt: number | null;
}
interface View {
  readAt: number;
  signing: Map<SigningAlg, { kid: string; sign: ReturnType<typeof signer> }>;
  verifying: Map<string, VerifyingKey>;
  jwks: { keys: Record<string, unknown>[] };
  jwksBytes: Uint8Array<ArrayBuffer>;
}

interface Deps {
  db: Db;
  clock: Clock;
  seal: Seal;
  log: Log;
  audit: { record(db: Db, entry: AuditEntry): Promise<void> };
  generate?: GenerateKey;
}

/**
 * The keys that sign tokens. Each algorithm has one `current` key; `rotate` publishes a `next` one, which takes over after NEXT_LEAD_SECONDS,
 * and the `retired` one stays published until every token it signed has ended. Keys are cached and re-read at least once a minute, so that
 * replicas on one database follow. Await it before serving: it makes missing keys, and of two processes that do so one wins.
 */
export async function createSigningKeys({ db, clock, seal, log, audit, generate = generateKey }: Deps) {
  const store = signingKeyStore(db);

  const makeKey = async (alg: SigningAlg, stage: 'current' | 'next', origin?: Origin) => {
    const { publicJwk, privateJwk } = await generate(alg);
    const kid = await calculateJwkThumbprint(publicJwk);
    const row: Row<'signing_key'> = {
      kid,
      alg,
      stage,
      public_jwk: JSON.stringify({ ...publicJwk, kid, alg, use: 'sig' }),
      sealed_private_jwk: seal.seal(PURPOSE, JSON.stringify(privateJwk)),
      created_at: clock.now(),
      ends_at: null,
    };
    const made = await db.transaction().execute(async (tx) => {
      const first = await signingKeyStore(tx).insertUnlessThere(row);
      if (first && origin) await audit.record(tx, { event: 'SIGNING_KEY_ROTATED', data: { alg, kid }, origin });
      return first;
    });
    if (made) log.info(`signing key made: ${alg}`, { kid, stage });
  };

  /** Retires `kid` and puts `successor` in its place; false when another process already did. `by`: somebody did that, rather than time. */
  const promote = async (kid: string, successor: string, endsAt: number, by?: { alg: SigningAlg; origin: Origin }): Promise<boolean> =>
    db.transaction().execute(async (tx) => {
      const keys = signingKeyStore(tx);
      if (!(await keys.move(kid, 'current', { stage: 'retired', ends_at: endsAt }))) return false;
      if (by) await audit.record(tx, { event: 'SIGNING_KEY_WITHDRAWN', data: { alg: by.alg, kid }, origin: by.origin });
      return keys.move(successor, 'next', { stage: 'current', ends_at: null });
    });

  /** When nothing signed until now (or by a replica that has not looked again yet) is good any more. */
  const lastUse = async (now: number) => {
    const longest = Math.max(ID_TOKEN_SECONDS, await store.longestTokenSeconds());
    return Math.max(now + REREAD_SECONDS + longest, await store.lastTokenEnd()) + 1;
  };

  const promoteDue = async (rows: Row<'signing_key'>[], now: number): Promise<boolean> => {
    let changed = false;
    for (const next of rows.filter((row) => row.stage === 'next' && row.created_at + NEXT_LEAD_SECONDS <= now)) {
      const current = rows.find((row) => row.stage === 'current' && row.alg === next.alg);
      if (current) changed = (await promote(current.kid, next.kid, await lastUse(now))) || changed;
    }
    return changed;
  };

  const opened = (row: Row<'signing_key'>): JWK => {
    try {
      return JSON.parse(seal.open(PURPOSE, row.sealed_private_jwk)) as JWK;
    } catch (cause) {
      throw new Error(`the signing key ${row.kid} cannot be opened: ENCRYPTION_KEY is not the one it was sealed under`, { cause });
    }
  };

  const viewOf = async (rows: Row<'signing_key'>[], readAt: number): Promise<View> => {
    const signing: View['signing'] = new Map();
    const verifying: View['verifying'] = new Map();
    const keys: Record<string, unknown>[] = [];
    for (const row of rows) {
      const alg = row.alg as SigningAlg;
      const jwk = JSON.parse(row.public_jwk) as JWK;
      const before = view?.verifying.get(row.kid)?.key;
      verifying.set(row.kid, { alg, key: before ?? ((await importJWK(jwk, alg)) as CryptoKey), endsAt: row.ends_at });
      keys.push(jwk as Record<string, unknown>);
      if (row.stage !== 'current') continue;
      const same = view?.signing.get(alg);
      signing.set(
        alg,
        same?.kid === row.kid
          ? same
          : { kid: row.kid, sign: signer(alg, createPrivateKey({ key: opened(row) as webcrypto.JsonWebKey, format: 'jwk' })) },
      );
    }
    const jwks = { keys };
    return { readAt, signing, verifying, jwks, jwksBytes: new TextEncoder().encode(JSON.stringify(jwks)) };
  };

  let view: View | undefined;
  const read = async (): Promise<View> => {
    const now = clock.now();
    let rows = await store.list(now);
    if (await promoteDue(rows, now)) rows = await store.list(now);
    view = await viewOf(rows, now);
    return view;
  };

  let reading: Promise<View> | undefined;
  const reread = (): Promise<View> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const fresh = () => (view && Math.abs(clock.now() - view.readAt) <= REREAD_SECONDS ? view : undefined);
  const current = async (): Promise<View> => fresh() ?? reread();

  /** What applications check tokens with is told also while the database is away or slow, as it was read last. */
  const published = async (): Promise<View> => {
    const before = view;
    if (fresh() || !before) return current();
    const read = reread().catch((cause: unknown) => {
      if (!(cause instanceof DatabaseUnavailable)) throw cause;
      log.error('error reading the signing keys, publishing what was read before', { detail: String(cause) });
      return before;
    });
    const answer = await within(PATIENCE_MS, read);
    return answer === 'late' ? before : answer;
  };

  const existing = await store.list(clock.now());
  const missing = SIGNING_ALGS.filter((alg) => !existing.some((row) => row.alg === alg && row.stage === 'current'));
  await Promise.all(missing.map((alg) => makeKey(alg, 'current')));
  await reread();

  const encodedHeaders = new Map<string, string>();
  const encodedHeader = (alg: SigningAlg, typ: string, kid: string) => {
    const name = `${alg} ${typ} ${kid}`;
    let header = encodedHeaders.get(name);
    if (!header) {
      header = Buffer.from(JSON.stringify({ alg, typ, kid })).toString('base64url');
      encodedHeaders.set(name, header);
    }
    return header;
  };

  const keys: Keys = {
    async sign(alg, typ, claims) {
      const key = (await current()).signing.get(alg);
      if (!key) throw new Error(`there is no current signing key for ${alg}`);
      const input = `${encodedHeader(alg, typ, key.kid)}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
      // Node's own call rather than jose's SignJWT or WebCrypto: the same signature with less than half of the work around it.
      return `${input}.${(await key.sign(input)).toString('base64url')}`;
    },

    async verify(jws) {
      const header = unprovenHeader(jws);
      if (!header) return undefined;
      let seen = await current();
      if (!seen.verifying.has(header.kid) && clock.now() - seen.readAt >= UNKNOWN_KID_SECONDS) seen = await reread();
      const known = seen.verifying.get(header.kid);
      if (!known || known.alg !== header.alg || (known.endsAt !== null && known.endsAt <= clock.now())) return undefined;
      const claims = await provenClaims(jws, known.key, known.alg);
      return claims && { header: { typ: header.typ, alg: header.alg }, claims };
    },

    jwks: async () => (await published()).jwks,
    algs: () => SIGNING_ALGS.filter((alg) => view?.signing.has(alg)),
  };

  return {
    ...keys,

    /** The JWKS as it goes over the wire (RFC 7517 section 5). */
    jwksBytes: async (): Promise<Uint8Array<ArrayBuffer>> => (await published()).jwksBytes,

    /**
     * Publishes a new key for an algorithm and answers its kid and from when (seconds) it signs; a rotation that is already on its way is answered
     * again. `compromised`: the old key leaves JWKS at once, so that nothing it signed verifies any more, and the new one signs at once.
     */
    async rotate(alg: SigningAlg, origin: Origin, { compromised = false } = {}): Promise<{ kid: string; signsFrom: number }> {
      const now = clock.now();
      let rows = await store.list(now);
      if (!rows.some((row) => row.alg === alg && row.stage === 'next')) {
        await makeKey(alg, 'next', origin);
        rows = await store.list(now);
      }
      const next = rows.find((row) => row.alg === alg && row.stage === 'next');
      const old = rows.find((row) => row.alg === alg && row.stage === 'current');
      if (!next || !old) throw new Error(`the signing key for ${alg} was rotated by another process at the same time`);
      if (compromised) await promote(old.kid, next.kid, now, { alg, origin });
      await reread();
      return { kid: next.kid, signsFrom: compromised ? now : next.created_at + NEXT_LEAD_SECONDS };
    },
  };
}
