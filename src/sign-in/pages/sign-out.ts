import { html } from 'hono/html';
import { heading, type Look, type Page, personCard } from './layout.ts';

/** Asks before signing out: a link on another site must not be able to. */
export function signOutPage({ t, site }: Look, person: { displayName: string; username: string }): Page {
  const title = t('signOut.heading', { site });
  return {
    title,
    tucked: 'key',
    body: html`${heading(title, t('signOut.text'))}${personCard(person)}
<div class="two"><a class="button quiet" href="/account">${t('signOut.stay')}</a><form method="post" action="/logout"><button class="button primary">${t('signOut.button')}</button></form></div>`,
    needs: { tellOrigin: true },
  };
}

export const signedOutPage = ({ t }: Look): Page => ({
  title: t('signedOut.heading'),
  tucked: 'key',
  body: html`${heading(t('signedOut.heading'), t('signedOut.text'))}<a class="button primary" href="/login">${t('signedOut.button')}</a>`,
});
