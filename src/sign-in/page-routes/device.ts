import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Reason } from '#access/decide.ts';
import type { Client, Person } from '#oidc/ports.ts';
import type { ShownScope } from '#oidc/shown-scopes.ts';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Env, type Origin, originOf } from '#platform/http/context.ts';
import { toPerson, toScope } from '../describe.ts';
import { deviceCodePage, deviceConsentPage, deviceDonePage } from '../pages/device-grant.ts';
import { refusedPage } from '../pages/refused.ts';
import { confirmPage } from '../pages/set-up.ts';
import { toward } from '../pages/sign-in.ts';
import { begun, formOf, type PageDeps, placed, refusedCode, sessionOf } from './deps.ts';
import { createApproval, isDeviceLogin, type PageDeviceLogin } from './device-login.ts';

interface Answerer {
  /** The session cookie's value. */
  session: string;
  userCode: string;
}

/** Devices that wait for somebody to let them in. All throw `oidc_invalid_device_code` and `oidc_access_denied`. */
export interface PageDevices {
  view(
    answerer: Answerer,
    origin: Origin,
  ): Promise<{
    shown: readonly ShownScope[];
    client: Client;
    person: Person;
    reauthenticationRequired: boolean;
    asker: { ip: string; userAgent: string; at: number };
  }>;
  /** Why `oidc_access_denied` was thrown; undefined when it would not be any more. */
  refusal(answerer: Answerer): Promise<{ reason: Reason; client: Client; person: Person } | undefined>;
  /** `proof` is the reauthentication cookie's value, where that is required. */
  approve(answerer: Answerer, proof: string | undefined, origin: Origin): Promise<void>;
  deny(answerer: Answerer, origin: Origin): Promise<void>;
}

/** `/device`: where a person lets a device in that has no browser (RFC 8628 section 3.3), or signs another browser in as themselves. */
export function devicePages(app: OpenAPIHono<Env>, deps: PageDeps & { devices: PageDevices; deviceLogin: PageDeviceLogin }) {
  const { renderer, cookies, devices, flow, images, places, clock, log } = deps;
  const approval = createApproval(deps);
  const pathOf = (userCode: string) => `/device?${new URLSearchParams({ user_code: userCode })}`;

  const withLogo = async ({ id, name }: Client) => {
    const logos = (await images.logosOf([id])).get(id);
    return { id, name, hasLogo: logos?.light ?? false, logoVersion: logos?.version };
  };

  /** Does something with the request behind a code, or shows why that can't be. */
  const withCode = async (c: Ctx, code: string, work: (answerer: Answerer) => Promise<Response>): Promise<Response> => {
    const session = cookies.session.read(c);
    const signIn = () => c.redirect(toward('/login', { redirect: pathOf(code) }), c.req.method === 'POST' ? 303 : 302);
    if (!session || !sessionOf(c)) return signIn();
    try {
      return await work({ session, userCode: code });
    } catch (cause) {
      if (!(cause instanceof AppError)) throw cause;
      if (cause.code === 'not_signed_in') return signIn();
      const source = { here: '/device' };
      const refused = cause.code === 'oidc_access_denied' && (await devices.refusal({ session, userCode: code }));
      if (refused) {
        const view = await flow.refused({ ...refused, origin: originOf(c) });
        return renderer.render(c, (look) => refusedPage(look, view, 'device'), source);
      }
      if (cause.code !== 'oidc_invalid_device_code') throw cause;
      refusedCode(c, log, cause);
      return renderer.render(c, (look) => deviceCodePage(look, { code, wrong: true }), source);
    }
  };

  app.get('/device', (c) => {
    const code = c.req.query('user_code')?.slice(0, 20);
    if (c.req.query('done') === 'approved') return approval.done(c);
    if (!code) return renderer.render(c, (look) => deviceCodePage(look, {}));
    if (isDeviceLogin(code)) return approval.show(c, code);
    return withCode(c, code, async (answerer) => {
      const { client, person, shown, asker, reauthenticationRequired } = await devices.view(answerer, originOf(c));
      if (reauthenticationRequired && !cookies.reauthentication.read(c)) return askAgain(c, deps, pathOf(code), person);
      const scopes = shown.filter(({ key }) => key !== 'openid').map((scope) => toScope(scope, person));
      const known = await toPerson(person, images.pictureOf);
      const model = {
        userCode: code,
        client: await withLogo(client),
        person: known,
        scopes,
        asker: placed(places, asker),
        now: clock.now(),
      };
      return renderer.render(c, (look) => deviceConsentPage(look, model));
    });
  });

  app.post('/device', async (c) => {
    const form = await formOf(c);
    const code = String(form.user_code ?? '').slice(0, 20);
    if (isDeviceLogin(code)) return approval.answer(c, code, form.decision);
    return withCode(c, code, async (answerer) => {
      const client = await withLogo((await devices.view(answerer, originOf(c))).client);
      const allowed = form.decision === 'allow';
      if (allowed) await devices.approve(answerer, cookies.reauthentication.read(c), originOf(c));
      else await devices.deny(answerer, originOf(c));
      cookies.reauthentication.clear(c);
      return renderer.render(c, (look) => deviceDonePage(look, { allowed, client }), { here: '/device' });
    });
  });
}

/** The application wants the passkey once more; the proof then waits in its cookie. */
async function askAgain(c: Ctx, { renderer, cookies, passkeys }: PageDeps, here: string, person: Person): Promise<Response> {
  const session = sessionOf(c);
  if (!session) throw new AppError('not_signed_in');
  const ceremony = begun(c, cookies, await passkeys.startReauthentication({ session, browser: cookies.ceremony.read(c) }));
  return renderer.render(c, (look) => confirmPage(look, { ceremony, destination: { redirect: here }, person }));
}
