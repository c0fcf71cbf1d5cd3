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

/** Ends all sessions of somebody with what was granted in them; answers how many, for the audit log. */
type EndSessions = (tx: Db, userId: string) => Promise<{ sessions: string } | undefined>;
interface Deps {
  db: Db;
  audit: ListAudit;
  hold: HoldUser;
  endSessions: EndSessions;
}

/** Looking after passkeys that are there: one's own, and as administrator anybody's. */
export function createPasskeyList({ db, audit, hold, endSessions }: Deps) {
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

    /**
     * An administrator may take the last one too: a lost device must not stay a way in. So the person's sessions end with it, since whoever has none
     * adds a passkey without proving themselves; but not the administrator's own, who would have no way in left.
     */
    async removeOfAnybody(actor: Actor, userId: string, id: string): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const user = await hold(tx, actor, userId);
        const removed = await remove(tx, userId, id);
        const isLast = (await passkeyStore(tx).listOf(userId)).length === 0;
        const ended = isLast && actor.id !== userId ? await endSessions(tx, userId) : undefined;
        const data = { ...removed, ...ended, actorUserID: actor.id, actorUsername: actor.username };
        await audit.administered(tx, actor, { event: 'PASSKEY_REMOVED', user, data });
      });
    },
  };
}
export type PasskeyList = ReturnType<typeof createPasskeyList>;
