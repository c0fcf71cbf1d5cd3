import type { OpenAPIHono } from '@hono/zod-openapi';
import { type Ctx, type Env, originOf, shortId } from '#platform/http/context.ts';
import { languageOf } from '../pages/language.ts';
import { type MessageKey, translator } from '../pages/messages.ts';
import { alternativePage, codePage, newPage, signInPage, toward } from '../pages/sign-in.ts';
import { signedOutPage, signOutPage } from '../pages/sign-out.ts';
import { forgetSignOutRefused, wasSignOutRefused } from '../sign-out-refused.ts';
import { beginLogin, byScript, clientOf, formOf, type PageDeps, refusedCode, sessionOf, shownPerson, signedIn } from './deps.ts';
import { destinationOf, onwardPath } from './destination.ts';
import { askingOf, stepOf } from './interaction.ts';

/** Registers `/login`, its alternatives, one-time codes and signing out. */
export function loginPages(app: OpenAPIHono<Env>, deps: PageDeps) {
  const { renderer, setUp, signUps } = deps;

  app.get('/', async (c) => c.redirect(sessionOf(c) ? '/account' : '/login'));

  app.get('/login', async (c) => {
    const destination = destinationOf(c.req.query());
    if (sessionOf(c)) return c.redirect(onwardPath(destination, deps.home()));
    if (await setUp.isOpen()) return renderer.render(c, newPage);
    const ceremony = await beginLogin(c, deps);
    const signUp = signUps.mode() === 'open';
    return renderer.render(c, (look) => signInPage(look, { ceremony, destination, signUp }));
  });

  app.get('/login/alternative', async (c) => {
    const destination = destinationOf(c.req.query());
    const step = await stepOf(c, deps, destination);
    if (step === 'elsewhere') return c.redirect(onwardPath(destination, deps.home()));
    const ceremony = await beginLogin(c, deps);
    return renderer.render(c, (look) => alternativePage(look, { ceremony, destination, client: step?.client }), step);
  });

  codeRoutes(app, deps);
  signOutRoutes(app, deps);
}

function codeRoutes(app: OpenAPIHono<Env>, deps: PageDeps) {
  const { renderer, oneTimeCodes, cookies, log } = deps;
  const secure = deps.appUrl.startsWith('https:');

  const show = async (c: Ctx, code?: string) => {
    const destination = destinationOf(c.req.query());
    const step = destination.interaction ? await stepOf(c, deps, destination) : undefined;
    if (step === 'elsewhere') return c.redirect(onwardPath(destination, deps.home()));
    return renderer.render(c, (look) => codePage(look, { destination, client: step?.client, code }), step);
  };
  app.get('/login/alternative/code', (c) => show(c, c.req.query('code')?.slice(0, 20)));
  app.get('/lc', (c) => show(c));
  app.get('/lc/:code', (c) => show(c, c.req.param('code').slice(0, 20)));

  app.post('/login/alternative/code', async (c) => {
    const form = await formOf(c);
    const destination = destinationOf(form);
    const code = String(form.code ?? '').replace(/[\s-]/g, '');
    try {
      const started = await oneTimeCodes.redeem({ typed: code, origin: originOf(c), replaces: cookies.session.read(c) });
      await signedIn(c, deps, started);
      const next = toward('/signup/add-passkey', destination);
      return byScript(c) ? c.json({ next }) : c.redirect(next, 303);
    } catch (cause) {
      const refused = refusedCode(c, log, cause, await clientOf(c, deps, destination));
      const isWhole = code.length === 6 || code.length === 12;
      const problem: MessageKey = refused === 'user_disabled' ? 'code.error.disabled' : isWhole ? 'code.error.wrong' : 'code.error.length';
      const asking = await askingOf(c, deps, destination);
      const here = toward('/login/alternative/code', destination);
      const status = refused === 'user_disabled' ? 403 : 401;
      const id = shortId(c.var.requestId);
      if (byScript(c))
        return c.json(
          { sentence: translator(languageOf(c, secure, asking ?? {}))(problem, { id }), code: refused, request_id: c.var.requestId },
          status,
        );
      const model = { destination, client: asking?.client, code, status };
      return renderer.render(c, (look) => codePage(look, { ...model, problem: look.t(problem, { id }) }), { ...asking, here });
    }
  });
}

function signOutRoutes(app: OpenAPIHono<Env>, deps: PageDeps) {
  const { renderer, cookies, sessions } = deps;
  app.get('/logout', async (c) => {
    const session = sessionOf(c);
    const refused = wasSignOutRefused(c);
    if (!session) return renderer.render(c, (look) => signedOutPage(look, refused));
    const person = await shownPerson(deps, session.userId);
    return renderer.render(c, (look) => signOutPage(look, person, refused));
  });
  app.post('/logout', async (c) => {
    const value = cookies.session.read(c);
    if (value) await sessions.end(value, originOf(c));
    cookies.session.clear(c);
    forgetSignOutRefused(c);
    cookies.reauthentication.clear(c);
    // Not "cookies": browsers take that for the whole registrable domain, and would sign the person out of every neighbour of this host.
    c.header('Clear-Site-Data', '"storage"');
    return c.redirect('/logout', 303);
  });
}
