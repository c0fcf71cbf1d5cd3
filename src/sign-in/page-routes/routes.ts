import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '#platform/errors.ts';
import type { Env } from '#platform/http/context.ts';
import type { Assets } from '../pages/assets.ts';
import { accountPages } from './account.ts';
import { ceremonyRoutes } from './ceremonies.ts';
import { cspReportRoute } from './csp-reports.ts';
import type { PageDeps } from './deps.ts';
import { devicePages, type PageDevices } from './device.ts';
import { deviceLoginPages, type PageDeviceLogin } from './device-login.ts';
import { enrolPages } from './enrol.ts';
import { interactionPages } from './interaction.ts';
import { loginPages } from './login.ts';
import { movedPages } from './moved.ts';
import { signUpPages } from './sign-up.ts';

/** Registers every page of the way in, and the files they are made of. */
export function pageRoutes(
  app: OpenAPIHono<Env>,
  { assets, ...deps }: PageDeps & { assets: Assets; devices: PageDevices; deviceLogin: PageDeviceLogin },
) {
  app.get('/assets/:file', (c) => {
    const file = assets.respond(c.req.path, c.req.header('accept-encoding'));
    if (!file) throw new AppError('not_found');
    return file;
  });
  loginPages(app, deps);
  interactionPages(app, deps);
  enrolPages(app, deps);
  accountPages(app, deps);
  ceremonyRoutes(app, deps);
  signUpPages(app, deps);
  devicePages(app, deps);
  deviceLoginPages(app, deps);
  movedPages(app, deps);
  cspReportRoute(app, deps.log);
}
