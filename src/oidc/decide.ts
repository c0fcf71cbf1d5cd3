import type { AuthorizationRequest } from './authorize.ts';
import { consentKeys } from './consent-keys.ts';
import type { OAuthErrorCode } from './errors.ts';
import type { Client, Seconds, Session } from './ports.ts';

/** What a person may have to do before the answer, always in this order. */
export const STEPS = ['authenticate', 'select_account', 'reauthenticate', 'consent'] as const;
export type Step = (typeof STEPS)[number];

/** What was proven since the request began, by requests of the same browser. Every entry counts only for the person it names. */
export interface Progress {
  /** The session was begun, or proven again, after the request. */
  freshSession: boolean;
  /** Who chose to go on as themselves. */
  selectedBy?: string;
  /** A passkey ceremony after the request, in the person's session. */
  reauthenticated?: { userId: string; at: Seconds };
  consentedBy?: string;
}

export interface Situation {
  request: Pick<AuthorizationRequest, 'prompt' | 'maxAge' | 'scopes' | 'resource' | 'claims' | 'expectedSubject' | 'essentialAcr'>;
  client: Pick<Client, 'requireReauthentication' | 'skipConsent'>;
  /** A live session whose person may use the client (`access.decide` said so); undefined when nobody is signed in. */
  session: Pick<Session, 'userId' | 'authTime' | 'amr'> | undefined;
  /** Consent keys the person has agreed to; undefined when there is no consent at all. */
  consented: readonly string[] | undefined;
  progress: Progress;
  now: Seconds;
}

export type Outcome =
  | { kind: 'step'; step: Step; remaining: Step[] }
  | { kind: 'error'; code: OAuthErrorCode; description: string; reason: string }
  /** `authTime` and `amr`: when and how the person last proved themselves. `newConsent`: consent has to be recorded with the answer. */
  | { kind: 'respond'; authTime: Seconds; amr: readonly string[]; newConsent: boolean };

const isFresh = ({ session, progress }: Situation) =>
  session !== undefined && (progress.freshSession || progress.reauthenticated?.userId === session.userId);

/** The ceremony that counts: a later one in this interaction, else the session's. */
const authTimeOf = ({ session, progress }: Situation): Seconds => {
  const again = progress.reauthenticated?.userId === session?.userId ? progress.reauthenticated?.at : undefined;
  return Math.max(session?.authTime ?? 0, again ?? 0);
};

/** A ceremony is always one with a passkey. */
const amrOf = ({ session, progress }: Situation): readonly string[] =>
  progress.reauthenticated?.userId === session?.userId && session ? [...new Set(['phr', ...session.amr])] : (session?.amr ?? []);

/** OpenID Connect Core section 5.5.1.1: an essential `acr` is reached or there is no answer. */
const lacksAcr = (situation: Situation): boolean => {
  const { essentialAcr } = situation.request;
  return essentialAcr !== undefined && !essentialAcr.includes(achievedAcr(essentialAcr, amrOf(situation)) ?? '');
};

/** OpenID Connect Core section 3.1.2.1: `login` and `max_age` are about this request, so only a ceremony since it began answers them. */
function needsReauthentication(situation: Situation): boolean {
  const { request, client, session, progress, now } = situation;
  if (!session) return false;
  // A one-time code is no passkey: a client that demands reauthentication gets a real ceremony.
  if (client.requireReauthentication)
    return !(progress.freshSession && session.amr.includes('phr')) && progress.reauthenticated?.userId !== session.userId;
  if (lacksAcr(situation)) return true;
  if (isFresh(situation)) return false;
  return request.prompt.includes('login') || (request.maxAge !== undefined && now >= session.authTime + request.maxAge);
}

const lacksConsent = ({ request, consented }: Situation) => !consented || consentKeys(request).some((key) => !consented.includes(key));

function needsConsent(situation: Situation): boolean {
  const { request, client, session, progress } = situation;
  if (session && progress.consentedBy === session.userId) return false;
  return request.prompt.includes('consent') || (!client.skipConsent && lacksConsent(situation));
}

const isSomebodyElse = ({ request, session }: Situation) =>
  session !== undefined && typeof request.expectedSubject === 'string' && request.expectedSubject !== session.userId;

function remainingSteps(situation: Situation): Step[] {
  const { request, session, progress } = situation;
  const needed: Record<Step, boolean> = {
    authenticate: session === undefined || isSomebodyElse(situation),
    select_account: request.prompt.includes('select_account') && !progress.freshSession && progress.selectedBy !== session?.userId,
    reauthenticate: needsReauthentication(situation),
    consent: needsConsent(situation),
  };
  // Who signs in anew has chosen the account and proven themselves by that.
  if (needed.authenticate) return STEPS.filter((step) => step === 'authenticate' || (step === 'consent' && needed.consent));
  return STEPS.filter((step) => needed[step]);
}

const error = (code: OAuthErrorCode, description: string, reason: string): Outcome => ({ kind: 'error', code, description, reason });

/** OpenID Connect Core section 3.1.2.6: the error that names the first thing a person would have to do. */
const SILENT: Record<Step, Outcome> = {
  authenticate: error('login_required', 'nobody is signed in', 'login-required'),
  select_account: error('account_selection_required', 'an account has to be chosen', 'account-selection-required'),
  reauthenticate: error('login_required', 'the person has to prove themselves again', 'reauthentication-required'),
  consent: error('consent_required', 'the person has not consented', 'consent-required'),
};

/**
 * What happens next to an authorization request: a step for the person, an error for the client, or the answer. Pure; whether the person may use
 * the client at all is not asked here but in `access/decide.ts`, before.
 */
export function decideNext(situation: Situation): Outcome {
  const { request, session, progress } = situation;
  const silent = request.prompt.includes('none');
  if (silent && session && request.expectedSubject !== undefined && request.expectedSubject !== session.userId)
    return error('login_required', 'the person of the id_token_hint is not signed in', 'hint-of-another-person');
  if (isSomebodyElse(situation) && progress.freshSession)
    return error('login_required', 'somebody else signed in', 'hint-of-another-person');
  const remaining = remainingSteps(situation);
  const [step] = remaining;
  if (step === undefined)
    return { kind: 'respond', authTime: authTimeOf(situation), amr: amrOf(situation), newConsent: lacksConsent(situation) };
  return silent ? SILENT[step] : { kind: 'step', step, remaining };
}

/**
 * The `acr` of an ID token when the request asked for one: `phr` (OpenID EAP ACR Values: phishing-resistant) if it was asked for and a passkey was used, else
 * `0` (OpenID Connect Core section 2).
 */
export const achievedAcr = (acrValues: readonly string[], amr: readonly string[]): string | undefined =>
  acrValues.length === 0 ? undefined : acrValues.includes('phr') && amr.includes('phr') ? 'phr' : '0';
