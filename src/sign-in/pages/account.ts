import { html } from 'hono/html';
import { browserOf } from '#platform/user-agent.ts';
import { ICONS } from './icons.ts';
import { scopeName } from './interaction.ts';
import { type Look, mark, type Page, safeLink, tile, trouble } from './layout.ts';
import { type Html, isolated, type MessageKey } from './messages.ts';

interface AccountPerson {
  username: string;
  displayName: string;
  firstName: string;
  email: string | null;
  /** Local path. */
  picture?: string;
  /** Friendly names. */
  groups: readonly string[];
}
interface AccountPasskey {
  id: string;
  name: string;
  createdAt: number;
  lastUsedAt: number | null;
  /** Kept by a provider that copies it between devices. */
  synced: boolean;
}
interface AccountSession {
  id: string;
  current: boolean;
  createdAt: number;
  lastSeenAt: number;
  amr: readonly string[];
  ip: string;
  userAgent: string;
}
/** An application the person has let know them. */
interface AccountApplication {
  id: string;
  name: string;
  hasLogo: boolean;
  launchUrl: string | null;
  scopes: readonly string[];
  /** Seconds since 1970. */
  lastUsedAt: number;
}
export interface AccountModel {
  person: AccountPerson;
  passkeys: readonly AccountPasskey[];
  applications: readonly AccountApplication[];
  sessions: readonly AccountSession[];
  /** Seconds since 1970. */
  now: number;
  /** What was just done, or went wrong. */
  notice?: MessageKey;
  problem?: MessageKey;
}

function passkeyRow({ t }: Look, passkey: AccountPasskey, { now, only }: { now: number; only: boolean }): Html {
  const action = `/account/passkeys/${passkey.id}`;
  const used = passkey.lastUsedAt ? t.rich('account.passkey.used', { date: t.ago(passkey.lastUsedAt, now) }) : t('account.passkey.unused');
  const remove = only
    ? html`<p class="note">${t('account.passkey.last')}</p>`
    : html`<form method="post" action="${action}/remove" class="inline"><p>${t('account.passkey.remove.text')}</p><button class="button quiet danger">${t('account.passkey.remove')}</button></form>`;
  return html`<li>${ICONS.key}<div class="what">${isolated(passkey.name)}<small>${t.rich('account.passkey.added', { date: t.ago(passkey.createdAt, now) })}, ${used}, ${t(passkey.synced ? 'account.passkey.synced' : 'account.passkey.local')}</small></div>
<details><summary aria-label="${t('account.passkey.change.label', { name: passkey.name })}">${t('account.passkey.change')}</summary><div>
<form method="post" action="${action}/rename" class="inline"><label>${t('account.passkey.name')}<input name="name" value="${passkey.name}" dir="auto" required maxlength="50" autocomplete="off"></label><button class="button quiet">${t('account.passkey.save')}</button></form>${remove}</div></details></li>`;
}

function applicationRow({ t }: Look, { id, name, hasLogo, launchUrl, scopes, lastUsedAt }: AccountApplication, now: number): Html {
  const address = safeLink(launchUrl);
  const seen = scopes.filter((scope) => scope !== 'openid').map((scope) => isolated(scopeName(t, scope)));
  const used = t.rich('account.application.used', { date: t.ago(lastUsedAt, now) });
  return html`<li>${tile({ id, name, hasLogo })}<div class="what">${address ? html`<a href="${address}">${isolated(name)}</a>` : isolated(name)}<small>${[...seen, ''].join(' · ')}${used}</small></div>
<form method="post" action="/account/applications/remove"><input type="hidden" name="client" value="${id}"><button class="linked" aria-label="${t('account.application.remove.label', { client: name })}">${t('account.application.remove')}</button></form></li>`;
}

