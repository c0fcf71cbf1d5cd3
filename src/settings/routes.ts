import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf, readsSecrets } from '#access/actor.ts';
import { AppError } from '#platform/errors.ts';
import type { Env } from '#platform/http/context.ts';
import * as contract from './contract.ts';
import type { Settings } from './service.ts';

export function settingRoutes(app: OpenAPIHono<Env>, { settings }: { settings: Settings }): void {
  app.openapi(contract.publicSettings, (c) => c.json(settings.publicList(), 200));
  app.openapi(contract.allSettings, (c) => c.json(settings.list(readsSecrets(c)), 200));
  app.openapi(contract.updateSettings, async (c) => {
    await settings.update(actorOf(c), c.req.valid('json'));
    return c.json(settings.list(readsSecrets(c)), 200);
  });
  app.openapi(contract.syncLdap, () => {
    throw new AppError(settings.get('ldapEnabled') ? 'ldap_unavailable' : 'ldap_disabled');
  });
}
