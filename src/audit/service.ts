import type { Actor } from '#access/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Origin } from '#platform/http/context.ts';
import type { Random } from '#platform/random.ts';
import { auditStore } from './store.ts';

export interface AuditEntry {
  /** SIGN_IN, CLIENT_AUTHORIZATION, …, or for administration `user.create`-like `<OBJECT>_<VERB>` in capitals: USER_CREATED. */
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
  const audit = {
    /** Writes one row; pass the transaction of the change it tells of, so that neither exists without the other. */
    async record(db: Db, entry: AuditEntry): Promise<void> {
      await auditStore(db).insert({
        id: random.rowId(),
        created_at: clock.now(),
        event: entry.event,
        user_id: entry.user?.id ?? null,
        username: entry.user?.username ?? null,
        actor_user_id: entry.actor?.id ?? null,
        actor_username: entry.actor?.username ?? null,
        client_id: entry.client?.id ?? null,
        client_name: entry.client?.name ?? null,
        ip: entry.origin.ip,
        ...locate(entry.origin.ip),
        user_agent: entry.origin.userAgent.slice(0, 512),
        request_id: entry.origin.requestId,
        reason: entry.reason ?? null,
        data: JSON.stringify(entry.data ?? {}),
      });
    },

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
