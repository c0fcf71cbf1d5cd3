import type { OpenAPIHono } from '@hono/zod-openapi';
import { actorOf } from '#access/actor.ts';
import type { Caller } from '#access/caller.ts';
import { broughtSession } from '#access/guard.ts';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Env, type Origin, originOf } from '#platform/http/context.ts';
import { date, dateOrNull } from '#platform/http/contract.ts';
import type { Endpoints } from '#platform/http/endpoints.ts';
import type { Log } from '#platform/log.ts';
import type { Cookies } from '../sessions/cookies.ts';
import type { User } from '../users/contract.ts';
import * as contract from './contract.ts';
import type { PasskeyList } from './manage.ts';
import type { CallerSession, Passkeys } from './service.ts';
import type { PasskeyRow } from './store.ts';

const toJson = (row: PasskeyRow) => ({
  id: row.id,
  name: row.name,
  credentialID: row.credential_id,
  attestationType: row.attestation_type,
  transport: JSON.parse(row.transports) as string[],
  backupEligible: row.backup_eligible === 1,
  backupState: row.backup_state === 1,
  createdAt: date(row.created_at),
  lastUsedAt: dateOrNull(row.last_used_at),
});

/** The caller of rows that never let anybody in without one. */
const callerOf = (c: Ctx): Caller => c.get('caller') as Caller;
/** The session of `browser` rows. */
const sessionOf = (c: Ctx): CallerSession => {
  const { userId, session } = callerOf(c);
  if (!session) throw new AppError('api_key_auth_not_allowed');
  return { userId, ...session };
};

interface Deps {
  endpoints: Pick<Endpoints, 'addOperation'>;
  passkeys: Passkeys;
  passkeyList: PasskeyList;
  cookies: Cookies;
  /** The user as the REST API shows them. */
  showUser: (id: string) => Promise<User>;
  /** Ends the session of a cookie's value. */
  endSession: (value: string, origin: Origin) => Promise<boolean>;
  log: Log;
}

/**
 * 401 and 403 are logged as unauthorized wherever they come from; a refused sign-in is one too when its status is 400 because the answer was late
 * or malformed.
 */
function logRefusedSignIn(log: Log, { requestId, ip }: Origin, cause: unknown): never {
  if (cause instanceof AppError && cause.status === 400) {
    log.warn('sign-in unauthorized', { request_id: requestId, reason: cause.code, detail: cause.extra.detail, ip });
    throw new AppError(cause.code, { ...cause.extra, message: cause.message, detail: undefined });
  }
  throw cause;
}

export function passkeyRoutes(app: OpenAPIHono<Env>, { endpoints, passkeys, passkeyList, cookies, showUser, endSession, log }: Deps) {
  app.openapi(contract.startLogin, async (c) => {
    const { id, maxAge, options } = await passkeys.startLogin({ browser: cookies.ceremony.read(c) });
    cookies.ceremony.set(c, id, maxAge);
    return c.json({ ...options }, 200);
  });
  endpoints.addOperation(contract.finishLogin, async (call, response) => {
    const { origin } = call;
    const sent = call.header('cookie');
    const login = { id: cookies.ceremony.of(sent), response, origin, replaces: cookies.session.of(sent) };
    const { userId, value, maxAge } = await passkeys.finishLogin(login).catch((cause) => logRefusedSignIn(log, origin, cause));
    call.setCookie(cookies.session.line(value, maxAge));
    return showUser(userId);
  });
  app.openapi(contract.logout, async (c) => {
    const value = broughtSession(c, cookies.session.read(c));
    if (value) await endSession(value, originOf(c));
    cookies.session.clear(c);
    cookies.reauthentication.clear(c);
    return c.body(null, 204);
  });
  registrationRoutes(app, { passkeys, cookies, log });
  reauthenticationRoutes(app, { passkeys, cookies, log });
  managementRoutes(app, passkeyList);
}

function registrationRoutes(app: OpenAPIHono<Env>, { passkeys, cookies, log }: Pick<Deps, 'passkeys' | 'cookies' | 'log'>) {
  app.openapi(contract.startRegistration, async (c) => {
    const { id, maxAge, options } = await passkeys.startRegistration({ session: sessionOf(c), browser: cookies.ceremony.read(c) });
    cookies.ceremony.set(c, id, maxAge);
    return c.json({ ...options }, 200);
  });
  app.openapi(contract.finishRegistration, async (c) => {
    const made = { id: cookies.ceremony.read(c), session: sessionOf(c), response: c.req.valid('json'), origin: originOf(c) };
    return c.json(toJson(await passkeys.finishRegistration(made).catch((cause) => logRefusedSignIn(log, originOf(c), cause))), 200);
  });
}

function reauthenticationRoutes(app: OpenAPIHono<Env>, { passkeys, cookies, log }: Pick<Deps, 'passkeys' | 'cookies' | 'log'>) {
  app.openapi(contract.startReauthentication, async (c) => {
    const { id, maxAge, options } = await passkeys.startReauthentication({ session: sessionOf(c), browser: cookies.ceremony.read(c) });
    cookies.ceremony.set(c, id, maxAge);
    return c.json({ ...options }, 200);
  });
  app.openapi(contract.reauthenticate, async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const response = typeof body === 'object' && body !== null && 'response' in body ? body : undefined;
    const sessionValue = broughtSession(c, cookies.session.read(c)) ?? '';
    const proven = await passkeys
      .reauthenticate({ id: cookies.ceremony.read(c), session: sessionOf(c), response, origin: originOf(c), sessionValue })
      .catch((cause) => logRefusedSignIn(log, originOf(c), cause));
    if (proven.started) cookies.session.set(c, proven.started.value, proven.started.maxAge);
    cookies.reauthentication.set(c, proven.proof, proven.maxAge);
    return c.body(null, 204);
  });
}

function managementRoutes(app: OpenAPIHono<Env>, passkeyList: PasskeyList) {
  app.openapi(contract.listCredentials, async (c) => c.json((await passkeyList.listOf(callerOf(c).userId)).map(toJson), 200));
  app.openapi(contract.renameCredential, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(toJson(await passkeyList.rename(callerOf(c).userId, id, c.req.valid('json').name)), 200);
  });
  app.openapi(contract.removeCredential, async (c) => {
    await passkeyList.removeOwn(callerOf(c).userId, c.req.valid('param').id, originOf(c));
    return c.body(null, 204);
  });
  app.openapi(contract.listCredentialsOfUser, async (c) => {
    const { id } = c.req.valid('param');
    return c.json((await passkeyList.listOfAnybody(id)).map(toJson), 200);
  });
  app.openapi(contract.removeCredentialOfUser, async (c) => {
    const { id, credentialId } = c.req.valid('param');
    await passkeyList.removeOfAnybody(actorOf(c), id, credentialId);
    return c.body(null, 204);
  });
}
