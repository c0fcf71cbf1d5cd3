import type { Reason } from '#access/decide.ts';
import { type AuthorizationRequest, authorizationRequest, requestedClient, returnAddress } from '#oidc/authorize.ts';
import { checkScope } from '#oidc/checks/scope.ts';
import { type UriPolicy, uriMatches } from '#oidc/checks/uri-pattern.ts';
import { type Outcome, STEPS, type Step } from '#oidc/decide.ts';
import { OAuthError } from '#oidc/errors.ts';
import { pushedValue } from '#oidc/par.ts';
import type { Parameters } from '#oidc/parameters.ts';
import type { Client, ClientDocuments, Decide, Facts, Keys, Ledger, PushedRequests } from '#oidc/ports.ts';
import { type Answer, respondCode, respondError } from '#oidc/respond.ts';
import { shownScopes } from '#oidc/shown-scopes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import { AppError } from '#platform/errors.ts';
import type { Origin } from '#platform/http/context.ts';
import { type Assessment, assess } from './assess.ts';
import type { Authorizations, NoCode } from './authorizations.ts';
import type { Descriptions } from './describe.ts';
import type { Interaction, Interactions, Lost } from './interactions.ts';
import type { Refusals } from './refusals.ts';
import { type Completion, type Flow, type GoneView, type RefusedView, shortId, type View } from './view.ts';

/** What the engine decides by. */
export interface Engine {
  issuer: string;
  ledger: Ledger;
  keys: Pick<Keys, 'verify'>;
  decide: Decide;
  policy: UriPolicy;
  documents: Pick<ClientDocuments, 'prepare'>;
}

interface Deps {
  db: Db;
  clock: Clock;
  engine: Engine;
  interactions: Interactions;
  pushed: Pick<PushedRequests, 'take'> & { end(tx: Db, id: string): Promise<boolean> };
  authorizations: Authorizations;
  refusals: Refusals;
  descriptions: Descriptions;
  /** Takes the reauthentication cookie's value for a session, once; answers when the person proved themselves. */
  takeReauthentication(value: string, session: { id: string; userId: string }): Promise<{ authTime: number } | undefined>;
}

/** The browser of a request: its binding cookie's value and its session cookie's, as far as there are any. */
export interface Browser {
  browser?: string;
  session?: string;
  origin: Origin;
}

export type Authorized =
  | { kind: 'answer'; answer: Answer; client: Client }
  /** The person has something to do at `/interaction?interaction=<id>`; `browser` is the binding cookie's value to set. */
  | { kind: 'interaction'; id: string; browser: string }
  | { kind: 'refused'; view: RefusedView; browser?: string }
  | { kind: 'gone'; view: GoneView };

type Known = Facts & { client: Client };
interface Case extends Browser {
  facts: Known;
  request: AuthorizationRequest;
  interaction?: Interaction;
}

const isLost = (found: Interaction | Lost): found is Lost => 'gone' in found;
/** Whether a step that is not due was taken before: signing in shows in the session itself, the others were noted. Doing one twice is no mistake. */
function isDone({ progress }: Interaction, step: Step, due: Step | undefined, userId: string | undefined): boolean {
  if (due !== undefined && STEPS.indexOf(due) < STEPS.indexOf(step)) return false;
  if (step === 'select_account') return userId !== undefined && progress.selectedBy === userId;
  if (step === 'consent') return userId !== undefined && progress.consentedBy === userId;
  return true;
}

const isSilent = (request: AuthorizationRequest) => request.prompt.includes('none');

/**
 * The way from an authorization request to its answer: what `/authorize`, the pages and the JSON routes of an interaction call. Every call reads the
 * facts anew and decides from the stored request alone, so nothing a browser sends can skip a step.
 */
