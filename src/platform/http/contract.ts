import { z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { ZodType } from 'zod';
import { rfc3339 } from '../clock.ts';
import { ERRORS, type ErrorCode, invalidField } from '../errors.ts';

export const json = <T extends ZodType>(schema: T) => ({ content: { 'application/json': { schema } }, required: true });
/** A body that may be missing; add `emptyIsObject` to the operation's `middleware`. */
export const optionalJson = <T extends ZodType>(schema: T) => ({ content: { 'application/json': { schema } }, required: false });
/** Some clients name a content type also when they send nothing: an empty body is then an empty object. */
export const emptyIsObject: MiddlewareHandler = async (c, next) => {
  // Without a type nothing is validated, and a body that appeared from nowhere would be one of an unknown type.
  if (c.req.header('content-type') !== undefined && (await c.req.text()) === '')
    Object.assign(c.req.bodyCache, { text: Promise.resolve('{}') });
  await next();
};
/** For fields that cannot be null: a client that sends null means to leave the field out. */
export const nullIsAbsent = <T extends ZodType>(schema: T) => z.preprocess((value) => (value === null ? undefined : value), schema);
/** One of some words. zod tells of one that is missing only that it is none of them; here it says so. */
export const oneOf = <const T extends readonly string[]>(words: T) =>
  z.enum(words, { error: ({ input }) => (input === undefined || input === null ? 'received undefined' : undefined) });
export const answer = <T extends ZodType>(schema: T, description = 'OK') => ({ content: { 'application/json': { schema } }, description });

export const Problem = z
  .object({
    error: z.string(),
    code: z.string(),
    details: z
      .looseObject({ fields: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })).optional() })
      .optional(),
    request_id: z.string(),
  })
  .openapi('Problem');

/** The `responses` of the error codes an operation may answer, grouped by status. */
export function problems(...codes: ErrorCode[]) {
  const byStatus: Record<number, ReturnType<typeof answer<typeof Problem>>> = {};
  for (const code of codes) {
    const status = ERRORS[code][0];
    const before = byStatus[status]?.description;
    byStatus[status] = answer(Problem, before ? `${before}, \`${code}\`` : `\`${code}\``);
  }
  return byStatus;
}

/** A parameter that is read leniently, also when it was sent twice. */
const lenient = () => z.unknown().optional().openapi({ type: 'string' });
/** The query of every list. Read by `listOptions`; the schema only documents. */
export const ListQuery = z
  .object({
    'pagination[page]': lenient(),
    'pagination[limit]': lenient(),
    page: lenient(),
    limit: lenient(),
    'sort[column]': lenient(),
    'sort[direction]': lenient(),
    search: lenient(),
  })
  .loose();

export const pageOf = <T extends ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    pagination: z.object({
      totalPages: z.int(),
      totalItems: z.int().openapi({
        description:
          'Of a list of thousands it may not know yet what another replica of the server changed in the last 30 seconds (users) or cleared away in the last 10 minutes (audit log)',
      }),
      currentPage: z.int(),
      itemsPerPage: z.int(),
    }),
  });

export interface ListOptions {
  page: number;
  limit: number;
  sort?: { column: string; direction: 'asc' | 'desc' };
  search: string;
  /** Field → values; several values mean IN. */
  filters: Record<string, string[]>;
}

/** As many digits as an integer of 64 bits always has room for. */
const whole = (text: string | null): number | undefined => (text === null ? 1 : /^[+-]?\d{1,18}$/.test(text) ? Number(text) : undefined);

const MOST_SEARCHED = 1000;

/**
 * What a list is asked for, as Pocket ID reads it: both spellings of page and limit; out-of-range numbers are clamped; a number that is none makes all
 * options default. Throws `validation_failed` for a search that is too long.
 */
export function listOptions(url: string): ListOptions {
  const query = new URL(url).searchParams;
  const pageText = query.get('pagination[page]') ?? query.get('page');
  const limitText = query.get('pagination[limit]') ?? query.get('limit');
  const page = whole(pageText);
  const limit = limitText === null ? 20 : whole(limitText);
  if (page === undefined || limit === undefined) return { page: 1, limit: 20, search: '', filters: {} };
  const filters: Record<string, string[]> = Object.create(null);
  for (const [key, value] of query) {
    const field = /^filters\[(\w+)\](?:\[\d*\])?$/.exec(key)?.[1];
    if (field) filters[field] = [...(filters[field] ?? []), value];
  }
  const search = query.get('search') ?? '';
  // Databases limit patterns, and no text that is searched is as long.
  if (search.length > MOST_SEARCHED) throw invalidField('search', 'too_long', `Search must be at most ${MOST_SEARCHED} characters long`);
  const column = query.get('sort[column]');
  return {
    page: Math.max(1, page),
    limit: limit < 1 ? 20 : Math.min(100, limit),
    sort: column ? { column, direction: query.get('sort[direction]')?.toLowerCase() === 'desc' ? 'desc' : 'asc' } : undefined,
    search,
    filters,
  };
}

/** The answer of a list: `page` beyond the end is clamped by `clampPage` before the rows are read. */
export const listAnswer = <T>(data: T[], totalItems: number, { page, limit }: { page: number; limit: number }) => ({
  data,
  pagination: { totalPages: Math.max(1, Math.ceil(totalItems / limit)), totalItems, currentPage: page, itemsPerPage: limit },
});
export const clampPage = (page: number, limit: number, totalItems: number) => Math.min(page, Math.max(1, Math.ceil(totalItems / limit)));

export const date = (at: number) => rfc3339(at);
/** An RFC 3339 text that a contract has checked, in whole seconds. */
export const secondsOf = <T extends string | undefined | null>(text: T) =>
  (typeof text === 'string' ? Math.floor(Date.parse(text) / 1000) : undefined) as T extends string ? number : number | undefined;
/** A moment with its zone, whose year has four digits in UTC, too: beyond, the answer would be a date that nobody reads. */
export const moment = () =>
  z.iso
    .datetime({ offset: true })
    .refine((text) => secondsOf(text) < Date.UTC(10_000, 0) / 1000, { message: 'The date must be before the year 10000' });
export const dateOrNull = (at: number | null) => (at === null ? null : rfc3339(at));
