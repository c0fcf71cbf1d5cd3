import { basicId, presentedClient } from '#oidc/client-auth/credentials.ts';
import { errorBody, OAuthError } from '#oidc/errors.ts';
import { notUtf8, type Parameters, parseParameters } from '#oidc/parameters.ts';
import type { Db } from '#platform/db/open.ts';
import type { Call, Reply } from '#platform/http/endpoints.ts';
import type { Log } from '#platform/log.ts';
import { vanished } from '#platform/vanished.ts';
import type { AuditEntry } from '../audit/service.ts';

/** What refusals are told to. */
export interface Refusals {
  db: Db;
  log: Log;
  audit: {
    record(db: Db, entry: AuditEntry): Promise<void>;
  };
}

const FORM = 'application/x-www-form-urlencoded';

/** Whether a body is declared as a form, with whatever parameters. */
export const isForm = (call: Call): boolean => (call.header('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase() === FORM;

/** The form of a protocol endpoint's body; another content type, or none, is refused, and so is what is not UTF-8 (RFC 6749 appendix B). */
export function form(call: Call): Parameters {
  if (!isForm(call)) throw new OAuthError('invalid_request', `the body must be ${FORM}`, { reason: 'content-type' });
  if (call.garbled) throw notUtf8();
  return parseParameters(call.body);
}

/** A person or client was told no; the rest are mistakes in the request. */
const REFUSALS = new Set([
  'invalid_client',
  'invalid_grant',
  'invalid_token',
  'expired_token',
  'access_denied',
  'insufficient_scope',
  'unauthorized_client',
  'login_required',
  'consent_required',
]);

/** The client that a request names which names it in a wrong way: twice, or in two ways. */
const namedSomehow = (call: Call): string | undefined =>
  basicId(call.header('authorization')) ?? new URLSearchParams(call.method === 'POST' ? call.body : '').get('client_id') ?? undefined;

/** The client as the request named it, for the log, where what was found wrong does not tell. */
function namedClient(call: Call): string | undefined {
  try {
    return presentedClient(call.method === 'POST' ? form(call) : new Map(), call.header('authorization'))?.id.slice(0, 128);
  } catch (cause) {
    if (cause instanceof OAuthError) return namedSomehow(call)?.slice(0, 128);
    throw cause;
  }
}

/** Writes the line that the id on a refusal leads to, and an audit row when a known person was refused at a known application. */
async function tellRefusal({ db, log, audit }: Refusals, error: OAuthError, call: Call): Promise<void> {
  const { origin, path } = call;
  const { client, person } = error.about;
  const fields = {
    request_id: origin.requestId,
    code: error.code,
    reason: error.reason,
    client: client?.id ?? namedClient(call),
    user: person?.id,
    ip: origin.ip,
    path,
  };
  // What a device hears every five seconds while its person has not answered yet is no mistake (RFC 8628 section 3.5).
  if (error.code === 'authorization_pending') return log.debug('OAuth request waits', fields);
  if (!REFUSALS.has(error.code)) return log.error('OAuth request error', fields);
  log.warn('OAuth request unauthorized', fields);
  if (client && person)
    await audit.record(db, {
      event: 'ACCESS_REFUSED',
      user: person,
      client,
      reason: error.reason,
      data: { clientName: client.name },
      origin,
    });
}

const NO_STORE = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Pragma: 'no-cache' };

/** A protocol answer: nobody may keep it (RFC 6749 section 5.1). */
export const noStore = (body: object, status: 200 | 201 = 200): Reply => ({ status, headers: NO_STORE, body: JSON.stringify(body) });

function challengeOf({ code, reason, description }: OAuthError): string | undefined {
  if (code === 'invalid_client') return 'Basic realm="PocketID", charset="UTF-8"';
  const ofResource = code === 'invalid_token' || code === 'insufficient_scope' || reason === 'two-access-tokens';
  if (!ofResource) return undefined;
  return reason === 'access-token-missing' ? 'Bearer' : `Bearer error="${code}", error_description="${description}"`;
}

/** RFC 6749 section 5.2, RFC 6750 section 3. */
function refusal(error: OAuthError): Reply {
  const challenge = challengeOf(error);
  const headers = challenge === undefined ? NO_STORE : { ...NO_STORE, 'WWW-Authenticate': challenge };
  return { status: error.status, headers, body: JSON.stringify(errorBody(error)) };
}

/** An application, a person or a grant that is deleted in this moment is refused as one that was deleted before. */
function refusalBehind(cause: unknown, call: Call): OAuthError | undefined {
  if (cause instanceof OAuthError) return cause;
  const thing = vanished(cause);
  if (thing === undefined) return undefined;
  // Where the database does not tell: a request without a person can have lost nothing but its application.
  const type = form(call).get('grant_type') ?? 'client_credentials';
  return thing === 'client' || (thing === '' && type === 'client_credentials')
    ? new OAuthError('invalid_client', 'client authentication failed', { reason: 'client-deleted' })
    : new OAuthError('invalid_grant', 'the grant is invalid, expired or revoked', { reason: 'grant-revoked' });
}

/** Runs a protocol handler and answers its refusals as OAuth JSON; anything else goes on to the general handler. */
export const oauth = (refusals: Refusals, handler: (call: Call) => Promise<Reply>) => async (call: Call) => {
  try {
    return await handler(call);
  } catch (cause) {
    const error = refusalBehind(cause, call);
    if (!error) throw cause;
    await tellRefusal(refusals, error, call);
    return refusal(error);
  }
};
