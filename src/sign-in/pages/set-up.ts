import { html } from 'hono/html';
import { ICONS } from './icons.ts';
import { heading, type Look, type Page, personCard, type ShownPerson, trouble } from './layout.ts';
import type { Html, MessageKey } from './messages.ts';
import { type Ceremony, type Destination, noScript, passkeyButton, reauthenticationScript, toward } from './sign-in.ts';
import { ceremonyWords } from './words.ts';

export const SET_UP_FIELDS = ['firstName', 'lastName', 'username', 'email'] as const;
export type SetUpField = (typeof SET_UP_FIELDS)[number];

/** What somebody typed into the form of a new account, and what was wrong with it. */
export interface AccountForm {
  values: Partial<Record<SetUpField, string>>;
  /** The sentence beside each field that has something wrong. */
  wrong?: Partial<Record<SetUpField, MessageKey>>;
}

export interface SetUpModel extends AccountForm {
  /** The link's. */
  secret: string;
  /** A sentence about the whole. */
  problem?: string;
  status?: number;
}

const AUTOCOMPLETE: Record<SetUpField, string> = {
  firstName: 'given-name',
  lastName: 'family-name',
  username: 'username',
  email: 'email',
};

/** The fields of a new account; what was typed stays in them. */
export function accountFields({ t }: Look, { values, wrong = {}, emailRequired = false }: AccountForm & { emailRequired?: boolean }): Html {
  const first = SET_UP_FIELDS.find((name) => wrong[name]);
  const field = (name: SetUpField, attributes: Html): Html => {
    const sentence = wrong[name];
    return html`<div class="field"><label for="${name}"><span>${t(`setup.${name}`)}</span><input id="${name}" name="${name}" value="${values[name] ?? ''}" autocomplete="${AUTOCOMPLETE[name]}"${attributes}${
      sentence && html` aria-invalid="true" aria-describedby="${name}-wrong"`
    }${name === first && html` autofocus`}></label>${sentence && html`<small class="wrong" id="${name}-wrong">${t(sentence)}</small>`}</div>`;
  };
  const optional = html` placeholder="${t('setup.optional')}"`;
  return html`${field('firstName', html` required maxlength="50" dir="auto"`)}${field('lastName', html`${optional} maxlength="50" dir="auto"`)}
${field('username', html` required maxlength="50" autocapitalize="none" spellcheck="false"`)}${field('email', html`${emailRequired ? html` required` : optional} type="email" maxlength="254"`)}`;
}

/** The first administrator's form. Works without scripts; the passkey comes on the next page. */
export function setUpPage(look: Look, { secret, problem, status, ...form }: SetUpModel): Page {
  const { t } = look;
  return {
    title: t('setup.heading'),
    tucked: 'key',
    body: html`${heading(t('setup.heading'), t('setup.text'))}${trouble(problem)}
<form class="fields" method="post" action="/signup/setup"><input type="hidden" name="secret" value="${secret}">
${accountFields(look, form)}
<button class="button primary">${t('setup.button')}</button></form>`,
    needs: { tellOrigin: true },
    incompressible: true,
    status,
  };
}

/** The set-up is open, but not with this link. */
export const setUpLinkPage = ({ t }: Look): Page => ({
  title: t('setup.link.heading'),
  tucked: 'key',
  body: html`${heading(t('setup.link.heading'), t('setup.link.text'))}<p class="note">${t('new.note')}</p>`,
  status: 403,
});

export interface AddPasskeyModel {
  /** Creation options, begun for this page. */
  ceremony: Ceremony;
  destination: Destination;
  name: string;
}

/** Makes a passkey for who is signed in: after the set-up, after a code, and from the profile. */
export function addPasskeyPage(look: Look, { ceremony, destination, name }: AddPasskeyModel): Page {
  const { t } = look;
  const skip = new URLSearchParams({ skip: 'true' });
  const href = toward('/signup/add-passkey', destination);
  return {
    title: t('addPasskey.heading', { name }),
    tucked: 'key',
    body: html`${heading(t('addPasskey.heading', { name }), t('addPasskey.text'))}${trouble()}${passkeyButton(t('addPasskey.button'))}${noScript(look)}
<div class="links"><a href="${href}${href.includes('?') ? '&' : '?'}${skip.toString()}">${t('addPasskey.skip')}</a></div>`,
    script: {
      ...ceremony,
      make: true,
      start: '/api/webauthn/register/start',
      finish: '/signup/add-passkey',
      extra: { interaction: destination.interaction, redirect: destination.redirect },
      words: ceremonyWords(look, 'make'),
    },
  };
}

/** Skipping the passkey asks once more, since the person can't come back without a code. */
export function skipPasskeyPage({ t }: Look, { next, destination }: { next: string; destination: Destination }): Page {
  return {
    title: t('skipPasskey.heading'),
    tucked: 'key',
    body: html`${heading(t('skipPasskey.heading'), t('skipPasskey.text'))}
<a class="button primary" href="${toward('/signup/add-passkey', destination)}">${ICONS.key}${t('addPasskey.button')}</a><a class="button quiet" href="${next}">${t('skipPasskey.skip')}</a>`,
  };
}

/** Asks for a passkey once more before something of the account changes; goes on to `destination.redirect`. */
export function confirmPage(
  look: Look,
  { ceremony, destination, person }: { ceremony: Ceremony; destination: Destination; person: ShownPerson & { firstName: string } },
): Page {
  const { t } = look;
  const title = t('reauthenticate.heading', { name: person.firstName || person.username });
  return {
    title,
    tucked: 'key',
    body: html`${heading(title, t('reauthenticate.account.text'))}${personCard(t, person)}${trouble()}${passkeyButton(t('reauthenticate.button'))}${noScript(look)}`,
    script: reauthenticationScript(look, ceremony, destination),
  };
}