function sessionRow({ t }: Look, session: AccountSession, now: number): Html {
  const device = browserOf(session.userAgent);
  const name = device ? t('account.session.device', device) : t('account.session.unknown');
  const began = t.rich('account.session.began', {
    date: t.ago(session.createdAt, now),
    method: session.amr.includes('phr') ? 'passkey' : session.amr.length === 0 ? 'account' : 'code',
  });
  const seen = !session.current && html`, ${t.rich('account.session.seen', { date: t.ago(session.lastSeenAt, now) })}`;
  const end = html`<form method="post" action="/account/sessions/${session.id}/end"><button class="linked" aria-label="${t('account.session.end.label', { device: name })}">${t('account.session.end')}</button></form>`;
  return html`<li><div class="what">${name}${session.current && html` <em>${t('account.session.this')}</em>`}<small>${began}, ${t('account.session.from', { place: session.ip })}${seen}</small></div>${!session.current && end}</li>`;
}

const details = ({ t }: Look, { username, email, groups }: AccountPerson): Html => {
  const pair = (key: MessageKey, value: string) => html`<div><dt>${t(key)}</dt><dd>${value}</dd></div>`;
  return html`<dl>${pair('account.username', username)}${pair('account.email', email ?? t('account.email.none'))}${pair('account.groups', groups.map(isolated).join(', ') || t('account.groups.none'))}</dl>`;
};

/** Who one is here, one's passkeys and sessions. No pocket: the same house, on paper. */
export function accountPage(look: Look, { person, passkeys, applications, sessions, now, notice, problem }: AccountModel): Page {
  const { t, site } = look;
  const advice: MessageKey =
    passkeys.length === 0 ? 'account.passkeys.none' : passkeys.length === 1 ? 'account.passkeys.one' : 'account.passkeys.text';
  const others = sessions.filter((session) => !session.current);
  return {
    title: t('account.title'),
    tucked: false,
    body: html`<header class="frame"><a class="home" href="/">${mark(site, 'denim') ?? ICONS.key}<span>${site.name}</span></a><nav aria-label="${t('account.nav')}"><a href="/account" aria-current="page">${t('account.title')}</a><a href="/logout">${t('account.signOut')}</a></nav></header>
<main class="house"><header>${person.picture && html`<img class="portrait" src="${person.picture}" alt="" width="72" height="72">`}<h1>${t('account.heading', { name: person.firstName || person.displayName || person.username })}</h1><p>${t('account.intro', { site: site.name })}</p></header>
${problem ? trouble(t(problem)) : notice && html`<p class="note" role="status">${t(notice)}</p>`}
<section aria-labelledby="you"><h2 id="you">${t('account.you')}</h2>${details(look, person)}</section>
<section aria-labelledby="passkeys"><h2 id="passkeys">${t('account.passkeys')}</h2><p>${t(advice)}</p>
${passkeys.length > 0 && html`<ul class="rows kept">${passkeys.map((passkey) => passkeyRow(look, passkey, { now, only: passkeys.length === 1 }))}</ul>`}
<div><a class="button primary" href="/signup/add-passkey?redirect=%2Faccount%3Fdone%3Dadded">${ICONS.key}${t('account.passkey.add')}</a></div></section>
<section aria-labelledby="applications"><h2 id="applications">${t('account.applications')}</h2><p>${t(applications.length > 0 ? 'account.applications.text' : 'account.applications.none')}</p>
${applications.length > 0 && html`<ul class="rows">${applications.map((application) => applicationRow(look, application, now))}</ul>`}</section>
<section aria-labelledby="sessions"><h2 id="sessions">${t('account.sessions')}</h2><p>${t('account.sessions.text')}</p>
<ul class="rows">${sessions.map((session) => sessionRow(look, session, now))}</ul>
${others.length > 1 && html`<form method="post" action="/account/sessions/end-others"><button class="button quiet">${t('account.session.endOthers')}</button></form>`}</section></main>`,
    needs: { isolated: true, tellOrigin: true },
    incompressible: true,
    status: problem ? 409 : 200,
  };
}
