import { html } from 'hono/html';
import type { ViewClient } from '../view.ts';
import { ICONS } from './icons.ts';
import { heading, type Look, type Page, type ScriptData, trouble } from './layout.ts';
import type { Html } from './messages.ts';
import { ceremonyWords, formWords } from './words.ts';

/** Where a person is on the way to: an application's interaction, or a local path. Kept through every page of the way. */
export interface Destination {
  interaction?: string;
  redirect?: string;
}

/** `path` with the destination as its query, and an invitation's token where there is one. */
export function toward(path: string, { interaction, redirect, token }: Destination & { token?: string }): string {
  const given = Object.entries({ token, interaction, redirect }).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const query = new URLSearchParams(given).toString();
  return query ? `${path}?${query}` : path;
}

/** Shows an interaction as to nobody: another person may sign in to it instead, and nobody is signed out before they do. */
export const switchPath = (id: string) => `/interaction?interaction=${encodeURIComponent(id)}&switch=true`;

/** The sign-in page of a destination: of the application that asks, also when somebody else is signed in, or ours. */
export const signInPath = (destination: Destination): string =>
  destination.interaction ? switchPath(destination.interaction) : toward('/login', destination);

/** A login ceremony that was begun for this page. */
export interface Ceremony {
  /** `PublicKeyCredentialRequestOptionsJSON` */
  options: unknown;
  /** Seconds the options may be used. */
  seconds: number;
}

/** What the script needs to sign in with a passkey and go on to `destination`. */
const loginScript = (look: Look, ceremony: Ceremony, destination: Destination): ScriptData => ({
  ...ceremony,
  start: '/api/webauthn/login/start',
  finish: '/interaction/passkey',
  extra: { interaction: destination.interaction, redirect: destination.redirect },
  words: ceremonyWords(look, 'signIn'),
});

/** The same for somebody who is signed in and proves themselves again. */
export const reauthenticationScript = (look: Look, ceremony: Ceremony, destination: Destination): ScriptData => ({
  ...loginScript(look, ceremony, destination),
  start: '/api/webauthn/reauthenticate/start',
  finish: '/interaction/reauthenticate',
  words: ceremonyWords(look, 'prove'),
});

/**
 * The one amber button of a page, for a ceremony. `hint`: the kind of authenticator the browser should offer first. A press before the page's script is there
 * opens an empty popover, which is how the browser remembers it for the script.
 */
export const passkeyButton = (text: string, hint = ''): Html =>
  html`<button type="button" class="button primary" data-passkey="${hint}" popovertarget="pressed" popovertargetaction="show">${ICONS.key}<span>${text}</span></button>`;

/** Shown to browsers without scripts, since no ceremony works in them; a code is another way in, but proves and makes no passkey. */
export const noScript = ({ t, appUrl }: Look, otherwise: 'code' | 'none' = 'none'): Html =>
  html`<noscript><p class="note">${t(otherwise === 'code' ? 'noScript.signIn' : 'noScript.passkey', { host: new URL(appUrl).host })}</p></noscript>`;

/** The interaction that a page can take back to the application, and how the answer travels. */
export interface Cancellable {
  id: string;
  client: ViewClient;
  answersByForm: boolean;
}

/** Takes the person back to the application with `access_denied`. A whole-page form where the answer is a form for the application; else the script goes there. */
export const cancelForm = ({ id, answersByForm }: Cancellable, button: { text: string; kind: string }): Html =>
  html`<form method="post" action="/interaction/cancel"${!answersByForm && html` data-send`}><input type="hidden" name="interaction" value="${id}"><button class="${button.kind}"><span>${button.text}</span></button></form>`;

/** The same as a link below everything else. */
export const cancelLink = ({ t }: Look, view: Cancellable): Html =>
  cancelForm(view, { text: t('signIn.cancel', { client: view.client.name }), kind: 'linked' });

/** The last labels of a host name that people call the place: `auth.example.com` → `example.com`, everything else as it is. */
const placeOf = (appUrl: string): string =>
  new URL(appUrl).hostname.replace(/^(auth|id|idp|login|sso|oidc|accounts?|pocket-?id)\.(?=[^.]+\.)/, '');

