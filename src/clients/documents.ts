import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import { type UriPolicy, uriMatches } from '#oidc/checks/uri-pattern.ts';
import type { Client, ClientDocuments, DocumentGrant } from '#oidc/ports.ts';
import { changes } from '#platform/changes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { AppError } from '#platform/errors.ts';
import type { Origin } from '#platform/http/context.ts';
import { FetchRefused, type PublicFetch } from '#platform/http/public-fetch.ts';
import type { Log } from '#platform/log.ts';
import { searchKey } from '#platform/text.ts';
import type { Audit } from '../audit/service.ts';
import { type ClientDocument, DocumentRefused, freshSeconds, isDocumentUrl, readDocument } from './document.ts';
import { documentStore } from './document-store.ts';
import { blankClient } from './merge.ts';
import type { FetchedLogo } from './service.ts';
import type { ClientRow } from './store.ts';
import { described } from './view.ts';

interface Deps {
  db: Db;
  clock: Clock;
  log: Log;
  audit: Audit;
  fetchPublic: PublicFetch;
  uriPolicy: UriPolicy;
  /** Patterns of the addresses documents are taken from; none: the whole thing is off. */
  allowlist(): readonly string[];
  /** Takes back what people agreed to at a client. */
  dropConsents(tx: Transaction<Tables>, clientId: string): Promise<void>;
  logos: {
    /** Throws AppError for what cannot be had. */
    fetchLogo(url: string): Promise<FetchedLogo>;
    /** Leaves a logo that is not `ours` (by its hash); answers the hash of what was stored. */
    replaceLogo(tx: Transaction<Tables>, clientId: string, logo: FetchedLogo | undefined, ours: string | null): Promise<string | null>;
  };
}

/** Who had a document read: an administrator, or somebody who came from an application. */
type Asker = { actor: Actor } | { origin: Origin | undefined };
const NOBODY: Origin = { requestId: '', ip: '', userAgent: '' };

const MAX_BYTES = 8192;
const MAX_PARALLEL = 10;
/** An address that gave no good document is not asked again for so long. */
const FAILED_SECONDS = 60;
const MAX_FAILED = 1000;
/** A document that cannot be had anew is good for so long since it was read. */
const STALE_SECONDS = 24 * 3600;
/** A client whose document nobody had read for so long is forgotten. */
const UNUSED_SECONDS = 90 * 24 * 3600;
const FORGOTTEN_AT_ONCE = 100;

/** Too much is being read at once: says nothing about the address that had to stand back. */
class Busy extends FetchRefused {}

