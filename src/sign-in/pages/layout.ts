import { html, raw } from 'hono/html';
import type { Assets } from './assets.ts';
import type { HeaderNeeds } from './headers.ts';
import { ICONS } from './icons.ts';
import { type Html, isolated, LANGUAGES, type Translator, translator } from './messages.ts';
import type { Site } from './site.ts';

/** What every page knows of the request it answers. */
export interface Look {
  t: Translator;
  /** The installation, as its administrators want it to look. */
  site: Site;
  /** APP_URL. */
  appUrl: string;
  /** Path and query of a GET that shows this page again: the language switch adds `lang` to it. */
  here: string;
  nonce: string;
  assets: Assets;
}

/** One page before it is put into the document. */
export interface Page {
  /** Plain text, without the site's name. */
  title: string;
  /** What peeks out of the pocket: an application, or our key (the installation's logo, where it has one). `false`: the page is no pocket, `body` is everything above the footer. */
  tucked: { id: string; name: string; hasLogo?: boolean; logoVersion?: string } | 'key' | false;
  body: Html;
  /** Read by `page.js`. */
  script?: ScriptData;
  needs?: HeaderNeeds;
  /** 200 when absent. */
  status?: number;
  /** A secret of the person stands on the page next to text of the request's choice: compressing both would leak it (BREACH). */
  incompressible?: boolean;
}

/** What `page.js` is told; never anything that isn't on the page for its reader anyway. */
export interface ScriptData {
  /** The ceremony makes a passkey; else it uses one. */
  make?: boolean;
  /** WebAuthn options as JSON, made with the page so that a click needs one round trip. */
  options?: unknown;
  /** Seconds the options may be used from now on. */
  seconds?: number;
  /** Where fresh options come from. */
  start?: string;
  /** Where the authenticator's answer goes, and what goes along with it. */
  finish?: string;
  extra?: Record<string, string | undefined>;
  /** Another device decides: what is asked until then and for how many seconds, the path when it said yes, and where else (a reason is appended). */
  wait?: { url: string; seconds: number; next: string; over: string };
  /** Path to show instead of the address, which holds a code. */
  forget?: string;
  /** Sentences by name. */
  words?: Record<string, string>;
}

/** JSON for a data block: `<` could end it, U+2028 and U+2029 are no line ends in JSON only. */
const dataBlock = (data: ScriptData): string =>
  JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The address of a client's logo, as small as it is shown; ids that are URLs travel as `~` and base64url. */
const logoPath = (id: string, version?: string) =>
  `/api/oidc/clients/${/^[\w.-]+$/.test(id) ? id : `~${Buffer.from(id).toString('base64url')}`}/logo?${version ? `v=${version}&` : ''}size=small`;

/** The first letter or digit; of a name without any (🏠) its first sign. */
const initialOf = (name: string): string => {
  const signs = [...new Intl.Segmenter().segment(name.trim())].map(({ segment }) => segment);
  return (signs.find((sign) => /[\p{L}\p{N}]/u.test(sign)) ?? signs[0] ?? '?').toUpperCase();
};

/** "MR" of "Milton Rivera". */
export const initials = (name: string): string => {
  const words = name.trim().split(/\s+/u);
  return [words[0] ?? '', words.length > 1 ? (words.at(-1) ?? '') : ''].map((word) => (word ? initialOf(word) : '')).join('');
};

function tucked(what: Exclude<Page['tucked'], false>, { logo, name }: Site): Html {
  if (what !== 'key')
    return html`<div class="tucked"><span class="card" aria-hidden="true">${what.hasLogo ? '' : initialOf(what.name)}</span>${
      what.hasLogo &&
      html`<img src="${logoPath(what.id, what.logoVersion)}" alt="" width="76" height="92" data-initial="${initialOf(what.name)}">`
    }</div>`;
  return logo
    ? html`<div class="tucked own"><span class="card" aria-hidden="true"></span><img src="${logo}" alt="" height="92" data-initial="${initialOf(name)}"></div>`
    : html`<div class="tucked"><span class="card">${ICONS.key}</span></div>`;
}

/** An application's logo in a list, or its initial. */
export const tile = ({ id, name, hasLogo }: { id: string; name: string; hasLogo: boolean }): Html =>
  html`<span class="tile" aria-hidden="true">${hasLogo ? html`<img src="${logoPath(id)}" alt="" width="40" height="40">` : initialOf(name)}</span>`;

/**
 * The installation's own logo beside its name, small; undefined when it has none that can be seen there. Without one for dark grounds, the
 * light one brings a light ground along.
 */
export function mark({ mark: { light, dark } }: Site, ground: 'paper' | 'denim'): Html | undefined {
  const image = (src: string, lit = false) => html`<img class="mark${lit && ' lit'}" src="${src}" alt="" height="24">`;
  if (ground === 'denim' && dark) return image(dark);
  if (!light) return undefined;
  return dark ? html`<picture><source srcset="${dark}" media="(prefers-color-scheme: dark)">${image(light)}</picture>` : image(light, true);
}

