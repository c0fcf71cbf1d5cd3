import type { Log, LogFields } from './log.ts';

const LABELS = { debug: 'DBG', info: 'INF', warn: 'WRN', error: 'ERR' } as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** A value longer than this is cut; nothing we mean to say is. */
const LONGEST = 2048;
const LONGEST_STACK = 8192;

/** What may stand in a line without quotes. Everything but this, and the two words, is quoted and escaped. */
const BARE = /^[\w.:/@,;+*~!$&()[\]{}?|<>^#%-]+$/;
const WORDS = /error|unauthorized/i;
/** What could move a terminal's cursor, break a line, or turn its direction; JSON.stringify leaves these alone. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const escapeOf = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
/** Makes the rest of a JSON text printable, as the same JSON. */
export const escapeUnsafe = (json: string) => json.replace(UNSAFE, escapeOf);
const quoted = (text: string) => escapeUnsafe(JSON.stringify(text));

/** The words operators search for are spelt with an escape where the message does not say them: a path or a browser's name cannot forge a failure. */
export function hideWords(line: string, message: string): string {
  if (!WORDS.test(line)) return line;
  let hidden = line;
  if (!message.includes('error')) hidden = hidden.replace(/(err)(o)(r)/gi, spell);
  if (!message.includes('unauthorized')) hidden = hidden.replace(/(unauth)(o)(rized)/gi, spell);
  return hidden;
}
const spell = (_: string, before: string, letter: string, after: string) => `${before}${escapeOf(letter)}${after}`;

let stampSecond = -1;
let stamp = '';
/** `Jan _2 15:04:05` in the machine's zone, made once a second. */
function stampOf(at: number): string {
  const second = Math.floor(at / 1000);
  if (second === stampSecond) return stamp;
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  stampSecond = second;
  stamp = `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2, ' ')} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return stamp;
}

/** One line of text, with its line break; values are quoted and escaped where they must be. */
export function textLine(level: keyof Log, message: string, fields?: LogFields, now: number = Date.now()): string {
  let rest = '';
  for (const key in fields) {
    const value = fields[key];
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'string') rest += ` ${key}=${value}`;
    else
      rest += value.length < LONGEST && BARE.test(value) && !WORDS.test(value) ? ` ${key}=${value}` : ` ${key}=${quoted(cut(key, value))}`;
  }
  return `${stampOf(now)} ${LABELS[level]} ${message}${hideWords(rest, message)}\n`;
}

const cut = (key: string, value: string) => {
  const most = key === 'stack' ? LONGEST_STACK : LONGEST;
  return value.length > most ? `${value.slice(0, most)}…` : value;
};

/** The same fields with the long values cut. What carries lines away splits those of more than 16 KiB, and halves are no JSON. */
export function shortened(fields: LogFields): LogFields {
  let short = fields;
  for (const key in fields) {
    const value = fields[key];
    if (typeof value === 'string' && value.length > LONGEST) short = { ...short, [key]: cut(key, value) };
  }
  return short;
}
