import type { CompiledQuery } from 'kysely';
import type { Actor } from '#access/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';
import type { Origin } from '#platform/http/context.ts';
import type { Random } from '#platform/random.ts';
import { auditStore } from './store.ts';

export interface AuditEntry {
  /** What happened: SIGN_IN, CLIENT_AUTHORIZATION, …; of administration the object and what was done to it: USER_CREATED. */
  event: string;
  /** Whom it is about. */
  user?: { id: string; username: string };
  /** Who did it, when that is somebody else (an administrator). */
  actor?: { id: string; username: string };
  client?: { id: string; name: string };
  /** Reason code of a refusal. */
  reason?: string;
  /** Strings only; never a secret. */
  data?: Record<string, string>;
  origin: Origin;
}

/** Where an address is, for people: "Internal Network", "LAN". */
export type Locate = (ip: string) => { country: string; city: string };

export function createAudit({ clock, random, locate }: { clock: Clock; random: Random; locate: Locate }) {
  const rowOf = ({ event, user, actor, client, reason, data, origin }: AuditEntry): Row<'audit_log'> => ({
    id: random.rowId(),
    created_at: clock.now(),
    event,
    user_id: user?.id ?? null,
    username: user?.username ?? null,
    actor_user_id: actor?.id ?? null,
    actor_username: actor?.username ?? null,
    client_id: client?.id ?? null,
    client_name: client?.name ?? null,
    ip: origin.ip,
    ...locate(origin.ip),
    user_agent: origin.userAgent.slice(0, 512),
    request_id: origin.requestId,
    reason: reason ?? null,
    data: JSON.stringify(data ?? {}),
  });

  const audit = {
    /** Writes one row; pass the transaction of the change it tells of, so that neither exists without the other. */
    async record(db: Db, entry: AuditEntry): Promise<void> {
      await auditStore(db).insert(rowOf(entry));
    },

    /** The statement that writes the row, to be run `together` with the change it tells of. */
    recording: (db: Db, entry: AuditEntry): CompiledQuery => auditStore(db).inserting(rowOf(entry)),

    /** The same for a change somebody made: names the actor unless it is about themselves, and the API key that was used. */
    administered: (db: Db, actor: Actor, entry: Omit<AuditEntry, 'actor' | 'origin'>): Promise<void> =>
      audit.record(db, {
        ...entry,
        actor: entry.user?.id === actor.id ? undefined : { id: actor.id, username: actor.username },
        data: { ...entry.data, ...(actor.keyId ? { apiKeyId: actor.keyId } : {}) },
        origin: actor.origin,
      }),
  };
  return audit;
}
export type Audit = ReturnType<typeof createAudit>;
