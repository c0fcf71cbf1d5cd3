import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import { lockRow } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { AppError, notFound } from '#platform/errors.ts';
import type { Origin } from '#platform/http/context.ts';
import type { AuditEntry } from '../audit/service.ts';
import type { Audit } from './service.ts';
import { type PasskeyRow, passkeyStore } from './store.ts';

/** Holds a user's row; throws `user_not_found`, or `forbidden` where the actor has no say over them. */
export type HoldUser = (tx: Transaction<Tables>, actor: Actor, id: string) => Promise<{ id: string; username: string }>;
interface ListAudit extends Audit {
  administered(db: Db, actor: Actor, entry: Omit<AuditEntry, 'actor' | 'origin'>): Promise<void>;
}

/** Looking after passkeys that are there: one's own, and as administrator anybody's. */
export function createPasskeyList({ db, audit, hold }: { db: Db; audit: ListAudit; hold: HoldUser }) {
  const remove = async (tx: Transaction<Tables>, userId: string, id: string) => {
    const row = await passkeyStore(tx).remove(id, userId);
    if (!row) throw notFound('Passkey');
    return { credentialID: Buffer.from(row.credential_id, 'base64url').toString('hex'), passkeyName: row.name };
  };

  return {
    /** Oldest first. */
    listOf: (userId: string): Promise<PasskeyRow[]> => passkeyStore(db).listOf(userId),

    /** The same for an administrator: throws `user_not_found`. */
    async listOfAnybody(userId: string): Promise<PasskeyRow[]> {
      if (!(await passkeyStore(db).person(userId))) throw new AppError('user_not_found');
      return passkeyStore(db).listOf(userId);
    },

    /** 404 for another person's passkey. */
    async rename(userId: string, id: string, name: string): Promise<PasskeyRow> {
      const row = await passkeyStore(db).rename(id, userId, name);
      if (!row) throw notFound('Passkey');
      return row;
    },

    /** Throws `last_passkey` for the only one: without it the person would be locked out. */
    async removeOwn(userId: string, id: string, origin: Origin): Promise<void> {
      await db.transaction().execute(async (tx) => {
        // Two removals at once take turns here, so that the second sees what the first left.
        await lockRow(tx, 'user', userId);
        const own = await passkeyStore(tx).listOf(userId);
        if (own.length === 1 && own[0]?.id === id) throw new AppError('last_passkey');
        const data = await remove(tx, userId, id);
        await audit.record(tx, { event: 'PASSKEY_REMOVED', user: await passkeyStore(tx).person(userId), data, origin });
      });
    },

    /** An administrator may take the last one too: a lost device must not stay a way in. */
    async removeOfAnybody(actor: Actor, userId: string, id: string): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const user = await hold(tx, actor, userId);
        const data = { ...(await remove(tx, userId, id)), actorUserID: actor.id, actorUsername: actor.username };
        await audit.administered(tx, actor, { event: 'PASSKEY_REMOVED', user, data });
      });
    },
  };
}
export type PasskeyList = ReturnType<typeof createPasskeyList>;
