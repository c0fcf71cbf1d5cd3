import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Env, type Origin, originOf } from '#platform/http/context.ts';
import { deviceCodePage } from '../pages/device-grant.ts';
import { approvalPage, approvedPage, type Over, waitedPage, waitingPage } from '../pages/device-login.ts';
import { toward } from '../pages/sign-in.ts';
import { begun, type PageDeps, placed, refusedCode, sessionOf, shownPerson } from './deps.ts';
import { destinationOf, onwardPath } from './destination.ts';

interface Decider {
  userId: string;
  username: string;
  sessionId: string;
}

/** Browsers that wait to be signed in from another device. */
export interface PageDeviceLogin {
  /** A request that lives for `seconds`. `token` goes into the cookie that its exchange asks for, for `maxAge`. */
  create(origin: Origin): Promise<{ id: string; userCode: string; token: string; maxAge: number; seconds: number }>;
  /** Throws `not_found`, or `rate_limited` after too many wrong codes. */
  describe(
    code: string,
    decider: Decider,
  ): Promise<{ userCode: string; ipAddress: string; country: string; city: string; asker: { userAgent: string; at: number } }>;
  /** To approve takes a fresh `proof`; throws `reauthentication_required`. */
  decide(from: { code: string; decision: 'approve' | 'deny'; decider: Decider; proof: string | undefined; origin: Origin }): Promise<void>;
}
type Deps = PageDeps & { deviceLogin: PageDeviceLogin };

const OVERS: readonly Over[] = ['expired', 'denied', 'disabled'];

/** Registers the page of the browser that waits, and what its approval is sent to. */
export function deviceLoginPages(app: OpenAPIHono<Env>, deps: Deps) {
  const { renderer, deviceLogin, cookies, flow } = deps;

  app.get('/login/alternative/device', async (c) => {
    const destination = destinationOf(c.req.query());
    const { interaction } = destination;
    const view = interaction ? await flow.view({ id: interaction, browser: cookies.browser.read(c), origin: originOf(c) }) : undefined;
    if (view ? view.kind !== 'step' : sessionOf(c)) return c.redirect(onwardPath(destination, deps.home()));
    const asking = view?.kind === 'step' ? view : undefined;
    const over = OVERS.find((known) => known === c.req.query('over'));
    if (over) return renderer.render(c, (look) => waitedPage(look, { over, destination }), asking);
    const { id, userCode, token, maxAge, seconds } = await deviceLogin.create(originOf(c));
    cookies.deviceLogin(id).set(c, token, maxAge);
    const model = { id, userCode, seconds, destination, next: onwardPath(destination, deps.home()) };
    return renderer.render(c, (look) => waitingPage(look, model), asking);
  });

  app.post('/device/approve', async (c) => {
    const session = sessionOf(c);
    if (!session) throw new AppError('not_signed_in');
    const body = (await c.req.json().catch(() => undefined)) as { response?: unknown; user_code?: unknown } | null | undefined;
    const code = String(body?.user_code ?? '').slice(0, 20);
    const sessionValue = cookies.session.read(c) ?? '';
    // An absent answer is judged, and refused: a session that is fresh does not stand for a touch here.
    const answer = { id: cookies.ceremony.read(c), session, response: body?.response ?? {}, origin: originOf(c), sessionValue };
    const { proof, started } = await deps.passkeys.reauthenticate(answer);
    if (started) cookies.session.set(c, started.value, started.maxAge);
    const decider = { ...deciderOf(c), sessionId: started?.session.id ?? session.id };
    await deviceLogin.decide({ code, decision: 'approve', decider, proof, origin: originOf(c) });
    return c.json({ next: '/device?done=approved' });
  });
}

/** Codes of waiting browsers begin with P, those of the device grant with E. */
export const isDeviceLogin = (code: string): boolean => /^[\s-]*p/i.test(code);

const deciderOf = (c: Ctx): Decider => {
  const { userId, username, session } = c.var.caller ?? {};
  if (!userId || !username || !session) throw new AppError('not_signed_in');
  return { userId, username, sessionId: session.id };
};

/** What `/device` shows and does for the code of a browser that waits. */
export function createApproval(deps: Deps) {
  const { renderer, deviceLogin, passkeys, cookies, clock, log } = deps;
  const signIn = (c: Ctx, code: string) => {
    const redirect = `/device?${new URLSearchParams({ user_code: code })}`;
    return c.redirect(toward('/login', { redirect }), c.req.method === 'POST' ? 303 : 302);
  };
  const unknown = (c: Ctx, code: string) => (cause: unknown) => {
    if (!(cause instanceof AppError) || cause.code !== 'not_found') throw cause;
    refusedCode(c, log, cause);
    return renderer.render(c, (look) => deviceCodePage(look, { code, wrong: true }), { here: '/device' });
  };

  const show = async (c: Ctx, code: string): Promise<Response> => {
    const session = sessionOf(c);
    if (!session) return signIn(c, code);
    const { userCode, ipAddress, country, city, asker } = await deviceLogin.describe(code, deciderOf(c));
    const person = await shownPerson(deps, session.userId);
    const ceremony = begun(c, cookies, await passkeys.startReauthentication({ session, browser: cookies.ceremony.read(c) }));
    const from = placed(deps.places, { ...asker, ip: ipAddress }, { country, city });
    const model = { userCode, person, ceremony, asker: from, now: clock.now() };
    return renderer.render(c, (look) => approvalPage(look, model));
  };
  const deny = async (c: Ctx, code: string): Promise<Response> => {
    if (!sessionOf(c)) return signIn(c, code);
    await deviceLogin.decide({ code, decision: 'deny', decider: deciderOf(c), proof: undefined, origin: originOf(c) });
    return renderer.render(c, (look) => approvedPage(look, { allowed: false }), { here: '/device' });
  };
  return {
    show: (c: Ctx, code: string) => show(c, code).catch(unknown(c, code)),
    /** A form that says anything but no shows the question again: to say yes is what `/device/approve` is for. */
    answer: (c: Ctx, code: string, decision: unknown) => (decision === 'deny' ? deny(c, code) : show(c, code)).catch(unknown(c, code)),
    done: (c: Ctx) => renderer.render(c, (look) => approvedPage(look, { allowed: true })),
  };
}
