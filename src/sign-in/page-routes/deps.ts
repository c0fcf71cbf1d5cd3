import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Origin, shortId } from '#platform/http/context.ts';
import type { ListOptions } from '#platform/http/contract.ts';
import type { Log } from '#platform/log.ts';
import { INTERNAL } from '../../audit/contract.ts';
import type { Cookies } from '../../sessions/cookies.ts';
import type { SignUp } from '../../sign-up/contract.ts';
import type { LogosOf, PictureOf } from '../describe.ts';
import type { Asker } from '../pages/asker.ts';
import { rememberLanguage } from '../pages/language.ts';
import { languageFor } from '../pages/messages.ts';
import type { Renderer } from '../pages/respond.ts';
import type { Destination } from '../pages/sign-in.ts';
import type { Flow } from '../view.ts';

/** A person as pages show them. */
interface PagePerson {
  id: string;
  username: string;
  displayName: string;
  firstName: string;
  email: string | null;
  locale: string | null;
  userGroups: readonly { friendlyName: string }[];
}

/** A browser that was just signed in: `value` goes into the session cookie for `maxAge` seconds. */
interface Started {
  userId: string;
  value: string;
  maxAge: number;
}
interface Begun {
  id: string;
  /** Of the ceremony cookie. */
  maxAge: number;
  /** For so long it may be answered. */
  seconds: number;
  options: object;
}
interface CallerSession {
  id: string;
  userId: string;
  authTime: number;
  amr: readonly string[];
}

/** What pages need of `passkeys/`. `id` is the ceremony cookie's value; what goes wrong is an AppError. */
interface PagePasskeys {
  startLogin(from: { browser?: string }): Promise<Begun>;
  finishLogin(from: { id: string | undefined; response: unknown; origin: Origin; replaces?: string }): Promise<Started>;
  /** Throws `reauthentication_required` when the session is not fresh. */
  startRegistration(from: { session: CallerSession; browser?: string }): Promise<Begun>;
  finishRegistration(from: { id: string | undefined; session: CallerSession; response: unknown; origin: Origin }): Promise<unknown>;
  startReauthentication(from: { session: CallerSession; browser?: string }): Promise<Begun>;
  reauthenticate(from: {
    id: string | undefined;
    session: CallerSession;
    response: unknown;
    origin: Origin;
    sessionValue: string;
  }): Promise<{ proof: string; maxAge: number; started?: { value: string; maxAge: number; session: { id: string } } }>;
}
interface PagePasskeyList {
  listOf(
    userId: string,
  ): Promise<readonly { id: string; name: string; created_at: number; last_used_at: number | null; backup_state: number }[]>;
  rename(userId: string, id: string, name: string): Promise<unknown>;
  /** Throws `last_passkey`. */
  removeOwn(userId: string, id: string, origin: Origin): Promise<void>;
}
interface PageSessions {
  end(value: string, origin: Origin): Promise<boolean>;
  listOf(
    userId: string,
  ): Promise<readonly { id: string; createdAt: number; lastSeenAt: number; amr: readonly string[]; ip: string; userAgent: string }[]>;
  revoke(userId: string, sessionId: string, origin: Origin): Promise<void>;
  revokeAll(userId: string, origin: Origin, options: { exceptId?: string }): Promise<void>;
}

/** What people have let applications know; see `consents/`. Dates are ISO 8601. */
interface PageConsents {
  authorized(
    userId: string,
    options: ListOptions,
  ): Promise<{
    data: readonly {
      scope: string;
      lastUsedAt: string;
      client: { id: string; name: string; hasLogo: boolean; launchURL: string | null };
    }[];
  }>;
  /** Throws `not_found`. */
  revoke(userId: string, clientId: string, origin: Origin): Promise<void>;
}

/** The first administrator's account; `secret` is the link's. */
interface PageSetUp {
  /** False once there is an administrator. */
  isOpen(): Promise<boolean>;
  knows(secret: string): Promise<boolean>;
  /** Throws `setup_already_completed`, or `forbidden` for another secret. */
  complete(from: { input: SignUp; secret: string; origin: Origin; replaces?: string }): Promise<Started>;
}

interface Places {
  /** `country` is `INTERNAL` for addresses at home; both are empty where nobody knows. */
  locate(ip: string): { country: string; city: string };
  /** Whether places are DB-IP's, who wants to be named beside them. */
  needsCredit(): boolean;
}

