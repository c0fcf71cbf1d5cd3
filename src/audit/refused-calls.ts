import type { Refusal } from '#access/guard.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Log } from '#platform/log.ts';
import type { Audit } from './service.ts';

/** Who tries everything gets so many rows in a minute; the log has a line for each call. */
const ROUTES_A_MINUTE = 20;
const MAX_CALLERS = 10_000;

/**
 * Keeps a row of administrative calls that were refused: one for each caller and route in a minute, so that nobody fills the database with them. Never
 * throws: the caller gets their refusal, whatever becomes of the row.
 */
export function createRefusedCalls({ db, clock, audit, log }: { db: Db; clock: Clock; audit: Audit; log: Log }) {
  let minute = 0;
  let seen = new Map<string, Set<string>>();

  const isFirst = (who: string, what: string): boolean => {
    const now = Math.floor(clock.now() / 60);
    if (now !== minute) {
      minute = now;
      seen = new Map();
    }
    const routes = seen.get(who) ?? new Set();
    if (routes.has(what) || routes.size >= ROUTES_A_MINUTE || seen.size >= MAX_CALLERS) return false;
    seen.set(who, routes.add(what));
    return true;
  };

  return async ({ caller, method, route, path, reason, origin }: Refusal): Promise<void> => {
    if (!isFirst(`${caller.userId} ${caller.key?.id ?? ''}`, `${method} ${route}`)) return;
    const user = { id: caller.userId, username: caller.username };
    const data = { method, route, path: path.slice(0, 200), ...(caller.key ? { apiKeyId: caller.key.id } : {}) };
    await audit.record(db, { event: 'ADMINISTRATION_REFUSED', user, reason, data, origin }).catch((cause: unknown) => {
      log.error('audit row error', { event: 'ADMINISTRATION_REFUSED', error: cause instanceof Error ? cause.message : String(cause) });
    });
  };
}
