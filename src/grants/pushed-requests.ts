import type { PushedRequests } from '#oidc/ports.ts';
import type { Db } from '#platform/db/open.ts';
import { type Random, sha256 } from '#platform/random.ts';
import { pushedStore } from './pushed-store.ts';

/** Longer than any interaction lives: until then a request that was answered is told from one that was not by its row. */
const KEPT_SECONDS = 2 * 60 * 60;

/** Authorization requests that clients sent ahead (RFC 9126). */
export function createPushedRequests({ db, random }: { db: Db; random: Random }) {
  const engine: PushedRequests = {
    async push({ clientId, parameters, expiresAt }, now) {
      const value = random.secret();
      await pushedStore(db).insert({
        uri_hash: sha256(value),
        client_id: clientId,
        parameters: JSON.stringify(parameters),
        taken_by: null,
        created_at: now,
        expires_at: expiresAt,
      });
      return value;
    },
    async take({ value, clientId, browser }, now) {
      const bound = browser ?? random.secret();
      const id = sha256(value);
      const taken = await pushedStore(db).take(id, clientId, sha256(bound), now);
      return taken && { id, browser: bound, parameters: new Map(Object.entries(JSON.parse(taken.parameters) as Record<string, string>)) };
    },
  };
  return {
    ...engine,
    /** Ends it with its answer; of several answers at once one gets true. */
    end: (tx: Db, id: string): Promise<boolean> => pushedStore(tx).remove(id),
    /** Deletes rows nobody can use any more, `limit` at a time; answers how many. Nothing depends on it but space. */
    sweep: async (now: number, limit = 1000): Promise<number> =>
      Number((await pushedStore(db).sweep(now - KEPT_SECONDS, limit)).numDeletedRows),
  };
}
