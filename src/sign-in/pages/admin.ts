import { html } from 'hono/html';
import { heading, type Look, type Page } from './layout.ts';

/** Where somebody looks for pages of administration: there are none, so it says what there is, and how to get in when nothing else opens. */
export const adminPage = ({ t }: Look): Page => ({
  title: t('admin.heading'),
  tucked: 'key',
  body: html`${heading(t('admin.heading'), t('admin.text'))}<p class="note">${t.rich('admin.lockedOut')}</p>
<a class="button primary" href="/api/docs">${t('admin.button')}</a><div class="links"><a href="/account">${t('error.home')}</a></div>`,
});
