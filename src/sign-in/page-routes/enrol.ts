import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '#platform/errors.ts';
import { type Env, originOf } from '#platform/http/context.ts';
import { shortName } from '../pages/interaction.ts';
import type { Look } from '../pages/layout.ts';
import { addPasskeyPage, confirmPage, setUpLinkPage, setUpPage, skipPasskeyPage } from '../pages/set-up.ts';
import { toward } from '../pages/sign-in.ts';
import { AccountForm, type Mistakes, mistakesOf, typed, unreadable } from './account-form.ts';
import { begun, formOf, type PageDeps, refusedCode, sessionOf, shownPerson, signedIn } from './deps.ts';
import { destinationOf, onwardPath } from './destination.ts';

/** Registers the first set-up and the page that makes a passkey. */
export function enrolPages(app: OpenAPIHono<Env>, deps: PageDeps) {
  setUpRoutes(app, deps);
  const { renderer, passkeys, passkeyList, cookies } = deps;

  app.get('/signup/add-passkey', async (c) => {
    const session = sessionOf(c);
    const destination = destinationOf(c.req.query());
    const here = toward('/signup/add-passkey', destination);
    if (!session) return c.redirect(toward('/login', { redirect: here }));
    const person = await shownPerson(deps, session.userId);
    if (c.req.query('skip')) {
      const own = await passkeyList.listOf(session.userId);
      if (own.length > 0) return c.redirect(onwardPath(destination, deps.home()));
      return renderer.render(c, (look) => skipPasskeyPage(look, { next: onwardPath(destination, deps.home()), destination }));
    }
    const browser = cookies.ceremony.read(c);
    const registration = await passkeys.startRegistration({ session, browser }).catch(staleSession);
    if (registration) {
      const ceremony = begun(c, cookies, registration);
      return renderer.render(c, (look) => addPasskeyPage(look, { ceremony, destination, name: shortName(person) }));
    }
    const ceremony = begun(c, cookies, await passkeys.startReauthentication({ session, browser }));
    return renderer.render(c, (look) => confirmPage(look, { ceremony, destination: { redirect: here }, person }));
  });
}

const staleSession = (cause: unknown): undefined => {
  if (cause instanceof AppError && cause.code === 'reauthentication_required') return undefined;
  throw cause;
};

function setUpRoutes(app: OpenAPIHono<Env>, deps: PageDeps) {
  const { renderer, setUp, cookies, log } = deps;
  app.get('/setup', (c) => c.redirect(`/signup/setup${new URL(c.req.url).search}`));

  app.get('/signup/setup', async (c) => {
    if (!(await setUp.isOpen())) return c.redirect('/login');
    const secret = c.req.query('secret') ?? '';
    if (!(await setUp.knows(secret))) {
      refusedCode(c, log, new AppError('forbidden', { detail: 'not the secret of the link in the log' }));
      return renderer.render(c, setUpLinkPage);
    }
    return renderer.render(c, (look) => setUpPage(look, { secret, values: {} }));
  });

  app.post('/signup/setup', async (c) => {
    const form = await formOf(c);
    const secret = String(form.secret ?? '');
    const values = typed(form);
    const again = (wrong: Mistakes) => {
      const show = (look: Look) => setUpPage(look, { secret, values, wrong, problem: look.t('setup.error.form'), status: 400 });
      return renderer.render(c, show, { here: `/signup/setup?${new URLSearchParams({ secret })}` });
    };
    const parsed = AccountForm.safeParse(values);
    if (!parsed.success) return again(unreadable(parsed.error.issues));
    try {
      const input = { input: parsed.data, secret, origin: originOf(c), replaces: cookies.session.read(c) };
      await signedIn(c, deps, await setUp.complete(input));
      return c.redirect('/signup/add-passkey', 303);
    } catch (cause) {
      const wrong = mistakesOf(cause);
      if (wrong) return again(wrong);
      const refused = refusedCode(c, log, cause);
      return refused === 'setup_already_completed'
        ? c.redirect('/login', 303)
        : renderer.render(c, setUpLinkPage, { here: '/signup/setup' });
    }
  });
}
