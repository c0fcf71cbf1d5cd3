import type { Reason } from '#access/decide.ts';
import type { AuthorizationRequest } from '#oidc/authorize.ts';
import { decideNext, type Outcome, type Progress } from '#oidc/decide.ts';
import type { Client, Decide, Facts, Person, Session } from '#oidc/ports.ts';
import { sha256 } from '#platform/random.ts';
import type { Interaction } from './interactions.ts';

/** Who is signed in, if anybody, and what happens next. */
export interface Assessment {
  session: Session | undefined;
  person: Person | undefined;
  next: Outcome | { kind: 'refused'; reason: Reason };
}

const isAboutSession = (reason: string) => reason.startsWith('session-');

/** A value other than the one the browser began with, proven since then, is an authentication that belongs to this request. */
function progressOf(session: Session | undefined, value: string | undefined, interaction: Interaction | undefined): Progress {
  if (!interaction) return { freshSession: false };
  const { startedWith, ...proven } = interaction.progress;
  const fresh = session !== undefined && value !== undefined && sha256(value) !== startedWith && session.authTime >= interaction.createdAt;
  return { ...proven, freshSession: fresh };
}

/**
 * Puts the access decision before the protocol's: a session that is over is none, and a person who may not use the client is refused, unless the
 * next step lets somebody else come forward. `sessionValue` is the cookie the facts were read with.
 */
export function assess(
  decide: Decide,
  from: { facts: Facts & { client: Client }; request: AuthorizationRequest; interaction?: Interaction; sessionValue?: string; now: number },
): Assessment {
  const { facts, request, interaction, sessionValue, now } = from;
  const access = facts.session ? decide(facts, now, { session: true, person: true, grant: false, consent: false }) : undefined;
  const over = access !== undefined && !access.allow && isAboutSession(access.reason);
  const session = over ? undefined : facts.session;
  const person = session && facts.person;
  const next = decideNext({
    request,
    client: facts.client,
    session,
    consented: person && facts.consented,
    progress: progressOf(session, sessionValue, interaction),
    now,
  });
  const lettingOthersIn = next.kind === 'step' && (next.step === 'authenticate' || next.step === 'select_account');
  if (session && access && !access.allow && !lettingOthersIn)
    return { session, person, next: { kind: 'refused', reason: access.reason as Reason } };
  return { session, person, next };
}
