import { html } from 'hono/html';
import type { GoneView, RefusedView } from '../view.ts';
import { heading, type Look, type Page, personCard, reference, safeLink } from './layout.ts';
import type { Html, Translator } from './messages.ts';
import { switchPath } from './sign-in.ts';

const groupText = (t: Translator, { missingGroups, personGroups }: RefusedView): Html =>
  missingGroups.length === 0
    ? html`${t('refused.group.text.hidden')}`
    : t.rich('refused.group.text', {
        count: missingGroups.length,
        groups: t.list(missingGroups, 'disjunction'),
        mine: personGroups.length,
        yours: t.list(personGroups, 'conjunction'),
      });

/**
 * The person may not use the application: first what is fine, then what is not, then whom to ask. `at`: where they wanted to use it; who came from a
 * device has nothing to go back to in this browser.
 */
export function refusedPage({ t }: Look, view: RefusedView, at: 'browser' | 'device' = 'browser'): Page {
  const client = view.client.name;
  const [title, text] =
    view.reason === 'not-in-allowed-group'
      ? [t('refused.group.heading', { client }), groupText(t, view)]
      : view.reason === 'user-disabled'
        ? [t('refused.disabled.heading'), t('refused.disabled.text', { client })]
        : [t('refused.other.heading', { client }), t('refused.other.text')];
  const back = at === 'browser' && safeLink(view.client.launchUrl);
  const other = view.id ? html`<a href="${switchPath(view.id)}">${t('person.notYou')}</a>` : undefined;
  // A closed account has no profile to look at.
  const home = view.reason !== 'user-disabled' && html`<a class="button primary" href="/account">${t('refused.home')}</a>`;
  const leave = back && html`<a class="button quiet" href="${back}">${t('refused.back', { client })}</a>`;
  return {
    title,
    tucked: view.client,
    body: html`${at === 'device' ? heading(title, text, t('device.refused.text')) : heading(title, text)}${view.person && personCard(t, view.person, other)}
<p class="note">${view.askWhom ? t.rich('refused.ask', { name: view.askWhom }) : t('refused.ask.nobody')}</p>
${leave && home ? html`<div class="two">${leave}${home}</div>` : leave || home}
${reference(t, view.reason, view.requestId)}`,
    status: 403,
  };
}

/** The interaction can't be gone on with. */
export function gonePage({ t }: Look, { reason, client, requestId }: GoneView): Page {
  const which =
    reason === 'interaction-expired' ? 'gone.expired' : reason === 'interaction-of-another-browser' ? 'gone.browser' : 'gone.unknown';
  const back = safeLink(client?.launchUrl);
  return {
    title: t(`${which}.heading`),
    tucked: client ?? 'key',
    body: html`${heading(t(`${which}.heading`), t(`${which}.text`))}
${
  client && back
    ? html`<a class="button primary" href="${back}">${t('gone.again', { client: client.name })}</a>`
    : html`<a class="button primary" href="/account">${t('gone.home')}</a>`
}${reference(t, reason, requestId)}`,
    status: 410,
  };
}
