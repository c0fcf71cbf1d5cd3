import { html } from 'hono/html';
import type { ErrorPage } from '../view.ts';
import { heading, type Look, type Page, reference, safeLink } from './layout.ts';
import type { Html, MessageKey } from './messages.ts';

type Kind = 'client' | 'redirect' | 'over' | 'failed' | 'unavailable' | 'other';

/** Which of our explanations fits a reason code of the engine. */
function kindOf({ reason, status }: ErrorPage): Kind {
  if (status === 503) return 'unavailable';
  if (status >= 500) return 'failed';
  // What was pushed was answered, or waited too long: nobody has set anything up wrongly.
  if (reason === 'request-uri-unknown') return 'over';
  if (/redirect-uri/.test(reason)) return 'redirect';
  if (/client/.test(reason)) return 'client';
  return 'other';
}

const words = ({ error, description }: ErrorPage, { t }: Look): Html | undefined =>
  error || description
    ? html`<details class="developer"><summary>${t('developer.label')}</summary><p>${[error, description].filter(Boolean).join(': ')}</p></details>`
    : undefined;

/** Something an application sent can't be answered, and the browser can't be sent back either. */
export function errorPage(look: Look, error: ErrorPage): Page {
  const { t, site } = look;
  const kind = kindOf(error);
  const client = error.client?.name ?? '';
  const named = kind === 'other' && client ? '.app' : '';
  const key = kind === 'other' ? 'error' : kind === 'over' ? 'gone.unknown' : `error.${kind}`;
  const title = t(`${key}.heading${named}` as MessageKey, { client });
  const text = t(`${key}.text` as MessageKey, { client: client || t('error.redirect.application'), site: site.name });
  const back = safeLink(error.client?.launchUrl);
  const button = back
    ? html`<a class="button primary" href="${back}">${t('error.back', { client })}</a>`
    : html`<a class="button primary" href="/account">${t('error.home')}</a>`;
  return {
    title,
    tucked: error.client ?? 'key',
    body: html`${heading(title, text)}${error.status < 500 && kind !== 'over' && html`<p class="note">${t('error.note')}</p>`}${button}
${words(error, look)}${reference(t, error.reason, error.requestId)}`,
    status: error.status,
  };
}

/** Kinds of failure a page request can meet anywhere. */
export type Mishap = 'failed' | 'unavailable' | 'notFound' | 'method' | 'forbidden' | 'crossSite' | 'busy' | 'request';

/** The page of a failure that has nothing to do with an application. `wait`: seconds until it is worth another try. */
export function mishapPage(
  { t }: Look,
  { kind, status, reason, requestId, wait = 0 }: { kind: Mishap; status: number; reason: string; requestId: string; wait?: number },
): Page {
  const title = t(`error.${kind}.heading`);
  const text = t(`error.${kind}.text`, { minutes: Math.max(1, Math.ceil(wait / 60)) });
  return {
    title,
    tucked: 'key',
    body: html`${heading(title, text)}<a class="button primary" href="/account">${t('error.home')}</a>${reference(t, reason, requestId)}`,
    status,
  };
}
