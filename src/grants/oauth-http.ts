import { errorBody, OAuthError } from '#oidc/errors.ts';
import { type Parameters, parseParameters } from '#oidc/parameters.ts';
import type { Db } from '#platform/db/open.ts';
import { type Ctx, type Origin, originOf } from '#platform/http/context.ts';
import type { Log } from '#platform/log.ts';

/** What refusals are told to. */
export interface Refusals {
  db: Db;
  log: Log;
  audit: {
    record(
      db: Db,
      entry: {
        event: string;
        user?: { id: string; username: string };
        client?: { id: string; name: string };
        reason?: string;
        data?: Record<string, string>;
        origin: Origin;
      },
    ): Promise<void>;
  };
}

const FORM = 'application/x-www-form-urlencoded';

/** The form of a protocol endpoint's body; another content type, or none, is refused (RFC 6749 appendix B). */
export async function form(c: Ctx): Promise<Parameters> {
  const type = c.req.header('content-type');
  if (type === undefined || type.split(';', 1)[0]!.trim().toLowerCase() !== FORM)
    throw new OAuthError('invalid_request', `the body must be ${FORM}`, { reason: 'content-type' });
  return parseParameters(await c.req.text());
}

/** A person or client was told no; the rest are mistakes in the request. */
const REFUSALS = new Set([
  'invalid_client',
  'invalid_grant',
  'invalid_token',
  'access_denied',
  'insufficient_scope',
  'unauthorized_client',
  'login_required',
  'consent_required',
]);

/** Writes the line that the id on a refusal leads to, and an audit row when a known person was refused at a known application. */
export async function tellRefusal({ db, log, audit }: Refusals, error: OAuthError, c: Ctx): Promise<void> {
  const { client, person } = error.about;
  const fields = {
    request_id: c.var.requestId,
    code: error.code,
    reason: error.reason,
    client: client?.id,
    user: person?.id,
    ip: c.var.ip,
    path: c.req.path,
  };
  if (!REFUSALS.has(error.code)) return log.error('OAuth request error', fields);
  log.warn('OAuth request unauthorized', fields);
  if (client && person)
    await audit.record(db, {
      event: 'ACCESS_REFUSED',
      user: person,
      client,
      reason: error.reason,
      data: { clientName: client.name },
      origin: originOf(c),
    });
}

/** RFC 6749 section 5.2, RFC 6750 section 3. */
export function oauthErrorResponse(error: OAuthError, c: Ctx): Response {
  c.header('Cache-Control', 'no-store');
  c.header('Pragma', 'no-cache');
  if (error.code === 'invalid_client') c.header('WWW-Authenticate', 'Basic realm="PocketID", charset="UTF-8"');
  else if (error.code === 'invalid_token' || error.code === 'insufficient_scope')
    c.header(
      'WWW-Authenticate',
      error.reason === 'access-token-missing' ? 'Bearer' : `Bearer error="${error.code}", error_description="${error.description}"`,
    );
  return c.json(errorBody(error), error.status);
}

/** Runs a protocol handler and answers its refusals as OAuth JSON; anything else goes on to the general handler. */
export const oauth = (refusals: Refusals, handler: (c: Ctx) => Promise<Response>) => async (c: Ctx) => {
  try {
    return await handler(c);
  } catch (cause) {
    if (!(cause instanceof OAuthError)) throw cause;
    await tellRefusal(refusals, cause, c);
    return oauthErrorResponse(cause, c);
  }
};

/** A protocol answer: nobody may keep it (RFC 6749 section 5.1). */
export const noStore = (body: object, status: 200 | 201 = 200): Response =>
  // Plain headers go straight to the wire; a `Headers` object, which c.header() would make, costs as much as the token's lookup.
  new Response(JSON.stringify(body), { status, headers: NO_STORE });
const NO_STORE = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Pragma: 'no-cache' };
