/**
 * The one decision: whether a person (or a client for itself) may do what they ask, now. Authorize, every grant, userinfo, introspection, API
 * keys and sessions call it with facts read in that very request; none of them has a rule of its own.
 */
export interface PersonFacts {
  id: string;
  disabled: boolean;
  /** Ids of all groups the person is in. */
  groupIds: readonly string[];
}
export interface ClientFacts {
  id: string;
  groupRestricted: boolean;
  allowedGroupIds: readonly string[];
  skipConsent: boolean;
}
export interface SessionFacts {
  userId: string;
  createdAt: number;
  lastSeenAt: number;
  expiresAt: number;
  /** Seconds without use after which a session ends. */
  idleSeconds: number;
}
export interface GrantFacts {
  clientId: string;
  userId: string | null;
  revoked: boolean;
  /** Consent keys of what was granted. */
  scopes: readonly string[];
}

export interface Question {
  now: number;
  /** Absent when the thing asked about was looked up and is not there: that refuses. `null` when the question has no such part. */
  client: ClientFacts | null | undefined;
  person: PersonFacts | null | undefined;
  session: SessionFacts | null | undefined;
  grant: GrantFacts | null | undefined;
  /** Consent keys the person has agreed to for the client; `undefined`: no consent stands; `null`: consent is not asked about (authorize asks for it itself). */
  consented: readonly string[] | null | undefined;
}

/** Goes to the log, the audit log and administrators. */
export type Reason =
  | 'client-unknown'
  | 'session-unknown'
  | 'session-expired'
  | 'session-idle'
  | 'session-of-another-user'
  | 'user-unknown'
  | 'user-disabled'
  | 'not-in-allowed-group'
  | 'grant-unknown'
  | 'grant-revoked'
  | 'grant-of-another-client'
  | 'grant-of-another-user'
  | 'consent-missing';

export type Decision = { allow: true; reason: 'allowed' } | { allow: false; reason: Reason };

const refuse = (reason: Reason): Decision => ({ allow: false, reason });

/** Whether somebody may act at all: what ways of signing in and API keys ask, before anything else is known of them. Undefined: there is nobody. */
export const decidePerson = (row: { id: string; disabled: 0 | 1 } | undefined): Decision =>
  decide({
    now: 0,
    client: null,
    person: row && { id: row.id, disabled: row.disabled === 1, groupIds: [] },
    session: null,
    grant: null,
    consented: null,
  });

export function decide(q: Question): Decision {
  if (q.client === undefined) return refuse('client-unknown');
  if (q.session === undefined) return refuse('session-unknown');
  if (q.session && q.session.expiresAt <= q.now) return refuse('session-expired');
  if (q.session && q.session.lastSeenAt + q.session.idleSeconds <= q.now) return refuse('session-idle');
  if (q.grant === undefined) return refuse('grant-unknown');
  if (q.grant?.revoked) return refuse('grant-revoked');
  if (q.grant && q.client && q.grant.clientId !== q.client.id) return refuse('grant-of-another-client');
  if (q.person === undefined) return refuse('user-unknown');
  if (q.person) {
    if (q.person.disabled) return refuse('user-disabled');
    if (q.session && q.session.userId !== q.person.id) return refuse('session-of-another-user');
    if (q.grant && q.grant.userId !== q.person.id) return refuse('grant-of-another-user');
    if (q.client?.groupRestricted && !q.client.allowedGroupIds.some((id) => q.person?.groupIds.includes(id)))
      return refuse('not-in-allowed-group');
    if (q.client && q.grant && q.consented !== null && !q.client.skipConsent) {
      const standing = q.consented;
      if (!standing || q.grant.scopes.some((scope) => !standing.includes(scope))) return refuse('consent-missing');
    }
  }
  return { allow: true, reason: 'allowed' };
}
