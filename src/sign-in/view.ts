import type { Reason } from '#access/decide.ts';
import type { Step } from '#oidc/decide.ts';
import type { Client, Person } from '#oidc/ports.ts';
import type { Answer } from '#oidc/respond.ts';
import type { Origin } from '#platform/http/context.ts';

/** The application that asks, as a page shows it. */
export interface ViewClient {
  id: string;
  name: string;
  hasLogo: boolean;
  /** Changes with the logo. */
  logoVersion?: string;
  hasDarkLogo: boolean;
  launchUrl: string | null;
}

/** The signed-in person, as a page shows them. */
export interface ViewPerson {
  id: string;
  username: string;
  displayName: string;
  email: string | null;
  firstName: string;
  lastName: string;
  /** Names as an application gets them in the `groups` claim. */
  groups: string[];
  /** Local path of their picture; absent when there are only initials. */
  picture?: string;
}

/** One scope asked for; `openid` is left out because it shows nothing of the person but an id. */
export interface ViewScope {
  key: string;
  name: string;
  /** What the application would get for this person; empty when nobody is signed in or there is nothing. */
  values: string[];
}

/** A step a person has to take. */
export interface StepView {
  kind: 'step';
  id: string;
  step: Step;
  /** Every step still to take, this one first; empty when nothing is left to ask and `/authorize?interaction=<id>` answers. */
  remaining: Step[];
  client: ViewClient;
  person?: ViewPerson;
  scopes: ViewScope[];
  /** `login_hint` of the request: text of the application's choice, to be shown escaped or not at all. */
  loginHint?: string;
  /** BCP 47 tags of `ui_locales`, best first. */
  uiLocales: string[];
  /** The answer, a refusal too, is a form that the browser posts: no script can go there by an address. */
  answersByForm: boolean;
  /** Scheme and host the browser will be sent to in the end: what `form-action` of the page's CSP has to allow. */
  returnOrigin: string;
}

/** The person may not use the application. */
export interface RefusedView {
  kind: 'refused';
  reason: Reason;
  client: ViewClient;
  person?: ViewPerson;
  /** Friendly names of the groups that would open the application. */
  missingGroups: string[];
  /** Friendly names of the groups the person is in. */
  personGroups: string[];
  /** Display name of an administrator, the one to ask. */
  askWhom?: string;
  /** Short form of the request id; the log line of the refusal carries it as `ref`. */
  requestId: string;
  /** The interaction, when somebody else may sign in to it instead. */
  id?: string;
  /** `ui_locales` of the request, where there is one. */
  uiLocales?: readonly string[];
}

/** The interaction cannot be gone on with: unknown, finished, expired, or started by another browser. */
export interface GoneView {
  kind: 'gone';
  reason: 'interaction-unknown' | 'interaction-expired' | 'interaction-of-another-browser';
  client?: ViewClient;
  requestId: string;
}

/** An answer on its way to the application. */
export type Sent = Answer;

export type View = StepView | RefusedView | GoneView;

export type Completion =
  /** More steps remain: show `/interaction?interaction=<id>` again. */
  | { kind: 'next' }
  /** Nothing remains; the application's redirect URI with the answer. */
  | { kind: 'redirect'; url: string }
  /** Nothing remains; go to `url` (`/authorize?interaction=<id>`), which answers. */
  | { kind: 'resume'; url: string }
  | RefusedView
  | GoneView;

/** What the pages and the JSON routes of an interaction call. `browser` and `session` are the clear cookie values. */
export interface Flow {
  view(input: { id: string; browser?: string; session?: string; origin: Origin }): Promise<View>;
  /**
   * Takes a step. `person` is the id of the person the page showed; when somebody else is signed in by now, nothing is recorded and the answer
   * is `next`. `reauthentication` is the value of the reauthentication cookie. With `resume` the answer is never sent from here, `/authorize` sends
   * it. Throws AppError `invalid_step` when the step is not the next one, `reauthentication_required` without proof.
   */
  complete(input: {
    id: string;
    browser?: string;
    session?: string;
    step: Step;
    person?: string;
    reauthentication?: string;
    resume?: boolean;
    origin: Origin;
  }): Promise<Completion>;
  /** Ends the interaction: the application gets `access_denied`. */
  cancel(input: { id: string; browser?: string; origin: Origin }): Promise<Sent | GoneView>;
  /** What a person sees who may not use an application. */
  refused(from: { reason: Reason; client: Client; person?: Person; origin: Origin }): Promise<RefusedView>;
  /** The id of the application that an interaction of this browser is about. */
  clientOf(id: string, browser: string | undefined): Promise<string | undefined>;
}

/** What the person sees instead of an answer to the application, rendered by `sign-in/pages/`. */
export interface ErrorPage {
  /** Reason code; also the word the page's message is chosen by. */
  reason: string;
  /** OAuth error code and description, for developers: shown small. */
  error?: string;
  description?: string;
  status: 400 | 401 | 403 | 404 | 500 | 503;
  client?: ViewClient;
  /** Short form; finds the log line. */
  requestId: string;
}

export { shortId } from '#platform/http/context.ts';
