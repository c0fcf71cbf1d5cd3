import type { Transaction } from 'kysely';
import { type UriPolicy, uriMatches } from '#oidc/checks/uri-pattern.ts';
import type { Client, ClientDocuments } from '#oidc/ports.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { AppError } from '#platform/errors.ts';
import { FetchRefused, type PublicFetch } from '#platform/http/public-fetch.ts';
import type { Log } from '#platform/log.ts';
import { searchKey } from '#platform/text.ts';
import { type ClientDocument, type DocumentGrant, DocumentRefused, freshSeconds, isDocumentUrl, readDocument } from './document.ts';
import { documentStore } from './document-store.ts';
import { blankClient } from './merge.ts';

interface Deps {
  db: Db;
  clock: Clock;
  log: Log;
  fetchPublic: PublicFetch;
  uriPolicy: UriPolicy;
  /** Patterns of the addresses documents are taken from; none: the whole thing is off. */
  allowlist(): readonly string[];
  /** Takes back what people agreed to at a client. */
  dropConsents(tx: Transaction<Tables>, clientId: string): Promise<void>;
}

const MAX_BYTES = 8192;
const MAX_PARALLEL = 10;
/** An address that gave no good document is not asked again for so long. */
const FAILED_SECONDS = 60;
const MAX_FAILED = 1000;
/** A document that cannot be had anew is good for so long since it was read. */
const STALE_SECONDS = 24 * 3600;

/** Clients whose id is the address of a document about them (OAuth Client ID Metadata Document). */
export function createClientDocuments({ db, clock, log, fetchPublic, uriPolicy, allowlist, dropConsents }: Deps) {
  const underWay = new Map<string, Promise<void>>();
  const failed = new Map<string, number>();

  const isAllowed = (clientId: string): boolean =>
    isDocumentUrl(clientId) && allowlist().some((pattern) => uriMatches(pattern, clientId, { allowInsecure: false }));

  /** Writes what the document says; other ways back or other grants are another client, to which nobody has agreed yet. */
  const save = (clientId: string, document: ClientDocument, keptSeconds: number): Promise<void> =>
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
      if (!before) await store.insertClient({ ...blankClient(clientId, now), ...said, is_public: 1, pkce_enabled: 1, client_type: 'cimd' });
      else {
        const known = await store.find(clientId);
        if (before.callback_urls !== said.callback_urls || known?.grants !== grants) await dropConsents(tx, clientId);
        const same = Object.entries(said).every(([column, value]) => before[column as keyof typeof said] === value);
        if (!same) await store.updateClient(clientId, { ...said, updated_at: now });
      }
      await store.put({ client_id: clientId, grants, fetched_at: now, expires_at: now + keptSeconds });
    });

  const load = async (clientId: string): Promise<void> => {
    if (underWay.size >= MAX_PARALLEL) throw new FetchRefused('too many documents are being read');
    const { type, bytes, headers } = await fetchPublic(clientId, { maxBytes: MAX_BYTES, accept: 'application/json', redirects: 0 });
    if (!/^application\/(?:[\w.-]+\+)?json$/.test(type)) throw new DocumentRefused('it is not application/json');
    const document = readDocument(clientId, bytes.toString('utf8'), uriPolicy);
    await save(clientId, document, freshSeconds(headers['cache-control']));
    failed.delete(clientId);
    log.info('client document read', { client: clientId });
  };
  /** One request for several that want the same document at once. Throws FetchRefused or DocumentRefused. */
  const read = (clientId: string): Promise<void> => {
    let reading = underWay.get(clientId);
    if (!reading) {
      reading = load(clientId).finally(() => underWay.delete(clientId));
      underWay.set(clientId, reading);
    }
    return reading;
  };

  const refused = (clientId: string, cause: unknown): void => {
    if (!(cause instanceof FetchRefused || cause instanceof DocumentRefused)) throw cause;
    if (failed.size >= MAX_FAILED) failed.clear();
    failed.set(clientId, clock.now() + FAILED_SECONDS);
    log.error('client document error', { client: clientId, reason: cause.message });
  };

  const engine: ClientDocuments = {
    async prepare(clientId: string, grant: DocumentGrant): Promise<boolean> {
      if (!/^https?:/i.test(clientId)) return true;
      if (!isAllowed(clientId)) return false;
      const known = await documentStore(db).find(clientId);
      const now = clock.now();
      if (known && known.expires_at > now) return known.grants.includes(`"${grant}"`);
      if ((failed.get(clientId) ?? 0) <= now) await read(clientId).catch((cause: unknown) => refused(clientId, cause));
      const current = await documentStore(db).find(clientId);
      return current !== undefined && current.fetched_at + STALE_SECONDS > now && current.grants.includes(`"${grant}"`);
    },
    admits: ({ type, id }: Pick<Client, 'type' | 'id'>): boolean => type !== 'cimd' || isAllowed(id),
  };
  return {
    ...engine,
    isOn: (): boolean => allowlist().length > 0,

    /** Reads the document now, whatever its age. Throws `client_has_no_document`, `client_document_failed`; `not_found` is the caller's to say. */
    async refresh(client: { id: string; clientType: string }): Promise<void> {
      if (client.clientType !== 'cimd') throw new AppError('client_has_no_document');
      if (!isAllowed(client.id)) throw new AppError('client_document_failed', { detail: 'not on the allow-list' });
      await read(client.id).catch((cause: unknown) => {
        refused(client.id, cause);
        throw new AppError('client_document_failed', { cause });
      });
    },
  };
}