/** Accounts that people make themselves. */
interface PageSignUp {
  /** Who may: nobody, whom an administrator gave a token, everybody. A token counts in every mode. */
  mode(): 'disabled' | 'withToken' | 'open';
  requiresEmail(): boolean;
  /** Whether a token can still be used; does not use it. */
  accepts(token: string): Promise<boolean>;
  /** Throws `open_signup_disabled`, `token_invalid_or_expired`, `validation_failed` or `already_in_use`. */
  signUp(from: { input: SignUp; token?: string; origin: Origin; replaces?: string }): Promise<Started>;
}

export interface PageDeps {
  appUrl: string;
  /** Where people land who sign in on the way to nothing: a path of ours, or another page of the web. */
  home(): string;
  clock: Clock;
  log: Log;
  renderer: Renderer;
  cookies: Cookies;
  flow: Flow;
  passkeys: PagePasskeys;
  passkeyList: PagePasskeyList;
  sessions: PageSessions;
  consents: PageConsents;
  oneTimeCodes: { redeem(from: { typed: string; origin: Origin; replaces?: string }): Promise<Started> };
  setUp: PageSetUp;
  signUps: PageSignUp;
  people: { find(id: string): Promise<PagePerson> };
  images: { logosOf: LogosOf; pictureOf: PictureOf };
  places: Places;
}

/** The signed-in browser's session; undefined for visitors. */
export function sessionOf(c: Ctx): CallerSession | undefined {
  const caller = c.var.caller;
  return caller?.session && { userId: caller.userId, ...caller.session };
}

/** Says where a request came from, in words. */
export function placed(
  places: Places,
  asker: { ip: string; userAgent: string; at: number },
  { country, city } = places.locate(asker.ip),
): Asker {
  const place = country === INTERNAL ? undefined : [city, country].filter(Boolean).join(', ');
  return { ...asker, place, needsCredit: Boolean(place) && places.needsCredit() };
}

/** A person by name and face. */
export async function shownPerson({ people, images }: Pick<PageDeps, 'people' | 'images'>, userId: string) {
  const [person, picture] = await Promise.all([people.find(userId), images.pictureOf(userId)]);
  return { ...person, picture };
}

/** Puts the new session into the browser, and the person's language with it. */
export async function signedIn(c: Ctx, { cookies, people, appUrl }: Pick<PageDeps, 'cookies' | 'people' | 'appUrl'>, started: Started) {
  cookies.session.set(c, started.value, started.maxAge);
  const own = languageFor((await people.find(started.userId)).locale ?? undefined);
  if (own) rememberLanguage(c, own, appUrl.startsWith('https:'));
}

/** Begins a login ceremony for a page, bound to the browser by its cookie. */
export async function beginLogin(c: Ctx, { cookies, passkeys }: Pick<PageDeps, 'cookies' | 'passkeys'>) {
  return begun(c, cookies, await passkeys.startLogin({ browser: cookies.ceremony.read(c) }));
}

/** Sets the ceremony's cookie; answers what the page embeds. */
export function begun(c: Ctx, cookies: Cookies, { id, maxAge, seconds, options }: Begun) {
  cookies.ceremony.set(c, id, maxAge);
  return { options, seconds };
}

/** The fields of a posted form; throws `invalid_request_body` for what cannot be read as one. */
export const formOf = (c: Ctx) =>
  c.req.parseBody().catch((cause: unknown) => {
    throw new AppError('invalid_request_body', { cause });
  });

/** The application that somebody is on the way to, for the log. */
export const clientOf = async (c: Ctx, { flow, cookies }: Pick<PageDeps, 'flow' | 'cookies'>, { interaction }: Destination) =>
  interaction === undefined ? undefined : flow.clientOf(interaction, cookies.browser.read(c));

/** Whether a form was sent by our script, which goes to the next page by itself: a redirect after a form is held to its page's `form-action`. */
export const byScript = (c: Ctx): boolean => c.req.header('accept') === 'application/json';

/** Logs a refused sign-in that is answered here and not by the error handler, and answers its code; what is no refusal is thrown on. */
export function refusedCode(c: Ctx, log: Log, cause: unknown, client?: string) {
  if (!(cause instanceof AppError) || cause.status >= 500) throw cause;
  log.warn('sign-in unauthorized', {
    request_id: c.var.requestId,
    ref: shortId(c.var.requestId),
    reason: cause.code,
    client,
    ip: c.var.ip,
    detail: cause.extra.detail,
  });
  return cause.code;
}
