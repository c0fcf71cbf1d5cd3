import { readHint } from '#oidc/checks/id-token-hint.ts';
import { decideEndSession } from '#oidc/end-session.ts';
import type { Parameters } from '#oidc/parameters.ts';
import type { Clock } from '#platform/clock.ts';
import type { Origin } from '#platform/http/context.ts';
import type { Engine } from './flow.ts';
import type { Refusals } from './refusals.ts';

interface Deps {
  clock: Clock;
  engine: Engine;
  refusals: Refusals;
  /** Ends the browser's session. */
  endSession(value: string, origin: Origin): Promise<unknown>;
  /** Ends what one client got in one session. */
  revokeGrants(sessionId: string, clientId: string): Promise<void>;
}

export type SignOut =
  /** The person has to confirm on `/logout`; `refused`: the application sent a proof or an address that is not good. */
  | { kind: 'confirm'; refused: boolean }
  /** Signed out; `url` is the application's, or absent when our page is to say so. */
  | { kind: 'done'; url: string | undefined };

/** OpenID Connect RP-Initiated Logout 1.0. */
export function createSignOut({ clock, engine, refusals, endSession, revokeGrants }: Deps) {
  return async ({ parameters, session, origin }: { parameters: Parameters; session?: string; origin: Origin }): Promise<SignOut> => {
    const text = parameters.get('id_token_hint');
    const hint = text === undefined ? undefined : await readHint(text, engine);
    if (!hint && text === undefined) return { kind: 'confirm', refused: false };
    const facts = await engine.ledger.read({ clientId: hint?.clientId ?? '', session });
    const isLive = engine.decide(facts, clock.now(), { session: true, person: true, grant: false, consent: false });
    const signedIn = facts.session && (isLive.allow || !isLive.reason.startsWith('session-')) ? facts.session.userId : undefined;
    const outcome = decideEndSession({ parameters, hint, client: facts.client, signedIn, policy: engine.policy });
    if (outcome.kind === 'confirm') {
      const named = parameters.get('client_id');
      const client = facts.client ?? (named === undefined ? undefined : { id: named.slice(0, 128) });
      refusals.tell({ code: 'invalid_request', reason: outcome.reason, client, person: facts.person, origin });
      return { kind: 'confirm', refused: true };
    }
    // The session first, after which nothing more is granted in it: it ends without what is for offline use, which at this application ends as well.
    if (session !== undefined && signedIn !== undefined) await endSession(session, origin);
    if (outcome.hint.sessionId !== undefined) await revokeGrants(outcome.hint.sessionId, outcome.client.id);
    return { kind: 'done', url: outcome.url };
  };
}
export type SignOutService = ReturnType<typeof createSignOut>;