export interface SignInModel {
  ceremony: Ceremony;
  destination: Destination;
  /** The application that asks, and where its answer will go (for `form-action`). */
  asking?: Cancellable & { returnOrigin: string };
  /** Everybody may make an account. */
  signUp?: boolean;
}

/** Sign in: `/login`, and the first step of an interaction. */
export function signInPage(look: Look, { ceremony, destination, asking, signUp }: SignInModel): Page {
  const { t } = look;
  const title = asking ? t('signIn.heading.app', { client: asking.client.name }) : t('signIn.heading');
  const text = asking ? t('signIn.text.app') : t('signIn.text', { domain: look.site.named ? look.site.name : placeOf(look.appUrl) });
  const name = html`<form><label>${t('signIn.name')}<input name="username" autocomplete="username webauthn" placeholder="${t('signIn.name.placeholder')}" autocapitalize="none" spellcheck="false"></label></form>`;
  return {
    title,
    tucked: asking ? asking.client : 'key',
    body: html`${heading(title, text)}${trouble()}${!asking && name}${passkeyButton(t('signIn.button'))}${noScript(look, 'code')}
<div class="links"><a href="${toward('/login/alternative', destination)}">${t('signIn.otherDevice')}</a><a href="${toward('/login/alternative/code', destination)}">${t('signIn.code')}</a>${signUp && html`<a href="${toward('/signup', destination)}">${t('signIn.signUp')}</a>`}${asking && cancelLink(look, asking)}</div>`,
    script: loginScript(look, ceremony, destination),
    needs: asking && { formAction: { target: asking.returnOrigin }, tellOrigin: true },
  };
}

/** Other ways in than the passkey on this device. */
export function alternativePage(
  look: Look,
  { ceremony, destination, client }: { ceremony: Ceremony; destination: Destination; client?: ViewClient },
): Page {
  const { t } = look;
  return {
    title: t('alternative.heading'),
    tucked: client ?? 'key',
    body: html`${heading(t('alternative.heading'), t('alternative.text'))}${trouble()}${passkeyButton(t('alternative.button'), 'hybrid')}
<a class="button quiet" href="${toward('/login/alternative/code', destination)}">${t('alternative.code')}</a>
<a class="button quiet" href="${toward('/login/alternative/device', destination)}">${t('alternative.device')}</a>${noScript(look, 'code')}
<div class="links"><a href="${signInPath(destination)}">${t('alternative.back')}</a></div>`,
    script: loginScript(look, ceremony, destination),
  };
}

/** Instead of a sign-in page, while the installation has no administrator. */
export function newPage({ t }: Look): Page {
  return {
    title: t('new.heading'),
    tucked: 'key',
    body: html`${heading(t('new.heading'), t('new.text'))}<p class="note">${t('new.note')}</p>`,
  };
}

export interface CodeModel {
  destination: Destination;
  client?: ViewClient;
  /** From a link: filled in, and taken out of the address by the script. */
  code?: string;
  /** Sentence about the code that was sent. */
  problem?: string;
  status?: number;
}

/** Entry of a one-time code. Reading this page never uses the code up: mail scanners follow links. */
export function codePage(look: Look, { destination, client, code, problem, status }: CodeModel): Page {
  const { t } = look;
  const linked = Boolean(code) && !problem;
  const title = t(linked ? 'code.heading.link' : 'code.heading');
  const described = problem ? html` aria-invalid="true" aria-describedby="trouble"` : '';
  return {
    title,
    tucked: client ?? 'key',
    body: html`${heading(title, t(linked ? 'code.text.link' : 'code.text'))}${trouble(problem)}
<form class="fields" method="post" action="/login/alternative/code" data-send><input type="hidden" name="interaction" value="${destination.interaction ?? ''}"><input type="hidden" name="redirect" value="${destination.redirect ?? ''}">
<label>${t('code.label')}<input class="code" name="code" value="${code ?? ''}" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="20" required${described}${!linked && html` autofocus`}></label>
<button class="button primary"><span>${t('code.button')}</span></button></form>
<div class="links"><a href="${signInPath(destination)}">${t('code.passkey')}</a></div>`,
    script: {
      forget: code ? toward('/login/alternative/code', destination) : undefined,
      // For a link whose code turns out not to work.
      words: { ...formWords(look), ...(linked ? { heading: t('code.heading'), text: t('code.text') } : {}) },
    },
    incompressible: true,
    status,
  };
}