const withLanguage = (here: string, language: string): string => {
  const url = new URL(here, 'http://here');
  url.searchParams.set('lang', language);
  return url.pathname + url.search;
};

function footer({ t, site, appUrl, here }: Look, shown: Page['tucked']): Html {
  const { protocol, host } = new URL(appUrl);
  const secure = protocol === 'https:';
  const question = (which: 'what' | 'device' | 'lost') =>
    html`<dt>${t(`help.${which}.question`)}</dt><dd>${t(`help.${which}.answer`)}</dd>`;
  const lock = secure && html`${ICONS.lock}<span class="unseen">${t('footer.secure')} </span>`;
  const own = html`${typeof shown === 'object' && mark(site, 'paper')}${site.named && html`<b>${site.name}</b>`}`;
  return html`<footer><span class="where">${own}${lock}<span>${host}</span></span>
<details name="slip"><summary><span class="unseen">${t('footer.language')}: </span>${t('language.name')}</summary><ul class="slip">${LANGUAGES.map(
    (language) =>
      html`<li><a href="${withLanguage(here, language)}" lang="${language}" hreflang="${language}"${
        language === t.language && html` aria-current="true"`
      }>${translator(language)('language.name')}</a></li>`,
  )}</ul></details>
<details name="slip"><summary>${t('footer.help')}</summary><dl class="slip words">${question('what')}${question('device')}${question('lost')}</dl></details></footer>`;
}

/** The whole document. Everything a person typed or an application sent is escaped by `html`. */
export function documentOf(look: Look, page: Page): Html {
  const { t, site, assets, nonce } = look;
  const main = page.tucked
    ? html`<main class="way-in"><section class="pocket">${tucked(page.tucked, site)}${page.body}</section></main>`
    : page.body;
  const kind = page.tucked === false ? 'account' : site.pictured && 'pictured';
  const icon = site.favicon ?? { path: assets.icon, type: 'image/svg+xml' };
  return html`<!doctype html>
<html lang="${t.language}" dir="ltr">
<head><meta charset="utf-8"><title>${page.title} · ${isolated(site.name)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<meta name="theme-color" content="#f5f2ea" media="(prefers-color-scheme: light)"><meta name="theme-color" content="#10161d" media="(prefers-color-scheme: dark)">
<link rel="stylesheet" href="${assets.style}">${site.style && html`<style nonce="${nonce}">${raw(site.style)}</style>`}<link rel="icon" href="${icon.path}" type="${icon.type}">
${page.script?.finish && html`<script defer src="${assets.webauthn}" nonce="${nonce}"></script>`}<script type="module" src="${assets.script}" nonce="${nonce}"></script></head>
<body${kind && html` class="${kind}"`} data-moment="${t('button.moment')}">
${main}
${footer(look, page.tucked)}
${page.script?.finish && html`<i id="pressed" popover="manual"></i>`}
${page.script && html`<script type="application/json" id="data">${raw(dataBlock(page.script))}</script>`}
</body>
</html>
`;
}

/** The heading of a pocket and what stands under it. */
export const heading = (title: string, ...text: (string | Html)[]): Html =>
  html`<header><h1${title.length > 60 && html` class="long"`}>${title}</h1>${text.map((paragraph) => html`<p>${paragraph}</p>`)}</header>`;

/** A place for what goes wrong: empty until the script or the server has something to say. */
export const trouble = (message?: string): Html =>
  html`<p class="note trouble" role="alert" tabindex="-1" id="trouble"${!message && html` hidden`}>${message}</p>`;

/** A person by name and face. */
export interface ShownPerson {
  displayName: string;
  username: string;
  /** Local path of their picture. */
  picture?: string;
}

/** Who is signed in, with something to press at the end. */
export const personCard = (t: Translator, { displayName, username, picture }: ShownPerson, action?: Html): Html =>
  html`<div class="person${Math.max(displayName.length, username.length) > 30 && ' long'}"><span class="face" aria-hidden="true">${picture ? html`<img src="${picture}" alt="" width="42" height="42">` : initials(displayName || username)}</span><span><span class="unseen">${t('person.label')}: </span>${isolated(displayName || username)}${displayName && displayName !== username && html`<small>${username}</small>`}</span>${action}</div>`;

/** Reason and reference: what a person reads out so that the log line is found. */
export const reference = (t: Translator, reason: string, requestId: string): Html =>
  html`<p class="id"><span class="unseen">${t('id.label')}: </span>${reason} · ${requestId}</p>`;

/** An address an application gave, when it may stand in a link. */
export const safeLink = (url: string | null | undefined): string | undefined => (url && /^https?:\/\//i.test(url) ? url : undefined);
