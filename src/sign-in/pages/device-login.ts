import { html } from 'hono/html';
import { type Asker, askerFacts } from './asker.ts';
import { heading, type Look, type Page, personCard, type ShownPerson, trouble } from './layout.ts';
import { qrCode } from './qr.ts';
import { type Ceremony, type Destination, noScript, passkeyButton, reauthenticationScript, signInPath, toward } from './sign-in.ts';

/** What this browser asked for: to be signed in from another device. */
export interface WaitingModel {
  id: string;
  userCode: string;
  /** Seconds the code is good for. */
  seconds: number;
  destination: Destination;
  /** Path this browser goes on to when it was let in. */
  next: string;
}

const PATH = '/login/alternative/device';
const minutes = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

/** Shows the code to scan, and waits until somebody has decided on a device where they are signed in. */
export function waitingPage(look: Look, { id, userCode, seconds, destination, next }: WaitingModel): Page {
  const { t, appUrl } = look;
  const address = `${appUrl}/device`;
  const over = toward(PATH, destination);
  return {
    title: t('waiting.heading'),
    tucked: 'key',
    body: html`${heading(t('waiting.heading'), t('waiting.text'))}
${qrCode(`${address}?user_code=${userCode}`, t('waiting.qr', { code: userCode }))}
<dl class="typed"><div><dt>${t('waiting.address')}</dt><dd>${address.replace(/^https?:\/\//, '')}</dd></div><div><dt>${t('waiting.code')}</dt><dd class="user-code">${userCode}</dd></div></dl>
<p class="note">${t.rich('waiting.left', { time: html`<span role="timer" data-left>${minutes(seconds)}</span>` })}</p><noscript><p class="note">${t('waiting.noScript')}</p></noscript>
<div class="links"><a href="${toward('/login/alternative', destination)}">${t('waiting.back')}</a></div>`,
    script: {
      wait: { url: `/api/device-login/requests/${id}/exchange`, seconds, next, over: `${over}${over.includes('?') ? '&' : '?'}over=` },
    },
    incompressible: true,
  };
}

/** Why a browser that waited was not signed in. */
export type Over = 'expired' | 'denied' | 'disabled';

/** The wait has ended without a sign-in. */
export function waitedPage({ t }: Look, { over, destination }: { over: Over; destination: Destination }): Page {
  const title = t(`waited.${over}.heading`);
  return {
    title,
    tucked: 'key',
    body: html`${heading(title, t(`waited.${over}.text`))}<a class="button primary" href="${toward(PATH, destination)}">${t('waited.again')}</a>
<div class="links"><a href="${signInPath(destination)}">${t('code.passkey')}</a></div>`,
  };
}

export interface ApprovalModel {
  userCode: string;
  person: ShownPerson;
  /** Begun for this page: to say yes takes the passkey. */
  ceremony: Ceremony;
  asker: Asker;
  now: number;
}

/** Asks whether another browser may be signed in as the person. Nothing happens unless they press and touch their passkey. */
export function approvalPage(look: Look, { userCode, person, ceremony, asker, now }: ApprovalModel): Page {
  const { t } = look;
  return {
    title: t('approval.heading'),
    tucked: 'key',
    body: html`${heading(t('approval.heading'), t.rich('device.text', { code: userCode }))}${personCard(t, person)}
<ul class="facts">${askerFacts(look, asker, now)}</ul>
<p class="note">${t('approval.warning')}</p>${trouble()}
<div class="two"><form method="post" action="/device"><input type="hidden" name="user_code" value="${userCode}"><input type="hidden" name="decision" value="deny"><button class="button quiet">${t('device.deny')}</button></form>${passkeyButton(t('approval.button'))}</div>${noScript(look)}`,
    script: withDecision(look, { userCode, ceremony }),
    needs: { tellOrigin: true },
    incompressible: true,
  };
}

function withDecision(look: Look, { userCode, ceremony }: { userCode: string; ceremony: Ceremony }): Page['script'] {
  const script = reauthenticationScript(look, ceremony, {});
  const words = { ...script.words, done: look.t('approval.done'), gone: look.t('device.code.wrong') };
  return { ...script, finish: '/device/approve', extra: { user_code: userCode }, words };
}

/** What became of the other browser. */
export function approvedPage({ t }: Look, { allowed }: { allowed: boolean }): Page {
  const [title, text] = allowed ? [t('approved.heading'), t('approved.text')] : [t('device.denied.heading'), t('device.denied.text')];
  return { title, tucked: 'key', body: html`${heading(title, text)}<a class="button primary" href="/account">${t('refused.home')}</a>` };
}
