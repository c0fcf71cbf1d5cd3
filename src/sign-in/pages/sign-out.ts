import { html } from 'hono/html';
import { heading, type Look, type Page, personCard, type ShownPerson } from './layout.ts';

const refusedNote = ({ t }: Look, refused: boolean) => refused && html`<p class="note" data-refused>${t('signOut.refused')}</p>`;

/** Asks before signing out: a link on another site must not be able to. `refused`: an application wanted the person back and can't have them. */
export function signOutPage(look: Look, person: ShownPerson, refused = false): Page {
  const { t, site } = look;
  const title = t('signOut.heading', { site: site.name });
  return {
    title,
    tucked: 'key',
    body: html`${heading(title, t('signOut.text'))}${refusedNote(look, refused)}${personCard(t, person)}
<div class="two"><a class="button quiet" href="/account">${t('signOut.stay')}</a><form method="post" action="/logout"><button class="button primary">${t('signOut.button')}</button></form></div>`,
    needs: { tellOrigin: true },
  };
}

/** Nobody is signed in here. */
export function signedOutPage(look: Look, refused = false): Page {
  const { t } = look;
  return {
    title: t('signedOut.heading'),
    tucked: 'key',
    body: html`${heading(t('signedOut.heading'), t('signedOut.text'))}${refusedNote(look, refused)}<a class="button primary" href="/login">${t('signedOut.button')}</a>`,
  };
}
