import type { Random } from '#platform/random.ts';

/** Digits and capitals without I, L and O, which people read as 1 and 0: 33 characters, five bits each. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTUVWXYZ';

/** Six characters (30 bits) may be typed and live for at most this long; what lives longer has twelve (60 bits). */
const SHORT_SECONDS = 15 * 60;

/** How many characters a code of a life time has. */
export const lengthFor = (seconds: number): 6 | 12 => (seconds <= SHORT_SECONDS ? 6 : 12);

export const newCode = (random: Random, length: 6 | 12): string => random.text(length, ALPHABET);

/** What a person typed as the code it means: any case, I and L for 1, O for 0. Undefined when no code looks like that. */
export function normalizeCode(typed: string): string | undefined {
  const code = typed.toUpperCase().replace(/[IL]/g, '1').replaceAll('O', '0');
  return (code.length === 6 || code.length === 12) && [...code].every((c) => ALPHABET.includes(c)) ? code : undefined;
}
