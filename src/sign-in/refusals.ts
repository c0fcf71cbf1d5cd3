import type { Client, Person } from '#oidc/ports.ts';
import type { Db } from '#platform/db/open.ts';
import type { Origin } from '#platform/http/context.ts';
import type { Log } from '#platform/log.ts';
import type { AuditEntry } from '../audit/service.ts';
import { shortId } from './view.ts';

export interface Refusal {
  /** OAuth error code. */
  code: string;
  /** Reason code, for the log and administrators. */
  reason: string;
  /** An id as the request named it, or the client itself. */
  client?: { id: string; name?: string } | Client;
  person?: Pick<Person, 'id' | 'username'>;
  origin: Origin;
}

/** Errors that say no to a person; the others are mistakes of the application. */
const NO = new Set(['access_denied', 'login_required', 'consent_required', 'account_selection_required', 'interaction_required']);

/** Writes what the id on a refusal leads to. */
export function createRefusals({ db, log, audit }: { db: Db; log: Log; audit: { record(db: Db, entry: AuditEntry): Promise<void> } }) {
  const fields = ({ code, reason, client, person, origin }: Refusal) => ({
    request_id: origin.requestId,
    ref: shortId(origin.requestId),
    code,
    reason,
    client: client?.id,
    user: person?.id,
    ip: origin.ip,
  });
  return {
    /** One line: `unauthorized` when somebody was told no, `error` when the request was wrong. */
    tell(refusal: Refusal): void {
      if (NO.has(refusal.code)) log.warn('authorization unauthorized', fields(refusal));
      else log.error('authorization request error', fields(refusal));
    },

    /** The line, and an audit row: a known person may not use a known application. */
    async tellAccess(
      refusal: Refusal & { client: { id: string; name: string }; person: Pick<Person, 'id' | 'username'> | undefined },
    ): Promise<void> {
      const { client, person, reason, origin } = refusal;
      log.warn('authorization unauthorized', fields(refusal));
      await audit.record(db, { event: 'ACCESS_REFUSED', user: person, client, reason, data: { clientName: client.name }, origin });
    },
  };
}
export type Refusals = ReturnType<typeof createRefusals>;
