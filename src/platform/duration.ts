import { z } from 'zod';

const UNITS: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, μs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Seconds of a Go duration (`15m`, `1h30m`, `900s`, `1.5h`, `0`); undefined when it is none. Fractions stay. */
export function goDuration(text: string): number | undefined {
  const unsigned = text.replace(/^[+-]/, '');
  if (unsigned === '0') return 0;
  if (unsigned === '' || unsigned.length > 64) return undefined;
  let seconds = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < unsigned.length) {
    const part = PART.exec(unsigned);
    if (!part) return undefined;
    seconds += Number(part[1]) * (UNITS[part[2] as string] as number);
  }
  return text.startsWith('-') ? -seconds : seconds;
}

const MAX_SECONDS = 31 * 24 * 60 * 60;

/** A life time on the wire, as whole seconds: a number of seconds or a Go duration; more than one second and at most 31 days. 0 is "not given". */
export const ttl = () =>
  z
    .union([z.number(), z.string()])
    .transform((value, context) => {
      const seconds = typeof value === 'number' ? value : goDuration(value);
      if (seconds === 0) return undefined;
      if (seconds !== undefined && seconds > 1 && seconds <= MAX_SECONDS) return Math.floor(seconds);
      context.addIssue({
        code: 'custom',
        message: 'TTL must be more than one second and at most 31 days',
        params: { code: 'invalid_format' },
      });
      return z.NEVER;
    })
    .openapi({ description: 'Seconds, or a Go duration like "15m" or "1h30m"; more than one second, at most 31 days', example: '15m' });
