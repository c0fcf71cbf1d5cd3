import { html } from 'hono/html';
import type { StepView, ViewPerson, ViewScope } from '../view.ts';
import { ICONS } from './icons.ts';
import { heading, type Look, type Page, personCard, trouble } from './layout.ts';
import { type Html, isolated, type MessageKey, type Translator } from './messages.ts';
import { type Ceremony, cancelForm, cancelLink, noScript, passkeyButton, reauthenticationScript, switchPath } from './sign-in.ts';
import { formWords } from './words.ts';

/** A step somebody is signed in for. */
export type PersonStep = StepView & { person: ViewPerson };

const notYou = ({ t }: Look, id: string): Html => html`<a href="${switchPath(id)}">${t('person.notYou')}</a>`;

/** What a person may be called in a sentence. */
export const shortName = ({ firstName, displayName, username }: Pick<ViewPerson, 'firstName' | 'displayName' | 'username'>): string =>
  firstName || displayName || username;

const stepForm = ({ id, person }: PersonStep, step: string, content: Html): Html =>
  html`<form method="post" action="/interaction/complete" data-send><input type="hidden" name="interaction" value="${id}"><input type="hidden" name="step" value="${step}"><input type="hidden" name="person" value="${person.id}">${content}</form>`;

/** `prompt=select_account` */
export function selectAccountPage(look: Look, view: PersonStep): Page {
  const { t } = look;
  const title = t('selectAccount.heading', { client: view.client.name });
  const button = html`<button class="button primary"><span>${t('selectAccount.button', { name: shortName(view.person) })}</span></button>`;
  return {
    title,
    tucked: view.client,
    body: html`${heading(title, t('selectAccount.text'))}${personCard(t, view.person)}${trouble()}${stepForm(view, 'select_account', button)}
<a class="button quiet" href="${switchPath(view.id)}">${t('selectAccount.other')}</a>
<div class="links">${cancelLink(look, view)}</div>`,
    script: { words: formWords(look) },
    needs: { formAction: { target: view.returnOrigin }, tellOrigin: true },
  };
}

/** `prompt=login`, `max_age`, or a client that always asks. */
export function reauthenticatePage(look: Look, view: PersonStep, ceremony: Ceremony): Page {
  const { t } = look;
  const title = t('reauthenticate.heading', { name: shortName(view.person) });
  return {
    title,
    tucked: view.client,
    body: html`${heading(title, t('reauthenticate.text', { client: view.client.name }))}${personCard(t, view.person, notYou(look, view.id))}${trouble()}
${passkeyButton(t('reauthenticate.button'))}${noScript(look)}<div class="links">${cancelLink(look, view)}</div>`,
    script: reauthenticationScript(look, ceremony, { interaction: view.id }),
    needs: { formAction: { target: view.returnOrigin }, tellOrigin: true },
  };
}

const SCOPE_ICONS: Record<string, Html> = {
  profile: ICONS.profile,
  email: ICONS.email,
  groups: ICONS.groups,
  offline_access: ICONS.clock,
};

const isKnown = (scope: string) => Object.hasOwn(SCOPE_ICONS, scope);

/** What a scope shows of a person, in words; `otherwise` (or the scope itself) for one that is not ours. */
export const scopeName = (t: Translator, scope: string, otherwise = scope): string =>
  isKnown(scope) ? t(`scope.${scope}` as MessageKey) : otherwise;

/** A line of what an application would learn, with the values. */
export function scopeFact({ t }: Look, { key, name, values }: ViewScope, client: string): Html {
  const known = isKnown(key);
  const label = scopeName(t, key, name);
  const shown = key === 'offline_access' ? t('scope.offline_access.values', { client }) : values.map(isolated).join(' · ');
  const small = shown || (known ? t('scope.empty') : '');
  return html`<li>${(known && SCOPE_ICONS[key]) || ICONS.tag}<span>${isolated(label)}</span>${small && html`<small>${small}</small>`}</li>`;
}

/** What the application would learn, with the values themselves. */
export function consentPage(look: Look, view: PersonStep): Page {
  const { t } = look;
  const client = view.client.name;
  const title = t('consent.heading', { client });
  const facts = view.scopes.length
    ? view.scopes.map((scope) => scopeFact(look, scope, client))
    : html`<li>${ICONS.tag}<span>${t('consent.nothing')}</span><small>${t('consent.nothing.values', { client })}</small></li>`;
  const allow = html`<button class="button primary"><span>${t('consent.allow')}</span></button>`;
  return {
    title,
    tucked: view.client,
    body: html`${heading(title, t('consent.text'))}${personCard(t, view.person, notYou(look, view.id))}<ul class="facts">${facts}</ul>${trouble()}
<div class="two">${cancelForm(view, { text: t('consent.deny'), kind: 'button quiet' })}${stepForm(view, 'consent', allow)}</div>`,
    script: { words: formWords(look) },
    needs: { formAction: { target: view.returnOrigin }, tellOrigin: true },
  };
}
