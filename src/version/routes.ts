import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Env } from '#platform/http/context.ts';
import * as contract from './contract.ts';

export function versionRoutes(app: OpenAPIHono<Env>, { version }: { version: string }): void {
  app.openapi(contract.currentVersion, (c) => c.json({ currentVersion: version }, 200));
  app.openapi(contract.latestVersion, (c) => {
    c.header('Cache-Control', 'public, max-age=300, stale-while-revalidate=900');
    return c.json({ latestVersion: '' }, 200);
  });
}
