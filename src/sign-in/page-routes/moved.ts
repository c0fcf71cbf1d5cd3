import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Env } from '#platform/http/context.ts';

/** Registers the addresses that mails, bookmarks and documentation of Pocket ID know, of pages that are elsewhere here. */
export function movedPages(app: OpenAPIHono<Env>) {
  for (const path of ['/settings', '/settings/:area', '/settings/:area/:page', '/settings/:area/:page/:id'])
    app.get(path, (c) => c.redirect('/account'));
}
