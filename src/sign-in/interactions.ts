import type { AuthorizationRequest } from '#oidc/authorize.ts';
import type { Progress } from '#oidc/decide.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import { type Random, sha256 } from '#platform/random.ts';
import { signInStore } from './store.ts';

/** How long a person may take. */
export const INTERACTION_SECONDS = 3600;

/** What was proven so far. `startedWith` is the hash of the session value the browser had at the beginning: any other one is newer. */
export interface StoredProgress extends Omit<Progress, 'freshSession'> {
  startedWith: string | null;
}

/** A stored authorization request on its way through the steps. */
export interface Interaction {
  id: string;
  clientId: string;
  /** Whose steps these are; when somebody else signs in, theirs begin anew. */
  userId: string | null;
  request: AuthorizationRequest;
  progress: StoredProgress;
  createdAt: number;
}

export type Lost = {
  gone: 'interaction-unknown' | 'interaction-expired' | 'interaction-of-another-browser';
  clientId?: string;
};

/** Interactions are rows: what was asked stays here and never comes back from the browser, which only holds the id and a cookie that binds it. */
export function createInteractions({ db, clock, random }: { db: Db; clock: Clock; random: Random }) {
  const store = signInStore(db);
  return {
    /** Stores a request; `browser` is the binding cookie's value, the browser's own or a new one. */
    async begin(from: {
      request: AuthorizationRequest;
      userId: string | undefined;
      session: string | undefined;
      browser: string | undefined;
    }): Promise<{ id: string; browser: string }> {
      const browser = from.browser ?? random.secret();
      const id = random.uuid();
      const progress: StoredProgress = { startedWith: from.session === undefined ? null : sha256(from.session) };
      await store.insert({
        id,
        browser_hash: sha256(browser),
        client_id: from.request.clientId,
        user_id: from.userId ?? null,
        session_id: null,
        request: JSON.stringify(from.request),
        progress: JSON.stringify(progress),
        created_at: clock.now(),
        expires_at: clock.now() + INTERACTION_SECONDS,
      });
      return { id, browser };
    },

    /** The interaction, if it is this browser's and still open. */
    async find(id: string, browser: string | undefined): Promise<Interaction | Lost> {
      const row = await store.find(id);
      if (!row) return { gone: 'interaction-unknown' };
      if (browser === undefined || row.browser_hash !== sha256(browser)) return { gone: 'interaction-of-another-browser' };
      if (row.expires_at <= clock.now()) return { gone: 'interaction-expired', clientId: row.client_id };
      return {
        id: row.id,
        clientId: row.client_id,
        userId: row.user_id,
        request: JSON.parse(row.request) as AuthorizationRequest,
        progress: JSON.parse(row.progress) as StoredProgress,
        createdAt: row.created_at,
      };
    },

    async save({ id, userId, progress }: Interaction): Promise<void> {
      await store.save(id, { user_id: userId, progress: JSON.stringify(progress) });
    },

    /** Ends it; of several requests at once one gets true. */
    async take(tx: Db, id: string, browser: string): Promise<boolean> {
      return (await signInStore(tx).take(id, sha256(browser), clock.now())) !== undefined;
    },

    /** Deletes rows past their end, `limit` at a time; answers how many. Nothing depends on it but space. */
    async sweep(now: number, limit = 1000): Promise<number> {
      return Number((await store.sweep(now, limit)).numDeletedRows);
    },
  };
}
export type Interactions = ReturnType<typeof createInteractions>;
