import type { OpenAPIHono } from '@hono/zod-openapi';
import { STEPS, type Step } from '#oidc/decide.ts';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Env, originOf } from '#platform/http/context.ts';
import { consentPage, type PersonStep, reauthenticatePage, selectAccountPage } from '../pages/interaction.ts';
import { onwardPage } from '../pages/onward.ts';
import { mishapPage } from '../pages/problem.ts';
import { gonePage, refusedPage } from '../pages/refused.ts';
import { type Destination, signInPage } from '../pages/sign-in.ts';
import { type Completion, type StepView, shortId } from '../view.ts';
import { beginLogin, begun, byScript, formOf, type PageDeps, sessionOf } from './deps.ts';
import { destinationOf, interactionPath } from './destination.ts';

/** Where the browser goes after a step. What can't be gone on with is explained by the interaction's own page. */
const nextOf = (id: string, completion: Completion): string =>
  completion.kind === 'redirect' || completion.kind === 'resume' ? completion.url : interactionPath(id);

/** The interaction a page on the way belongs to; `elsewhere` when there is nothing to sign in to, or nobody left to sign in. */
export async function stepOf(
  c: Ctx,
  { flow, cookies }: Pick<PageDeps, 'flow' | 'cookies'>,
  { interaction }: Destination,
): Promise<StepView | 'elsewhere' | undefined> {
  if (!interaction) return sessionOf(c) ? 'elsewhere' : undefined;
  const view = await flow.view({ id: interaction, browser: cookies.browser.read(c), origin: originOf(c) });
  return view.kind === 'step' ? view : 'elsewhere';
}

/** The step for a page that is shown wherever the person may be by now; undefined where no application asks. */
export async function askingOf(c: Ctx, deps: Pick<PageDeps, 'flow' | 'cookies'>, destination: Destination): Promise<StepView | undefined> {
  const step = await stepOf(c, deps, destination);
  return step === 'elsewhere' ? undefined : step;
}

/** Takes a step and answers where to go next. */
export async function takeStep(
  c: Ctx,
  { flow, cookies }: Pick<PageDeps, 'flow' | 'cookies'>,
  step: { id: string; step: Step; session?: string; person?: string; reauthentication?: string },
): Promise<string> {
  const completion = await flow.complete({ ...step, browser: cookies.browser.read(c), origin: originOf(c) }).catch((cause) => {
    // Not the next step any more: another tab was faster, or somebody else signed in. The interaction's page shows what is.
    if (cause instanceof AppError && cause.code === 'invalid_step') return { kind: 'next' } as const;
    throw cause;
  });
  return nextOf(step.id, completion);
}

const badRequest = (c: Ctx, { renderer }: PageDeps) =>
  renderer.render(c, (look) =>
    mishapPage(look, { kind: 'request', status: 400, reason: 'invalid_request', requestId: shortId(c.var.requestId) }),
  );

/** Registers the pages of an interaction and their forms. */
export function interactionPages(app: OpenAPIHono<Env>, deps: PageDeps) {
  const { renderer, flow, cookies } = deps;

  app.get('/interaction', async (c) => {
    const { interaction: id } = destinationOf(c.req.query());
    if (!id) return badRequest(c, deps);
    // To switch is to look at the interaction as nobody; the session stays until somebody else has signed in.
    const session = c.req.query('switch') ? undefined : cookies.session.read(c);
    const view = await flow.view({ id, browser: cookies.browser.read(c), session, origin: originOf(c) });
    if (view.kind === 'refused') return renderer.render(c, (look) => refusedPage(look, view), view);
    if (view.kind === 'gone') return renderer.render(c, (look) => gonePage(look, view));
    // Another tab was faster: nothing is left to ask.
    if (view.remaining.length === 0) return c.redirect(`/authorize?interaction=${encodeURIComponent(id)}`);
    return showStep(c, deps, view);
  });

  app.post('/interaction/complete', async (c) => {
    const form = await formOf(c);
    const { interaction: id } = destinationOf(form);
    const step = STEPS.find((known) => known === form.step);
    if (!id || !step) return badRequest(c, deps);
    const next = await takeStep(c, deps, { id, step, person: String(form.person ?? ''), session: cookies.session.read(c) });
    return byScript(c) ? c.json({ next }) : c.redirect(next, 303);
  });

  app.post('/interaction/cancel', async (c) => {
    const { interaction: id } = destinationOf(await formOf(c));
    if (!id) return badRequest(c, deps);
    const sent = await flow.cancel({ id, browser: cookies.browser.read(c), origin: originOf(c) });
    const here = interactionPath(id);
    if (byScript(c) && sent.kind !== 'form') return c.json({ next: sent.kind === 'redirect' ? sent.url : here });
    if (sent.kind === 'redirect') return c.redirect(sent.url, 303);
    return renderer.render(c, (look) => (sent.kind === 'gone' ? gonePage(look, sent) : onwardPage(look, sent)), { here });
  });

  // An address of the original; ours are explained where they happen, and nothing in a link may put words on our page.
  app.get('/interaction/error', (c) => badRequest(c, deps));
}

async function showStep(c: Ctx, deps: PageDeps, view: StepView): Promise<Response> {
  const { renderer, cookies, passkeys, signUps } = deps;
  const session = sessionOf(c);
  const { step, person } = view;
  if (step === 'authenticate' || !person || !session) {
    const ceremony = await beginLogin(c, deps);
    const model = { ceremony, destination: { interaction: view.id }, asking: view, signUp: signUps.mode() === 'open' };
    return renderer.render(c, (look) => signInPage(look, model), view);
  }
  const known: PersonStep = { ...view, person };
  if (step === 'reauthenticate') {
    const ceremony = begun(c, cookies, await passkeys.startReauthentication({ session, browser: cookies.ceremony.read(c) }));
    return renderer.render(c, (look) => reauthenticatePage(look, known, ceremony), view);
  }
  return renderer.render(c, (look) => (step === 'consent' ? consentPage(look, known) : selectAccountPage(look, known)), view);
}
