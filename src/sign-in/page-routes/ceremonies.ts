import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Env, originOf } from '#platform/http/context.ts';
import type { Destination } from '../pages/sign-in.ts';
import { clientOf, type PageDeps, refusedCode, sessionOf, signedIn } from './deps.ts';
import { destinationOf, onwardPath } from './destination.ts';
import { takeStep } from './interaction.ts';

/** The JSON of `page.js`: an authenticator's answer, and where the person is on the way to. */
async function answerOf(c: Ctx) {
  const body: unknown = await c.req.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null) throw new AppError('invalid_request_body');
  const { response, interaction, redirect } = body as Record<string, unknown>;
  // An absent answer is judged, and refused, like any other.
  return { response: response ?? {}, destination: destinationOf({ interaction, redirect }) };
}

/** Registers what authenticators' answers are sent to: one request after the touch, and the browser knows where to go next. */
export function ceremonyRoutes(app: OpenAPIHono<Env>, deps: PageDeps) {
  const { passkeys, cookies, log } = deps;

  /** 401 and 403 are logged by the error handler; a refused sign-in is one too when its status is 400 because the answer was late or malformed. */
  const refuse = (c: Ctx, destination: Destination) => async (cause: unknown) => {
    if (!(cause instanceof AppError) || ![400, 401, 403].includes(cause.status)) throw cause;
    const client = await clientOf(c, deps, destination);
    const told = { ...cause.extra, message: cause.message, client };
    if (cause.status !== 400) throw new AppError(cause.code, told);
    refusedCode(c, log, cause, client);
    throw new AppError(cause.code, { ...told, detail: undefined });
  };
  const signedInSession = (c: Ctx) => {
    const session = sessionOf(c);
    if (!session) throw new AppError('not_signed_in');
    return session;
  };

  app.post('/interaction/passkey', async (c) => {
    const { response, destination } = await answerOf(c);
    const login = { id: cookies.ceremony.read(c), response, origin: originOf(c), replaces: cookies.session.read(c) };
    const started = await passkeys.finishLogin(login).catch(refuse(c, destination));
    await signedIn(c, deps, started);
    const { interaction: id } = destination;
    return c.json({
      next: id ? await takeStep(c, deps, { id, step: 'authenticate', session: started.value }) : onwardPath(destination, deps.home()),
    });
  });

  app.post('/interaction/reauthenticate', async (c) => {
    const session = signedInSession(c);
    const { response, destination } = await answerOf(c);
    const sessionValue = cookies.session.read(c) ?? '';
    const answer = { id: cookies.ceremony.read(c), session, response, origin: originOf(c), sessionValue };
    const { proof, maxAge, started } = await passkeys.reauthenticate(answer).catch(refuse(c, destination));
    if (started) cookies.session.set(c, started.value, started.maxAge);
    const { interaction: id } = destination;
    // What comes next may ask for the proof itself, a device that is let in for instance.
    if (!id) cookies.reauthentication.set(c, proof, maxAge);
    const step = { step: 'reauthenticate', session: started?.value ?? sessionValue, reauthentication: proof } as const;
    return c.json({ next: id ? await takeStep(c, deps, { id, ...step }) : onwardPath(destination, deps.home()) });
  });

  app.post('/signup/add-passkey', async (c) => {
    const session = signedInSession(c);
    const { response, destination } = await answerOf(c);
    await passkeys
      .finishRegistration({ id: cookies.ceremony.read(c), session, response, origin: originOf(c) })
      .catch(refuse(c, destination));
    const onTheWay = destination.interaction ?? destination.redirect;
    return c.json({ next: onTheWay ? onwardPath(destination, deps.home()) : '/account?done=added' });
  });
}