export function createFlow({
  db,
  clock,
  engine,
  interactions,
  pushed,
  authorizations,
  refusals,
  descriptions,
  takeReauthentication,
}: Deps) {
  const assessed = ({ facts, request, interaction, session }: Case): Assessment =>
    assess(engine.decide, { facts, request, interaction, sessionValue: session, now: clock.now() });

  const gone = async (lost: Lost, origin: Origin): Promise<GoneView> => {
    const { client } = lost.clientId === undefined ? {} : await engine.ledger.read({ clientId: lost.clientId });
    refusals.tell({ code: 'interaction_required', reason: lost.gone, client, origin });
    return { kind: 'gone', reason: lost.gone, client: client && (await descriptions.client(client)), requestId: shortId(origin.requestId) };
  };
  const answered = (origin: Origin) => gone({ gone: 'interaction-unknown' }, origin);

  /** An interaction with the facts of now; the client may have been changed or deleted since it began. */
  const open = async (id: string, from: Browser): Promise<(Case & { interaction: Interaction }) | GoneView> => {
    const interaction = await interactions.find(id, from.browser);
    if (isLost(interaction)) return gone(interaction, from.origin);
    const facts = await engine.ledger.read({ clientId: interaction.clientId, session: from.session });
    const { client } = facts;
    const { request } = interaction;
    if (!client?.redirectUris.some((pattern) => uriMatches(pattern, request.redirectUri, engine.policy))) return answered(from.origin);
    return { ...from, facts: { ...facts, client }, request, interaction };
  };

  /** Ends what led to an answer: the interaction, and the pushed request; answers false when another answer did. */
  const taker = ({ interaction, browser, request: { pushedAs } }: Case) => {
    if (!interaction && pushedAs === undefined) return undefined;
    return async (tx: Db) =>
      (!interaction || (browser !== undefined && (await interactions.take(tx, interaction.id, browser)))) &&
      (pushedAs === undefined || (await pushed.end(tx, pushedAs)));
  };

  /** The error for the application; undefined when there was an answer already. */
  const answerError = async (from: Case, error: Pick<OAuthError, 'code' | 'description'>): Promise<Answer | undefined> => {
    const take = taker(from);
    return take && !(await take(db)) ? undefined : respondError(from.request, engine.issuer, error);
  };
  /** The same, with the line in the log. */
  const refuse = async (from: Case, error: Pick<OAuthError, 'code' | 'description' | 'reason'>): Promise<Answer | undefined> => {
    const answer = await answerError(from, error);
    if (answer) refusals.tell({ ...error, client: from.facts.client, person: from.facts.person, origin: from.origin });
    return answer;
  };

  const issue = async (from: Case, { session, person }: Assessment, outcome: Outcome & { kind: 'respond' }): Promise<Answer | NoCode> => {
    if (!session || !person) throw new Error('an answer was decided without a person');
    const { request, facts, origin } = from;
    const issued = await authorizations.issue({
      request,
      client: facts.client,
      person,
      session,
      authTime: outcome.authTime,
      amr: outcome.amr,
      newConsent: outcome.newConsent,
      consentUsedAt: facts.consentUsedAt,
      take: taker(from),
      origin,
    });
    return 'none' in issued ? issued.none : respondCode(request, engine.issuer, issued.code);
  };

  const tellRefused = async ({ facts, origin }: Case, reason: Reason): Promise<void> =>
    refusals.tellAccess({ code: 'access_denied', reason, client: facts.client, person: facts.person, origin });

  const begin = ({ request, session, browser }: Case, { person }: Assessment) =>
    interactions.begin({ request, userId: person?.id, session, browser });

  /** Of a request that has no interaction yet, or resumes one. */
  const settle = async (from: Case): Promise<Authorized> => {
    const assessment = assessed(from);
    const { next, person } = assessment;
    const { request, facts, interaction, origin } = from;
    const { client } = facts;
    const sent = async (answer: Answer | undefined): Promise<Authorized> =>
      answer ? { kind: 'answer', answer, client } : { kind: 'gone', view: await answered(origin) };
    switch (next.kind) {
      case 'respond': {
        const answer = await issue(from, assessment, next);
        if (answer !== 'session-over') return sent(answer === 'answered' ? undefined : answer);
        // It ended after it was read: whoever is there now is signed out.
        const now = await engine.ledger.read({ clientId: client.id, session: from.session });
        return now.client ? settle({ ...from, facts: { ...now, client: now.client } }) : sent(undefined);
      }
      case 'error':
        return sent(await refuse(from, next));
      case 'step': {
        if (interaction && from.browser !== undefined) return { kind: 'interaction', id: interaction.id, browser: from.browser };
        return { kind: 'interaction', ...(await begin(from, assessment)) };
      }
      case 'refused': {
        await tellRefused(from, next.reason);
        // Nothing is shown inside a hidden frame: the application learns that it is no use to go on.
        if (isSilent(request))
          return sent(await answerError(from, { code: 'access_denied', description: 'the person may not use this client' }));
        const { id, browser } = interaction ? { id: interaction.id, browser: from.browser } : await begin(from, assessment);
        return { kind: 'refused', view: await descriptions.refused({ reason: next.reason, client, person, id, request, origin }), browser };
      }
    }
  };

  /** RFC 9126 section 4: what was pushed counts, and nothing the browser brings beside the reference. */
  const withPushed = async (
    from: Browser & { parameters: Parameters },
  ): Promise<Browser & { parameters: Parameters; pushedAs?: string }> => {
    const value = pushedValue(from.parameters);
    if (value === undefined) return from;
    const clientId = requestedClient(from.parameters);
    const taken = await pushed.take({ value, clientId, browser: from.browser }, clock.now());
    if (!taken)
      throw new OAuthError('invalid_request_uri', 'the request_uri is unknown, expired or was used', {
        reason: 'request-uri-unknown',
        about: { client: { id: clientId.slice(0, 128), name: '' } },
      });
    return { ...from, parameters: taken.parameters, browser: taken.browser, pushedAs: taken.id };
  };

  /** A new request. Throws OAuthErrors that are to be shown on our page. */
  const authorize = async ({ repeated, ...received }: Browser & { parameters: Parameters; repeated: boolean }): Promise<Authorized> => {
    const { pushedAs, ...from } = await withPushed(received);
    const { parameters, session, origin } = from;
    const clientId = requestedClient(parameters);
    const isUsable = await engine.documents.prepare(clientId, 'authorization_code', origin);
    const facts = await engine.ledger.read({ clientId, session });
    const client = isUsable ? facts.client : undefined;
    const address = returnAddress(parameters, client, engine.policy);
    if (!client) throw new OAuthError('invalid_request', 'the client is not known', { reason: 'client-unknown' });
    let request: AuthorizationRequest;
    try {
      const input = { parameters, client, issuer: engine.issuer, keys: engine.keys, pushed: pushedAs !== undefined, repeated };
      request = { ...(await authorizationRequest(address, input)), pushedAs };
    } catch (error) {
      if (!(error instanceof OAuthError && error.redirectable)) throw error;
      // Nobody vouches for such a client: without a person who knows where they are, it gets no redirect out of us (RFC 9700 section 4.11.2).
      if (client.type === 'cimd' && !facts.session) throw error;
      refusals.tell({ code: error.code, reason: error.reason, client, origin });
      return { kind: 'answer', answer: respondError(address, engine.issuer, error), client };
    }
    return settle({ ...from, facts: { ...facts, client }, request });
  };

  /** `/authorize?interaction=<id>`: the answer, or the next step. Everything else is taken from the store; a client or scope that differs is refused. */
  const resume = async (from: Browser & { id: string; parameters: Parameters }): Promise<Authorized> => {
    const found = await open(from.id, from);
    if ('kind' in found) return { kind: 'gone', view: found };
    const { parameters } = from;
    const sameClient = (parameters.get('client_id') ?? found.request.clientId) === found.request.clientId;
    const sameScope =
      !parameters.has('scope') ||
      String(checkScope({ parameters, client: found.facts.client }, found.request.resource).scopes) === String(found.request.scopes);
    if (!sameClient || !sameScope)
      throw new OAuthError('invalid_request', 'the interaction is about another request', { reason: 'interaction-of-another-request' });
    return settle(found);
  };

  const view: Flow['view'] = async ({ id, ...from }): Promise<View> => {
    const found = await open(id, from);
    if ('kind' in found) return found;
    const { person, next } = assessed(found);
    const { client } = found.facts;
    if (next.kind === 'refused') {
      refusals.tell({ code: 'access_denied', reason: next.reason, client, person, origin: from.origin });
      return descriptions.refused({ reason: next.reason, client, person, id, request: found.request, origin: from.origin });
    }
    return descriptions.step({ id, request: found.request, client, person, remaining: next.kind === 'step' ? next.remaining : [] });
  };

  /** Marks a step as taken by the signed-in person; answers false when it must not be. */
  const take = async (found: Case & { interaction: Interaction }, step: Step, due: Step | undefined, proof: string | undefined) => {
    const { interaction, facts } = found;
    const { session } = facts;
    if (step !== due) return isDone(interaction, step, due, session?.userId);
    if (step === 'authenticate' || !session) return false;
    const userId = session.userId;
    if (step === 'select_account') interaction.progress.selectedBy = userId;
    else if (step === 'consent') interaction.progress.consentedBy = userId;
    else {
      const proven = proof === undefined ? undefined : await takeReauthentication(proof, { id: session.id, userId });
      if (!proven || proven.authTime < interaction.createdAt) throw new AppError('reauthentication_required');
      interaction.progress.reauthenticated = { userId, at: proven.authTime };
    }
    return true;
  };

  /** Nothing a person does remains: the answer goes out from here when it fits into a redirect. */
  const finish = async (found: Case & { interaction: Interaction }, later: boolean): Promise<Completion> => {
    const { request, interaction, origin } = found;
    if (later || request.responseMode === 'form_post') return { kind: 'resume', url: `/authorize?interaction=${interaction.id}` };
    const done = await settle(found);
    if (done.kind === 'refused') return done.view;
    if (done.kind === 'gone') return done.view;
    if (done.kind === 'interaction') return { kind: 'next' };
    return done.answer.kind === 'redirect' ? { kind: 'redirect', url: done.answer.url } : answered(origin);
  };

  const complete: Flow['complete'] = async ({ id, step, person: shown, reauthentication, resume: later = false, ...from }) => {
    const found = await open(id, from);
    if ('kind' in found) return found;
    const before = assessed(found);
    const due = before.next.kind === 'step' ? before.next.step : undefined;
    const { interaction } = found;
    const current = before.session?.userId;
    // The steps were shown to somebody else: theirs are not taken, the signed-in person's begin.
    const forAnother = shown === undefined ? interaction.userId !== null && current !== interaction.userId : current !== shown;
    const rebind = current !== undefined && interaction.userId !== current;
    if (rebind) interaction.userId = current;
    if (forAnother && step !== 'authenticate') {
      if (rebind) await interactions.save(interaction);
      return { kind: 'next' };
    }
    if (before.next.kind === 'refused') {
      await tellRefused(found, before.next.reason);
      return descriptions.refused({
        reason: before.next.reason,
        client: found.facts.client,
        person: before.person,
        id,
        request: found.request,
        origin: from.origin,
      });
    }
    if (!(await take(found, step, due, reauthentication))) throw new AppError('invalid_step');
    await interactions.save(interaction);
    const after = assessed(found).next;
    return after.kind === 'step' ? { kind: 'next' } : finish(found, later);
  };

  /** What the application asked for, to the browser that began it. */
  const scopesOf = async (id: string, browser: string | undefined) => {
    const found = await interactions.find(id, browser);
    if (isLost(found)) return undefined;
    const { client } = await engine.ledger.read({ clientId: found.clientId });
    return { clientId: found.clientId, scopes: found.request.scopes, shown: shownScopes(found.request, client ?? { apis: [] }) };
  };

  const clientOf: Flow['clientOf'] = async (id, browser) => (await interactions.find(id, browser)).clientId;

  /** A client as pages show it; undefined when nobody registered it. */
  const shownClient = async (clientId: string) => {
    const { client } = await engine.ledger.read({ clientId });
    return client && descriptions.client(client);
  };

  const cancel: Flow['cancel'] = async ({ id, browser, origin }) => {
    const found = await open(id, { browser, origin });
    if ('kind' in found) return found;
    const error = { code: 'access_denied', description: 'the person did not go on', reason: 'cancelled-by-person' } as const;
    return (await refuse(found, error)) ?? answered(origin);
  };

  return { authorize, resume, view, complete, cancel, refused: descriptions.refused, clientOf, scopesOf, shownClient };
}
export type SignInFlow = ReturnType<typeof createFlow>;
