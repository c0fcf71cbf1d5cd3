import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { z } from 'zod';
import { DatabaseUnavailable } from '../db/unavailable.ts';
import { AppError, type FieldError, invalidFields, notFound } from '../errors.ts';
import type { Log } from '../log.ts';
import { spoken } from '../spoken.ts';
import { vanished } from '../vanished.ts';
import { type Env, shortId } from './context.ts';
import { loggedPath } from './exchange.ts';

/** zod leaves `input` out of what it tells, and says it in the message only. A field of several types is missing when it is for each of them. */
const isMissing = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'invalid_union'
    ? issue.errors.length > 0 && issue.errors.every((branch) => branch.some((found) => found.path.length === 0 && isMissing(found)))
    : (issue.code === 'invalid_type' || issue.code === 'invalid_value') && /received (?:undefined|null)$/.test(issue.message);

/** zod's findings as the contract's field errors, one for each field: required, invalid_format, too_short, too_long, or the rule's own name. */
export function fieldErrors(issues: readonly z.core.$ZodIssue[]): FieldError[] {
  const all = issues.map((issue) => {
    const field = issue.path.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i ? '.' : ''}${String(p)}`)).join('') || 'body';
    const name = spoken(field);
    if (isMissing(issue)) return { field, code: 'required', message: `${name} is required` };
    if (issue.code === 'too_small' && issue.origin === 'string' && issue.minimum === 1)
      return { field, code: 'required', message: `${name} is required` };
    if (issue.code === 'too_small')
      return {
        field,
        code: 'too_short',
        message: `${name} must be at least ${issue.minimum}${issue.origin === 'string' ? ' characters long' : ''}`,
      };
    if (issue.code === 'too_big')
      return {
        field,
        code: 'too_long',
        message: `${name} must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters long' : ''}`,
      };
    if (issue.code === 'custom' && issue.params?.code) return { field, code: String(issue.params.code), message: issue.message };
    return { field, code: 'invalid_format', message: issue.code === 'custom' ? issue.message : `${name} is not valid` };
  });
  const told = new Map<string, FieldError>();
  for (const error of all) if (!told.has(error.field)) told.set(error.field, error);
  return [...told.values()];
}

export function validationFailed(issues: readonly z.core.$ZodIssue[]): AppError {
  return invalidFields(fieldErrors(issues));
}

const THINGS: Readonly<Record<string, string>> = { group: 'User group', client: 'OIDC client', api: 'API', permission: 'API permission' };
/** The 404 behind a row that was to point at what is gone. */
function notThere(cause: unknown): AppError | undefined {
  const thing = vanished(cause);
  if (thing === undefined) return undefined;
  if (thing === 'user') return new AppError('user_not_found');
  return THINGS[thing] ? notFound(THINGS[thing]) : new AppError('not_found', { message: 'What this refers to is not there any more' });
}

/** What the log tells of a request that failed. `path` without what is secret in it. */
interface Failed {
  requestId: string;
  method: string;
  path: string;
  ip: string;
}

/** REST errors as the contract's body; anything that is not an expected refusal is a bug: 500, request id, stack in the log only. */
export function restFailure(
  cause: unknown,
  request: Failed,
  log: Log,
): { status: AppError['status']; headers: Record<string, string>; body: string } {
  const { requestId, method, path, ip } = request;
  const gone = notThere(cause);
  let error: AppError;
  if (cause instanceof AppError) error = cause;
  else if (gone) error = gone;
  else if (cause instanceof HTTPException)
    error = new AppError(cause.status === 413 ? 'body_too_large' : 'invalid_request_body', { cause });
  else if (cause instanceof DatabaseUnavailable) {
    log.error('database error', { request_id: requestId, ref: shortId(requestId), path, method, error: cause.message });
    error = new AppError('unavailable', { retryAfter: 2 });
  } else {
    const e = cause instanceof Error ? cause : new Error(String(cause));
    log.error('internal error', { request_id: requestId, ref: shortId(requestId), path, method, error: e.message, stack: e.stack });
    error = new AppError('internal_error');
  }
  const { detail, client, details, fields, retryAfter } = error.extra;
  if (error.status === 401 || error.status === 403) {
    const ref = shortId(requestId);
    log.warn('request unauthorized', { request_id: requestId, ref, reason: error.code, client, method, path, ip, detail });
  } else if (detail) log.info('request refused', { request_id: requestId, reason: error.code, detail });
  const told = details || fields ? { details: { ...details, ...(fields ? { fields } : {}) } } : {};
  return {
    status: error.status,
    headers: { 'Content-Type': 'application/json', ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }) },
    body: JSON.stringify({ error: error.message, code: error.code, ...told, request_id: requestId }),
  };
}

/** The same as the answer of a route. */
export function restError(cause: unknown, c: Context<Env>, log: Log): Response {
  const request = { requestId: c.var.requestId, method: c.req.method, path: loggedPath(c), ip: c.var.ip };
  const { status, headers, body } = restFailure(cause, request, log);
  // Through the context, which keeps headers that were set before the failure.
  return c.body(body, status, headers);
}
