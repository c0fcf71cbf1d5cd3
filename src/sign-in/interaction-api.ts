import type { OpenAPIHono } from '@hono/zod-openapi';
import { type ShownScope, scopeInfo } from '#oidc/shown-scopes.ts';
import { AppError, notFound } from '#platform/errors.ts';
import { type Ctx, type Env, originOf } from '#platform/http/context.ts';
import type { ClientMeta } from '../clients/contract.ts';
import * as contract from './contract.ts';
import type { Flow, View } from './view.ts';

interface Cookie {
  read(c: Ctx): string | undefined;
}

interface Deps {
  flow: Flow & {
    scopesOf(id: string, browser: string | undefined): Promise<{ clientId: string; scopes: string[]; shown: ShownScope[] } | undefined>;
  };
  cookies: { session: Cookie; browser: Cookie; reauthentication: Cookie & { clear(c: Ctx): void } };
  /** What anybody may know of a client. */
  clientMeta(id: string): Promise<ClientMeta>;
}

/** The JSON form of an interaction, for clients that bring pages of their own. */
export function interactionApi(app: OpenAPIHono<Env>, { flow, cookies, clientMeta }: Deps): void {
  const browserOf = (c: Ctx) => ({ browser: cookies.browser.read(c), session: cookies.session.read(c), origin: originOf(c) });

  const toJson = async (c: Ctx, id: string, view: View): Promise<contract.Interaction> => {
    const stored = view.kind === 'gone' ? undefined : await flow.scopesOf(id, cookies.browser.read(c));
    if (!stored) throw notFound('OIDC interaction');
    const steps = view.kind === 'step' ? view.remaining : [];
    return {
      id,
      scopes: stored.scopes,
      scopeInfo: scopeInfo(stored.shown),
      client: await clientMeta(stored.clientId),
      ...(steps[0] === undefined ? {} : { currentStep: steps[0] }),
      requiredSteps: steps,
    };
  };

  app.openapi(contract.getInteraction, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await toJson(c, id, await flow.view({ id, ...browserOf(c) })), 200);
  });

  app.openapi(contract.completeInteraction, async (c) => {
    const { id } = c.req.valid('param');
    const from = { id, ...browserOf(c) };
    const { step } = c.req.valid('json');
    const done = await flow.complete({ ...from, step, reauthentication: cookies.reauthentication.read(c), resume: true });
    switch (done.kind) {
      case 'gone':
        throw notFound('OIDC interaction');
      case 'refused':
        throw new AppError('oidc_access_denied', { detail: done.reason });
      case 'next':
        return c.json({ interaction: await toJson(c, id, await flow.view(from)) }, 200);
      case 'redirect':
      case 'resume':
        return c.json({ redirectUrl: done.url }, 200);
    }
  });
}
