import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Env } from '#platform/http/context.ts';
import { adminPage } from '../pages/admin.ts';
import type { Renderer } from '../pages/respond.ts';

/** Registers the addresses that mails, bookmarks and documentation of Pocket ID know, of pages that are elsewhere here. */
export function movedPages(app: OpenAPIHono<Env>, { renderer }: { renderer: Renderer }) {
  app.get('/admin', (c) => renderer.render(c, adminPage));
  for (const path of ['/settings', '/settings/:area', '/settings/:area/:page', '/settings/:area/:page/:id'])
    app.get(path, (c) => c.redirect(c.req.param('area') === 'admin' ? '/admin' : '/account'));
}
