import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import type { Env } from '#platform/http/context.ts';
import { sendTestEmail } from '../../settings/contract.ts';
import * as contract from './contract.ts';
import type { Mail } from './service.ts';

export function mailRoutes(app: OpenAPIHono<Env>, { mail }: { mail: Mail }): void {
  app.openapi(sendTestEmail, () => mail.test());
  app.openapi(contract.mailCode, async (c) => mail.codeFor(actorOf(c), c.req.valid('param').id));
  app.openapi(contract.askForCode, () => mail.codeForVisitor());
  app.openapi(contract.sendVerification, async (c) => mail.verificationFor(actorOf(c).id));
  app.openapi(contract.verifyEmail, () => mail.verify());
}
