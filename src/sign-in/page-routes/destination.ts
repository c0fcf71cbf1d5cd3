import type { Destination } from '../pages/sign-in.ts';

const HERE = 'http://here.invalid';

/**
 * A path on our own origin, normalised, or undefined. Everything a browser could read as another place is refused: `//evil`, `/\evil`,
 * `/..//evil`, a scheme, control characters and white space anywhere.
 */
export function localPath(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 2000 || !/^\/(?!\/)[^\\\s\p{Cc}]*$/u.test(text)) return undefined;
  const url = URL.canParse(text, HERE) ? new URL(text, HERE) : undefined;
  if (url?.origin !== HERE || url.pathname.startsWith('//')) return undefined;
  return url.pathname + url.search + url.hash;
}

/** The destination a query, form or JSON body names; what is not one of ours is left out. */
export function destinationOf({ interaction, redirect }: { interaction?: unknown; redirect?: unknown }): Destination {
  return {
    interaction: typeof interaction === 'string' && /^[\w-]{1,100}$/.test(interaction) ? interaction : undefined,
    redirect: typeof redirect === 'string' ? localPath(redirect) : undefined,
  };
}

/** The page of an interaction: shows its next step, or why there is none. */
export const interactionPath = (id: string): string => `/interaction?interaction=${encodeURIComponent(id)}`;

/**
 * The page that the setting `homePageUrl` means: another site, or one of ours. Pages that Pocket ID has under `/settings` are the profile here,
 * and the sign-in page would lead to itself.
 */
export const homeOf = (setting: string): string => (/^\/(?:$|\?|(?:settings|login)\b)/.test(setting) ? '/account' : setting);

/** Where a person who is signed in goes on to; `home` when they were on the way to nothing. */
export const onwardPath = ({ interaction, redirect }: Destination, home: string): string =>
  interaction ? interactionPath(interaction) : (redirect ?? home);
