import { html } from 'hono/html';
import type { ViewClient, ViewPerson, ViewScope } from '../view.ts';
import { type Asker, askerFacts } from './asker.ts';
import { scopeFact } from './interaction.ts';
import { heading, type Look, type Page, personCard, trouble } from './layout.ts';

/** Entry of the code that a device without a browser shows (RFC 8628 section 3.3). */
export function deviceCodePage({ t }: Look, { code, wrong = false }: { code?: string; wrong?: boolean }): Page {
  const invalid = wrong && html` aria-invalid="true" aria-describedby="trouble"`;
  return {
    title: t('device.code.heading'),
    tucked: 'key',
    body: html`${heading(t('device.code.heading'), t('device.code.text'))}${trouble(wrong ? t('device.code.wrong') : undefined)}
<form class="fields" action="/device"><label>${t('device.code.label')}<input class="code" name="user_code" value="${code ?? ''}" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" required${invalid} autofocus></label>
<button class="button primary">${t('device.code.button')}</button></form>`,
    incompressible: true,
    status: wrong ? 404 : 200,
  };
}

export interface DeviceModel {
  userCode: string;
  client: Pick<ViewClient, 'id' | 'name' | 'hasLogo' | 'logoVersion'>;
  person: ViewPerson;
  scopes: readonly ViewScope[];
  asker: Asker;
  now: number;
}

/** Asks whether a device may act for the person. */
export function deviceConsentPage(look: Look, { userCode, client, person, scopes, asker, now }: DeviceModel): Page {
  const { t } = look;
  const title = t('device.heading', { client: client.name });
  const form = (decision: 'allow' | 'deny', kind: 'primary' | 'quiet') =>
    html`<form method="post" action="/device"><input type="hidden" name="user_code" value="${userCode}"><input type="hidden" name="decision" value="${decision}"><button class="button ${kind}">${t(`device.${decision}`)}</button></form>`;
  return {
    title,
    tucked: client,
    body: html`${heading(title, t.rich('device.text', { code: userCode }))}${personCard(t, person)}
<ul class="facts">${askerFacts(look, asker, now)}</ul>
${scopes.length > 0 && html`<ul class="facts">${scopes.map((scope) => scopeFact(look, scope, client.name))}</ul>`}
<div class="two">${form('deny', 'quiet')}${form('allow', 'primary')}</div>`,
    needs: { tellOrigin: true },
    incompressible: true,
  };
}

/** What became of the device. */
export function deviceDonePage({ t }: Look, { allowed, client }: { allowed: boolean; client: DeviceModel['client'] }): Page {
  const [title, text] = allowed
    ? [t('device.allowed.heading'), t('device.allowed.text', { client: client.name })]
    : [t('device.denied.heading'), t('device.denied.text')];
  return { title, tucked: client, body: html`${heading(title, text)}<a class="button primary" href="/account">${t('refused.home')}</a>` };
}
