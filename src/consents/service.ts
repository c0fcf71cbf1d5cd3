import type { Transaction } from 'kysely';
import type { Clock } from '#platform/clock.ts';
import { lockRow } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { AppError, notFound } from '#platform/errors.ts';
import type { Origin } from '#platform/http/context.ts';
import { date, dateOrNull, type ListOptions, listAnswer } from '#platform/http/contract.ts';
import type { AuditEntry } from '../audit/service.ts';
import type { ClientMeta } from '../clients/contract.ts';
import type { MetaRow } from '../clients/view.ts';
import { consentStore } from './store.ts';

/** What consents need of their neighbours. */
export interface Neighbours {
  /** Which logos each client has; one that has none is not in the map. */
  logosOf(clientIds: readonly string[]): Promise<Map<string, { light: boolean; dark: boolean }>>;
  toMeta(row: MetaRow, logos?: { light: boolean; dark: boolean }): ClientMeta;
  /** Ends everything a person granted a client, in the transaction of the revocation. */
  revokeGrants(tx: Db, userId: string, clientId: string): Promise<void>;
}

interface Deps {
  db: Db;
  clock: Clock;
  audit: { record(db: Db, entry: AuditEntry): Promise<void> };
  neighbours: Neighbours;
}

/** What people agreed to: scopes of one person at one client, merged and never shrunk until they are revoked. */
export function createConsents({ db, clock, audit, neighbours }: Deps) {
  const logosOf = (rows: readonly MetaRow[]) => neighbours.logosOf(rows.map((row) => row.id));

  return {
    /** Adds scopes, in the transaction of the answer that uses them. The person's row is held, so that two answers at once lose no scope. */
    async record(tx: Transaction<Tables>, userId: string, clientId: string, scopes: readonly string[]): Promise<void> {
      await lockRow(tx, 'user', userId);
      const store = consentStore(tx);
      const before = await store.scopes(userId, clientId);
      const merged = new Set([...(before ? (JSON.parse(before.scopes) as string[]) : []), ...scopes]);
      await store.put(userId, clientId, JSON.stringify([...merged]), clock.now());
    },

    /** Notes that a consent was used now. */
    async touch(tx: Db, userId: string, clientId: string): Promise<void> {
      await consentStore(tx).touch(userId, clientId, clock.now());
    },

    /** Takes back what a person agreed to at a client, and ends everything the client got for them. 404 when there is nothing. */
    async revoke(userId: string, clientId: string, origin: Origin): Promise<void> {
      await db.transaction().execute(async (tx) => {
        await lockRow(tx, 'user', userId);
        const removed = await consentStore(tx).remove(userId, clientId);
        if (!removed) throw notFound('Client authorization');
        await neighbours.revokeGrants(tx, userId, clientId);
        await audit.record(tx, {
          event: 'CLIENT_AUTHORIZATION_REVOKED',
          user: { id: userId, username: removed.username },
          client: { id: clientId, name: removed.name },
          data: { clientName: removed.name },
          origin,
        });
      });
    },

    /** Takes back what everybody agreed to at a client, which is not the one they knew any more. Without consent its tokens are dead too. */
    async dropOfClient(tx: Db, clientId: string): Promise<void> {
      await consentStore(tx).removeOfClient(clientId);
    },

    /** Applications the person has let know them, last used first. Throws `user_not_found`. */
    async authorized(userId: string, options: ListOptions) {
      const store = consentStore(db);
      const { rows, total, page, limit } = await store.authorized(userId, options);
      if (total === 0 && !(await store.personExists(userId))) throw new AppError('user_not_found');
      const logos = await logosOf(rows);
      const data = rows.map((row) => ({
        scope: row.scopes,
        client: neighbours.toMeta(row, logos.get(row.id)),
        lastUsedAt: date(row.last_used_at),
      }));
      return listAnswer(data, total, { page, limit });
    },

    /** Applications the person may use, by name. */
    async accessible(userId: string, options: ListOptions) {
      const { rows, total, page, limit } = await consentStore(db).accessible(userId, options);
      const logos = await logosOf(rows);
      const data = rows.map((row) => ({ ...neighbours.toMeta(row, logos.get(row.id)), lastUsedAt: dateOrNull(row.last_used_at) }));
      return listAnswer(data, total, { page, limit });
    },
  };
}
export type Consents = ReturnType<typeof createConsents>;
