import { z } from '@hono/zod-openapi';

/** What must be the same for two names to be one: NFKC and lower case, so that full-width, Kelvin-sign and upper-case twins meet. */
export const fold = (text: string): string => text.normalize('NFKC').toLowerCase().normalize('NFKC');

/** The column that lists search in: the folded texts, one a line. */
export const searchKey = (...texts: (string | null)[]): string => fold(texts.filter((text) => text !== null && text !== '').join('\n'));

/** Control and line-breaking characters, lone surrogates, and what is invisible or turns the direction of text. Joiners stay: scripts and emoji need them. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u200B\u200E\u200F\u2028-\u202E\u2060-\u2069\uFEFF\u{E0000}-\u{E007F}]/u;

/** Anything that leaves a mark: not blanks, not joiners without anything to join, not the letters that are drawn as nothing. */
const VISIBLE = /[^\s\p{Cf}\p{M}\u115F\u1160\u2800\u3164\uFFA0]/u;

const length = (text: string) => [...text].length;

interface TextRules {
  min?: number;
  max: number;
  /** Whether it may be empty but not blank. */
  seen?: boolean;
}

const text = ({ min = 0, max, seen = false }: TextRules, isPrintable: (text: string) => boolean) =>
  z
    .string()
    .openapi({ ...(min > 0 ? { minLength: min } : {}), maxLength: max })
    .overwrite((text) => text.normalize('NFC'))
    .check((context) => {
      const { value: input } = context;
      const found = { origin: 'string', input, continue: false } as const;
      if (min > 0 && !VISIBLE.test(input)) context.issues.push({ code: 'too_small', minimum: 1, inclusive: true, ...found });
      else if (length(input) < min) context.issues.push({ code: 'too_small', minimum: min, inclusive: true, ...found });
      else if (length(input) > max) context.issues.push({ code: 'too_big', maximum: max, inclusive: true, ...found });
      else if (!isPrintable(input) || (seen && input !== '' && !VISIBLE.test(input)))
        context.issues.push({ code: 'invalid_format', format: 'regex', ...found });
    });

/**
 * One line of text for people: NFC before its length is counted in characters; no control, invisible or direction-changing characters. What must be
 * there must be seen: a name of blanks would be a heading with a hole in it and a row nobody can point at.
 */
export const line = (rules: TextRules) => text(rules, (input) => !UNPRINTABLE.test(input));

/** The same of several lines: a description, which files of configuration end with a line break or indent with a tab. */
export const lines = (rules: TextRules) => text(rules, (input) => !UNPRINTABLE.test(input.replace(/[\t\r\n]/g, '')));

/** Whether a text is a URL as it stands. `URL` alone drops line breaks and tabs and cuts blanks, so that it reads what nobody else would find. */
export const isUrl = (text: string): boolean => !/\p{Cc}|^\s|\s$/u.test(text) && URL.canParse(text);

/** Letters and digits of any script, no quotes, comments or lists: an address that is one recipient and nothing else. */
const EMAIL =
  /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}][\p{L}\p{N}-]{0,62}$/u;

/** An e-mail address of at most 254 characters, kept as written (NFC). Compatibility forms (full-width letters) are refused. */
export const email = () =>
  z
    .string()
    .openapi({ format: 'email', maxLength: 254 })
    .overwrite((text) => text.normalize('NFC'))
    .refine((text) => text.length <= 254 && EMAIL.test(text) && text.normalize('NFKC') === text, { message: 'Email is not valid' });
