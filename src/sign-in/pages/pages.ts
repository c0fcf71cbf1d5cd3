import { AppError, type ErrorCode } from '#platform/errors.ts';
import type { Ctx } from '#platform/http/context.ts';
import { type ErrorPage, type GoneView, type RefusedView, shortId } from '../view.ts';
import type { LanguageSource } from './language.ts';
import { type OnwardModel, onwardPage } from './onward.ts';
import { errorPage, type Mishap, mishapPage } from './problem.ts';
import { gonePage, refusedPage } from './refused.ts';
import type { Renderer } from './respond.ts';

const MISHAPS: Partial<Record<ErrorCode, Mishap>> = {
  not_found: 'notFound',
  method_not_allowed: 'method',
  forbidden: 'forbidden',
  cross_site_request: 'crossSite',
  rate_limited: 'busy',
  unavailable: 'unavailable',
};

/** Pages that others answer with: the engine instead of a redirect, and the application instead of a JSON error. */
export function createPages({ renderer }: { renderer: Renderer }) {
  return {
    error: (c: Ctx, error: ErrorPage, source?: LanguageSource) => renderer.render(c, (look) => errorPage(look, error), source),
    refused: (c: Ctx, view: RefusedView) => renderer.render(c, (look) => refusedPage(look, view), view),
    gone: (c: Ctx, view: GoneView, source?: LanguageSource) => renderer.render(c, (look) => gonePage(look, view), source),
    formPost: (c: Ctx, model: OnwardModel, source?: LanguageSource) => renderer.render(c, (look) => onwardPage(look, model), source),
    /** What went wrong anywhere else; `status` is that of the JSON error it stands for. Nothing of `cause` but its code is shown. */
    mishap(c: Ctx, cause: unknown, status: number): Promise<Response> {
      const code: ErrorCode = cause instanceof AppError ? cause.code : status < 500 ? 'invalid_request_body' : 'internal_error';
      const kind = MISHAPS[code] ?? (status >= 500 ? 'failed' : status === 404 ? 'notFound' : status === 403 ? 'forbidden' : 'request');
      const wait = cause instanceof AppError ? cause.extra.retryAfter : undefined;
      return renderer.render(c, (look) => mishapPage(look, { kind, status, reason: code, requestId: shortId(c.var.requestId), wait }));
    },
  };
}

/** Whether a failure is shown as a page: a browser went there, and it is no address of programs. */
export const wantsPage = (c: Ctx): boolean =>
  !/^\/(api|\.well-known)\//.test(c.req.path) && (c.req.header('accept') ?? '').includes('text/html');
