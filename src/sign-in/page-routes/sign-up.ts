import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Env, originOf } from '#platform/http/context.ts';
import type { Look } from '../pages/layout.ts';
import { type Destination, toward } from '../pages/sign-in.ts';
import { invitationPage, signUpClosedPage, signUpPage } from '../pages/sign-up.ts';
import { AccountForm, type Mistakes, mistakesOf, typed, unreadable } from './account-form.ts';
import { formOf, type PageDeps, refusedCode, signedIn } from './deps.ts';
import { destinationOf, onwardPath } from './destination.ts';
import { askingOf, stepOf } from './interaction.ts';

/** Registers the form of an account that somebody makes themselves, with a token or where everybody may. */
export function signUpPages(app: OpenAPIHono<Env>, deps: PageDeps) {
  const { renderer, setUp, signUps, cookies, log } = deps;
  const hereOf = (token: string, destination: Destination) => toward('/signup', { ...destination, token });

  app.get('/st/:token', (c) => c.redirect(toward('/signup', { token: c.req.param('token').slice(0, 200) })));

  /** Instead of the form, for those who have no token that works. */
  const closed = (c: Ctx, token: string, destination: Destination, wrong: boolean) => {
    const invited = wrong || signUps.mode() === 'withToken';
    const show = (look: Look) => (invited ? invitationPage(look, { token, wrong, destination }) : signUpClosedPage(look, destination));
    return renderer.render(c, show, { here: hereOf(token, destination) });
  };

  app.get('/signup', async (c) => {
    const destination = destinationOf(c.req.query());
    const step = await stepOf(c, deps, destination);
    if (step === 'elsewhere') return c.redirect(onwardPath(destination, deps.home()));
    if (await setUp.isOpen()) return c.redirect('/login');
    const token = tokenOf(c.req.query('token'));
    if (token && !(await signUps.accepts(token))) {
      refusedCode(c, log, new AppError('token_invalid_or_expired'));
      return closed(c, token, destination, true);
    }
    if (!token && signUps.mode() !== 'open') return closed(c, token, destination, false);
    const model = { token, destination, client: step?.client, values: {}, emailRequired: signUps.requiresEmail() };
    return renderer.render(c, (look) => signUpPage(look, model), step);
  });

  app.post('/signup', async (c) => {
    const form = await formOf(c);
    const destination = destinationOf(form);
    const [values, token] = [typed(form), tokenOf(form.token)];
    const again = async (wrong: Mistakes) => {
      const asking = await askingOf(c, deps, destination);
      const model = { token, destination, client: asking?.client, values, wrong, emailRequired: signUps.requiresEmail(), status: 400 };
      return renderer.render(c, (look) => signUpPage(look, model), { ...asking, here: hereOf(token, destination) });
    };
    const parsed = AccountForm.safeParse(values);
    if (!parsed.success) return again(unreadable(parsed.error.issues));
    try {
      const asked = { input: parsed.data, token: token || undefined, origin: originOf(c), replaces: cookies.session.read(c) };
      await signedIn(c, deps, await signUps.signUp(asked));
      return c.redirect(toward('/signup/add-passkey', destination), 303);
    } catch (cause) {
      const wrong = mistakesOf(cause);
      return wrong ? again(wrong) : closed(c, token, destination, refusedCode(c, log, cause) === 'token_invalid_or_expired');
    }
  });
}

/** As it was sent, without the white space that copying brings along. */
const tokenOf = (text: unknown): string =>
  String(text ?? '')
    .trim()
    .slice(0, 200);
