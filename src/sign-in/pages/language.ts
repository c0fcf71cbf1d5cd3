import { getCookie, setCookie } from 'hono/cookie';
import type { Ctx } from '#platform/http/context.ts';
import { acceptedLanguage, type Language, languageFor } from './messages.ts';

/** Where a page's language may come from besides the request itself. */
export interface LanguageSource {
  /** `ui_locales` of the authorization request, best first. */
  uiLocales?: readonly string[];
  /** Path of a GET that shows the page again, for pages that answer a POST. */
  here?: string;
}

const YEAR = 365 * 24 * 60 * 60;

/** Remembers a language for this browser: the person's own at sign-in, or what was chosen in the footer. The name is the one existing links know. */
export function rememberLanguage(c: Ctx, language: Language, secure: boolean): void {
  setCookie(c, 'locale', language, { path: '/', maxAge: YEAR, sameSite: 'Lax', httpOnly: true, secure });
}

/**
 * The switch in the footer (`?lang=`), else what this browser remembers (the switch, or the locale of the person who signed in here), else the
 * application's `ui_locales`, else the browser's own languages, else English.
 */
export function languageOf(c: Ctx, secure: boolean, { uiLocales = [] }: LanguageSource): Language {
  const chosen = languageFor(c.req.query('lang'));
  if (chosen) rememberLanguage(c, chosen, secure);
  const asked = () => uiLocales.map(languageFor).find((language) => language !== undefined);
  return chosen ?? languageFor(getCookie(c, 'locale')) ?? asked() ?? acceptedLanguage(c.req.header('accept-language')) ?? 'en';
}
