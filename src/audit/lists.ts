import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';
import { date, type ListOptions, listAnswer } from '#platform/http/contract.ts';
import { deviceOf } from '#platform/user-agent.ts';
import type { AuditEntry } from './contract.ts';
import { createCounts } from './counts.ts';
import { createOrders } from './orders.ts';
import { type Asked, auditStore } from './store.ts';

/** So many rows in one transaction: nobody waits long for a daily clean-up. */
const PART = 5000;

const toEntry = (row: Row<'audit_log'>): AuditEntry => ({
  id: row.id,
  createdAt: date(row.created_at),
  event: row.event,
  ipAddress: row.ip,
  country: row.country,
  city: row.city,
  device: deviceOf(row.user_agent),
  userID: row.user_id ?? '',
  username: row.username ?? '',
  actorUsername: row.actor_username ?? '',
  data: {
    ...(JSON.parse(row.data) as Record<string, string>),
    ...(row.client_name === null ? {} : { clientName: row.client_name }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  },
});

/** Reading the audit log. There is no way to change a row; old ones are removed as a whole. */
export function createAuditLists({ db, clock, retentionDays }: { db: Db; clock: Clock; retentionDays: number }) {
  const store = auditStore(db);
  const [counts, orders] = [createCounts({ clock }), createOrders({ clock })];
  const listed = async (asked: Asked) => {
    const { rows, total, page, limit } = await store.page(asked, { counts, orders });
    return listAnswer(rows.map(toEntry), total, { page, limit });
  };
  return {
    /** What concerns one user. */
    own: (userId: string, options: ListOptions) => listed({ userId, options }),

    all: (options: ListOptions) => {
      // Both, and neither, are everything.
      const places = (['internal', 'external'] as const).filter((place) => options.filters.location?.includes(place));
      return listed({ options, location: places.length === 1 ? places[0] : undefined });
    },

    clientNames: () => store.clientNames(),

    users: async (): Promise<Record<string, string>> => Object.fromEntries((await store.users()).map(({ id, username }) => [id, username])),

    /** Removes what is older than the configured days; a job calls it daily. Answers how many rows went. */
    async removeOld(): Promise<number> {
      const before = clock.now() - retentionDays * 86_400;
      let removed = 0;
      for (;;) {
        const some = await store.removeBefore(before, PART);
        removed += some;
        if (some > 0) {
          counts.forget();
          orders.forget();
        }
        if (some < PART) return removed;
      }
    },
  };
}
export type AuditLists = ReturnType<typeof createAuditLists>;
