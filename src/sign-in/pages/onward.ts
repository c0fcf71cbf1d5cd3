import { html } from 'hono/html';
import type { ViewClient } from '../view.ts';
import { formTarget } from './headers.ts';
import { heading, type Look, type Page, safeLink, trouble } from './layout.ts';

export interface OnwardModel {
  /** The one registered redirect URI. */
  action: string;
  fields: Record<string, string>;
  client?: Pick<ViewClient, 'id' | 'name'>;
}

/**
 * OAuth 2.0 Form Post Response Mode: the answer as a form that sends itself, and has a button for browsers without scripts. The page's policy lets it go
 * to that one address alone (SEC-014), also by way of redirects: an application that sends its visitors on from there to another place leaves
 * them here, and the script says so.
 */
export function onwardPage({ t }: Look, { action, fields, client }: OnwardModel): Page {
  const text = client ? t('onward.text', { client: client.name }) : t('onward.text.unnamed');
  // Who said no, or was told no, is not in.
  const home = safeLink(new URL(action).origin);
  const named = client?.name ?? new URL(action).host;
  const title = t('error' in fields ? 'onward.heading.refused' : 'onward.heading');
  return {
    title,
    tucked: client ?? 'key',
    body: html`${heading(title, text)}<noscript><p class="note">${t('noScript.continue')}</p></noscript>${trouble()}
<form method="post" action="${action}" data-now>${Object.entries(fields).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    )}<button class="button primary">${t('onward.button')}</button></form>${home && html`<a class="button primary" href="${home}" data-stopped hidden>${t('onward.stopped.button', { client: named })}</a>`}`,
    script: { words: { stopped: t('onward.stopped', { client: named }) } },
    needs: { formAction: { target: formTarget(action), only: true }, tellOrigin: true },
    incompressible: true,
  };
}
