import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Env, originOf } from '#platform/http/context.ts';
import { date } from '#platform/http/contract.ts';
import type { Cookies } from '../sessions/cookies.ts';
import type { User } from '../users/contract.ts';
import * as contract from './contract.ts';
import type { Decider, DeviceLogin } from './service.ts';

/** Seconds between two questions of a browser whose question was not kept waiting. */
const INTERVAL = 3;

const deciderOf = (c: Ctx): Decider => {
  const caller = c.get('caller');
  if (!caller?.session) throw new AppError('api_key_auth_not_allowed');
  return { userId: caller.userId, username: caller.username, sessionId: caller.session.id };
};

interface Deps {
  deviceLogin: DeviceLogin;
  cookies: Cookies;
  /** The user as the REST API shows them. */
  showUser: (id: string) => Promise<User>;
  appUrl: string;
}

export function deviceLoginRoutes(app: OpenAPIHono<Env>, { deviceLogin, cookies, showUser, appUrl }: Deps) {
  app.openapi(contract.createRequest, async (c) => {
    const { id, userCode, token, maxAge, expiresAt } = await deviceLogin.create(originOf(c));
    cookies.deviceLogin(id).set(c, token, maxAge);
    const verificationUri = `${appUrl}/device`;
    const verificationUriComplete = `${verificationUri}?user_code=${userCode}`;
    return c.json({ id, userCode, verificationUri, verificationUriComplete, expiresAt: date(expiresAt), interval: INTERVAL }, 201);
  });

  app.openapi(contract.exchange, async (c) => {
    const { id } = c.req.valid('param');
    const cookie = cookies.deviceLogin(id);
    const asked = { id, token: cookie.read(c), origin: originOf(c), replaces: cookies.session.read(c) };
    const signedIn = await deviceLogin.exchange(asked, c.req.raw.signal);
    if (signedIn === 'pending' || signedIn === 'busy') {
      if (signedIn === 'busy') c.header('Retry-After', String(INTERVAL));
      return c.json({ status: 'pending' as const }, 202);
    }
    cookies.session.set(c, signedIn.value, signedIn.maxAge);
    cookie.clear(c);
    return c.json(await showUser(signedIn.userId), 200);
  });

  app.openapi(contract.verification, async (c) => {
    const { expiresAt, asker: _, ...who } = await deviceLogin.describe(c.req.valid('json').code, deciderOf(c));
    return c.json({ ...who, expiresAt: date(expiresAt) }, 200);
  });
  app.openapi(contract.decision, async (c) => {
    const { code, decision } = c.req.valid('json');
    const proof = cookies.reauthentication.read(c);
    await deviceLogin.decide({ code, decision, decider: deciderOf(c), proof, origin: originOf(c) });
    if (decision === 'approve') cookies.reauthentication.clear(c);
    return c.body(null, 204);
  });
}
