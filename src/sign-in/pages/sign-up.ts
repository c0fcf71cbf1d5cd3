import { html } from 'hono/html';
import type { ViewClient } from '../view.ts';
import { heading, type Look, type Page, trouble } from './layout.ts';
import { type AccountForm, accountFields } from './set-up.ts';
import { type Destination, signInPath } from './sign-in.ts';

export interface SignUpModel extends AccountForm {
  /** `''` where everybody may sign up. */
  token: string;
  destination: Destination;
  /** Where the person goes on to in the end. */
  client?: ViewClient;
  emailRequired: boolean;
  status?: number;
}

/** The form of an account that somebody makes themselves. Works without scripts; the passkey comes on the next page. */
export function signUpPage(look: Look, { token, destination, client, status, ...form }: SignUpModel): Page {
  const { t, site } = look;
  const title = t('signUp.heading', { site: site.name });
  const text = client ? t('signUp.text.app', { client: client.name }) : t(token ? 'signUp.text.invited' : 'signUp.text');
  const kept = { token, interaction: destination.interaction ?? '', redirect: destination.redirect ?? '' };
  return {
    title,
    tucked: client ?? 'key',
    body: html`${heading(title, text)}${trouble(form.wrong ? t('setup.error.form') : undefined)}
<form class="fields" method="post" action="/signup">${Object.entries(kept).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${accountFields(look, form)}
<button class="button primary">${t('setup.button')}</button></form>
<div class="links"><a href="${signInPath(destination)}">${t('signUp.known')}</a></div>`,
    needs: { tellOrigin: true },
    incompressible: true,
    status,
  };
}

/** An invitation is needed, or the one that was brought does not work (`wrong`). */
export function invitationPage(
  { t }: Look,
  { token, wrong, destination }: { token: string; wrong: boolean; destination: Destination },
): Page {
  const title = t(wrong ? 'invitation.wrong.heading' : 'invitation.heading');
  const invalid = wrong && html` aria-invalid="true"`;
  return {
    title,
    tucked: 'key',
    body: html`${heading(title, t(wrong ? 'invitation.wrong.text' : 'invitation.text'))}
<form class="fields" action="/signup">${Object.entries(destination).map(([name, value]) => value && html`<input type="hidden" name="${name}" value="${value}">`)}<label>${t('invitation.label')}<input name="token" value="${token}" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="200" required${invalid} autofocus></label>
<button class="button primary">${t('invitation.button')}</button></form>
<div class="links"><a href="${signInPath(destination)}">${t('signUp.known')}</a></div>`,
    incompressible: true,
    status: wrong ? 401 : 200,
  };
}

/** Nobody makes accounts here but administrators. */
export const signUpClosedPage = ({ t, site }: Look, destination: Destination): Page => ({
  title: t('signUpClosed.heading'),
  tucked: 'key',
  body: html`${heading(t('signUpClosed.heading'), t('signUpClosed.text', { site: site.name }))}<p class="note">${t('signUpClosed.note')}</p>
<a class="button primary" href="${signInPath(destination)}">${t('signUpClosed.button')}</a>`,
  status: 403,
});
