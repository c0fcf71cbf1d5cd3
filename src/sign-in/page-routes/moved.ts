import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Env } from '#platform/http/context.ts';
import { adminPage } from '../pages/admin.ts';
import type { Renderer } from '../pages/respond.ts';

/**
 * Registers the addresses that mails, bookmarks and documentation of Pocket ID know, of pages that are elsewhere here, and those that password
 * managers ask every site for: where a passkey is made and where they are managed.
 */
export function movedPages(app: OpenAPIHono<Env>, { renderer, appUrl }: { renderer: Renderer; appUrl: string }) {
  // A Well-Known URL for Changing Passwords, and for Relying Party Passkey Endpoints (W3C).
  app.get('/.well-known/change-password', (c) => c.redirect('/account'));
  app.get('/.well-known/passkey-endpoints', (c) => {
    c.header('Cache-Control', 'public, max-age=86400');
    return c.json({ enroll: `${appUrl}/signup/add-passkey`, manage: `${appUrl}/account` });
  });
  app.get('/admin', (c) => renderer.render(c, adminPage));
  for (const path of ['/settings', '/settings/:area', '/settings/:area/:page', '/settings/:area/:page/:id'])
    app.get(path, (c) => c.redirect(c.req.param('area') === 'admin' ? '/admin' : '/account'));
}