/** Clients whose id is the address of a document about them (OAuth Client ID Metadata Document). */
export function createClientDocuments({ db, clock, log, audit, fetchPublic, uriPolicy, allowlist, dropConsents, logos }: Deps) {
  const underWay = new Map<string, Promise<void>>();
  const failed = new Map<string, number>();

  const isAllowed = (clientId: string): boolean =>
    isDocumentUrl(clientId) && allowlist().some((pattern) => uriMatches(pattern, clientId, { allowInsecure: false }));

  /** What came from the document's `logo_uri`; `keep` when that is where the present one came from. */
  const logoFor = async (clientId: string, uri: string | undefined): Promise<{ uri: string | null; logo?: FetchedLogo } | 'keep'> => {
    if (uri === undefined) return { uri: null };
    if ((await documentStore(db).find(clientId))?.logo_uri === uri) return 'keep';
    return logos.fetchLogo(uri).then(
      (logo) => ({ uri, logo }),
      (cause: unknown) => {
        if (!(cause instanceof AppError)) throw cause;
        log.error('client logo error', { client: clientId, reason: cause.extra.detail ?? cause.code });
        return 'keep';
      },
    );
  };

  const tell = (tx: Transaction<Tables>, asker: Asker, before: ClientRow | undefined, after: ClientRow): Promise<void> | undefined => {
    const data = changes(before && described(before), described(after));
    if ('actor' in asker) return audit.administered(tx, asker.actor, { event: 'CLIENT_DOCUMENT_REFRESHED', client: after, data });
    const event = before ? 'CLIENT_DOCUMENT_CHANGED' : 'CLIENT_DOCUMENT_READ';
    return data && audit.record(tx, { event, client: after, data, origin: asker.origin ?? NOBODY });
  };

  /** Writes what the document says; other ways back or other grants are another client, to which nobody has agreed yet. */
  const save = (
    clientId: string,
    document: ClientDocument,
    { keptSeconds, logo, asker }: { keptSeconds: number; logo: Awaited<ReturnType<typeof logoFor>>; asker: Asker },
  ): Promise<void> =>
    db.transaction().execute(async (tx) => {
      const now = clock.now();
      const store = documentStore(tx);
      const before = await store.client(clientId);
      const said = {
        name: document.name,
        search_key: searchKey(document.name),
        callback_urls: JSON.stringify(document.redirectUris),
        logout_callback_urls: JSON.stringify(document.postLogoutRedirectUris),
        id_token_alg: document.idTokenAlg,
      };
      const grants = JSON.stringify(document.grants);
      const known = await store.find(clientId);
      const fresh = { ...blankClient(clientId, now), is_public: 1, pkce_enabled: 1, client_type: 'cimd' } as const;
      const after: ClientRow = { ...(before ?? fresh), ...said };
      if (!before) await store.insertClient(after);
      else {
        if (before.callback_urls !== said.callback_urls || known?.grants !== grants) await dropConsents(tx, clientId);
        const same = Object.entries(said).every(([column, value]) => before[column as keyof typeof said] === value);
        if (!same) await store.updateClient(clientId, { ...said, updated_at: now });
      }
      let [logo_uri, logo_hash] = [known?.logo_uri ?? null, known?.logo_hash ?? null];
      if (logo !== 'keep') {
        logo_uri = logo.uri;
        logo_hash = await logos.replaceLogo(tx, clientId, logo.logo, logo_hash);
      }
      await store.put({ client_id: clientId, grants, logo_uri, logo_hash, fetched_at: now, expires_at: now + keptSeconds });
      await tell(tx, asker, before, after);
    });

  const load = async (clientId: string, asker: Asker): Promise<void> => {
    if (underWay.size >= MAX_PARALLEL) throw new Busy('too many documents are being read');
    const { type, bytes, headers } = await fetchPublic(clientId, { maxBytes: MAX_BYTES, accept: 'application/json', redirects: 0 });
    if (!/^application\/(?:[\w.-]+\+)?json$/.test(type)) throw new DocumentRefused('it is not application/json');
    const document = readDocument(clientId, bytes.toString('utf8'), uriPolicy);
    const logo = await logoFor(clientId, document.logoUri);
    await save(clientId, document, { keptSeconds: freshSeconds(headers['cache-control']), logo, asker });
    failed.delete(clientId);
    log.info('client document read', { client: clientId });
  };
  /** One request for several that want the same document at once. Throws FetchRefused or DocumentRefused. */
  const read = (clientId: string, asker: Asker): Promise<void> => {
    let reading = underWay.get(clientId);
    if (!reading) {
      reading = load(clientId, asker).finally(() => underWay.delete(clientId));
      underWay.set(clientId, reading);
    }
    return reading;
  };

  const refused = (clientId: string, cause: unknown): void => {
    if (!(cause instanceof FetchRefused || cause instanceof DocumentRefused)) throw cause;
    if (!(cause instanceof Busy)) {
      if (failed.size >= MAX_FAILED) failed.clear();
      failed.set(clientId, clock.now() + FAILED_SECONDS);
    }
    log.error('client document error', { client: clientId, reason: cause.message });
  };

  const engine: ClientDocuments = {
    async prepare(clientId: string, grant: DocumentGrant, origin?: Origin): Promise<boolean> {
      if (!/^https?:/i.test(clientId)) return true;
      if (!isAllowed(clientId)) return false;
      const known = await documentStore(db).find(clientId);
      const now = clock.now();
      if (known && known.expires_at > now) return known.grants.includes(`"${grant}"`);
      if ((failed.get(clientId) ?? 0) <= now) await read(clientId, { origin }).catch((cause: unknown) => refused(clientId, cause));
      const current = await documentStore(db).find(clientId);
      return current !== undefined && current.fetched_at + STALE_SECONDS > now && current.grants.includes(`"${grant}"`);
    },
    admits: ({ type, id }: Pick<Client, 'type' | 'id'>): boolean => type !== 'cimd' || isAllowed(id),
  };
  return {
    ...engine,
    isOn: (): boolean => allowlist().length > 0,

    /** Reads the document now, whatever its age. Throws `client_has_no_document`, `client_document_failed`; `not_found` is the caller's to say. */
    async refresh(actor: Actor, client: { id: string; clientType: string }): Promise<void> {
      if (client.clientType !== 'cimd') throw new AppError('client_has_no_document');
      if (!isAllowed(client.id)) throw new AppError('client_document_failed', { detail: 'not on the allow-list' });
      // One that is under way was begun by somebody else, in whose name it is told.
      await underWay.get(client.id)?.catch(() => {});
      await read(client.id, { actor }).catch((cause: unknown) => {
        refused(client.id, cause);
        throw new AppError('client_document_failed', { cause });
      });
    },

    /** Forgets clients that were unused for 90 days, but none that anything hangs on. For a job; answers how many went. */
    sweep: (limit: number): Promise<number> =>
      db.transaction().execute(async (tx) => {
        const most = Math.min(limit, FORGOTTEN_AT_ONCE);
        const gone = await documentStore(tx).forget(clock.now() - UNUSED_SECONDS, blankClient('', 0), most);
        for (const client of gone) await audit.record(tx, { event: 'CLIENT_DOCUMENT_FORGOTTEN', client, origin: NOBODY });
        return gone.length;
      }),
  };
}
