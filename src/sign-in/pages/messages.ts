import { html } from 'hono/html';
import { IntlMessageFormat } from 'intl-messageformat';
import de from '../../../messages/de.json' with { type: 'json' };
import en from '../../../messages/en.json' with { type: 'json' };
import es from '../../../messages/es.json' with { type: 'json' };

/** Name of a sentence in `messages/*.json`; English decides which there are. */
export type MessageKey = keyof typeof en;

/** Markup that is escaped already. The promise never occurs with what pages pass in; `String(await page)` settles it. */
export type Html = ReturnType<typeof html>;

const SETS = { en, es, de } satisfies Record<string, Record<MessageKey, string>>;

export type Language = keyof typeof SETS;

/** Every language we have, as BCP 47 tags, in the order of the footer. */
export const LANGUAGES = Object.keys(SETS) as Language[];

type Values = Record<string, string | number>;

/** Our language for a BCP 47 tag (`de-AT` → `de`), or undefined. */
export const languageFor = (tag: string | undefined): Language | undefined => {
  const primary = tag?.trim().toLowerCase().split('-')[0];
  return LANGUAGES.find((language) => language === primary);
};

/** The best of an `Accept-Language` header (RFC 9110 section 12.5.4), or undefined. */
export function acceptedLanguage(header: string | undefined): Language | undefined {
  const ranges = (header ?? '')
    .slice(0, 500)
    .split(',')
    .map((range, position) => {
      const [tag, ...parameters] = range.split(';');
      const q = Number(/^\s*q=([\d.]+)\s*$/i.exec(parameters.join(';'))?.[1] ?? '1');
      return { language: languageFor(tag), q: Number.isNaN(q) ? 0 : q, position };
    });
  return ranges.filter((range) => range.language && range.q > 0).sort((a, b) => b.q - a.q || a.position - b.position)[0]?.language;
}

/** Letters that are written from right to left: Hebrew, Arabic, Syriac, Thaana, N'Ko, Adlam and the rest of their blocks. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A name as it stands inside of a sentence of another direction: put between FSI and PDI (UAX #9) when it is written from right to left, so that its
 * punctuation stays at its own end and two such names in a row do not change places. In plain text, because titles and labels have no markup.
 */
export const isolated = <T>(value: T): T | string =>
  typeof value === 'string' && RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value;

const isolatedAll = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isolated(value)])) as T;

/** Sentences without anything to fill in need no parser; the rest is parsed on first use. */
const compiled = new Map<string, IntlMessageFormat | string>();
function compile(language: Language, key: MessageKey): IntlMessageFormat | string {
  const id = `${language} ${key}`;
  let message = compiled.get(id);
  if (message === undefined) {
    const text = SETS[language][key];
    message = /[{<']/.test(text) ? new IntlMessageFormat(text, language) : text;
    compiled.set(id, message);
  }
  return message;
}

const bold = (chunks: unknown[]) => html`<strong>${chunks}</strong>`;

export interface Translator {
  language: Language;
  /** Plain text; whoever puts it into markup escapes it. */
  (key: MessageKey, values?: Values): string;
  /** Markup: `<b>` of the message becomes `<strong>`; values are escaped unless they are markup themselves. */
  rich(key: MessageKey, values?: Record<string, string | number | Html>): Html;
  /** "Admin or Familia": every item bold. */
  list(items: readonly string[], type: 'conjunction' | 'disjunction'): Html;
  /** "3 hours ago" in a `time` element that has the exact time. `at` and `now` in seconds. */
  ago(at: number, now: number): Html;
}

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

const translators = new Map<Language, Translator>();

/** The sentences of one language. Made once per language and kept: the formatters of `Intl` are dear. */
export function translator(language: Language): Translator {
  const known = translators.get(language);
  if (known) return known;
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  const text = (key: MessageKey, values: Values = {}): string => {
    const message = compile(language, key);
    return typeof message === 'string' ? message : String(message.format(isolatedAll(values)));
  };
  const made: Translator = Object.assign(text, {
    language,
    rich(key: MessageKey, values: Record<string, string | number | Html> = {}): Html {
      const message = compile(language, key);
      if (typeof message === 'string') return html`${message}`;
      return html`${message.format<Html>({ ...isolatedAll(values), b: bold })}`;
    },
    list: (items: readonly string[], type: 'conjunction' | 'disjunction'): Html => {
      const parts = new Intl.ListFormat(language, { type }).formatToParts(items);
      return html`${parts.map((part) => (part.type === 'element' ? bold([isolated(part.value)]) : part.value))}`;
    },
    ago: (at: number, now: number): Html => {
      const seconds = Math.max(0, now - at);
      const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? [];
      // Of less than a minute the languages say "this minute", which nobody does.
      const said = unit ? relative.format(-Math.floor(seconds / size), unit) : text('time.now');
      const date = new Date(at * 1000);
      const iso = date.toISOString();
      return html`<time datetime="${iso}" title="${`${exact.format(date)} UTC`}">${said}</time>`;
    },
  });
  translators.set(language, made);
  return made;
}
