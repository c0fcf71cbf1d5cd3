import type { Transaction } from 'kysely';
import type { AuthorizationRequest } from '#oidc/authorize.ts';
import { consentKeys } from '#oidc/consent-keys.ts';
import { achievedAcr } from '#oidc/decide.ts';
import { CODE_SECONDS, grantEnd } from '#oidc/lifetimes.ts';
import type { Client, NewGrantInSession, Person, Seconds, Session } from '#oidc/ports.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import type { Origin } from '#platform/http/context.ts';
import type { Random } from '#platform/random.ts';
import { newStamped } from '#platform/stamped.ts';
import type { AuditEntry } from '../audit/service.ts';
import { signInStore } from './store.ts';

/** Times of last use are written at most this often. */
const TOUCH_SECONDS = 60;

type Tx = Transaction<Tables>;

/** What an authorization writes through others. */
export interface Writers {
  /** Answers false when the session is over, or its person disabled. */
  openCode(tx: Db, grant: NewGrantInSession, code: { value: string; expiresAt: Seconds }, now: Seconds): Promise<boolean>;
  recordConsent(tx: Tx, userId: string, clientId: string, keys: readonly string[]): Promise<void>;
  touchConsent(tx: Db, userId: string, clientId: string): Promise<void>;
  /** Notes that a session was used now. */
  touchSession(tx: Db, sessionId: string): Promise<void>;
  audit(tx: Db, entry: AuditEntry): Promise<void>;
}

export interface Authorization {
  request: AuthorizationRequest;
  client: Client;
  person: Person;
  session: Session;
  authTime: Seconds;
  amr: readonly string[];
  newConsent: boolean;
  consentUsedAt: Seconds | undefined;
  /** Takes the interaction; false when it was answered already. */
  take?: (tx: Db) => Promise<boolean>;
  origin: Origin;
}

/** Why there is no code: the interaction was answered already, or the session has ended since it was read. */
export type NoCode = 'answered' | 'session-over';

/** Rolls a transaction back without being a failure. */
class Refused extends Error {
  readonly why: NoCode;
  constructor(why: NoCode) {
    super(why);
    this.why = why;
  }
}

const grantOf = ({ request, client, person, session, authTime, amr }: Authorization, now: Seconds): NewGrantInSession => ({
  clientId: client.id,
  userId: person.id,
  sessionId: session.id,
  kind: 'authorization_code',
  scopes: request.scopes,
  resource: request.resource ?? null,
  authTime,
  amr,
  request: {
    redirectUri: request.redirectUri,
    redirectUriSent: request.redirectUriSent,
    nonce: request.nonce,
    codeChallenge: request.codeChallenge,
    acr: achievedAcr(request.acrValues, amr),
    claims: request.claims,
  },
  expiresAt: grantEnd(client, now),
});

/** Makes codes. Everything that belongs to one is written in one transaction: the end of the interaction, consent, the grant and the audit row. */
export function createAuthorizations({ db, clock, random, writers }: { db: Db; clock: Clock; random: Random; writers: Writers }) {
  /** After the code: its person's row is held by then, as everybody holds it before their sessions and consents. */
  const noteUse = async (tx: Tx, { request, client, person, session, newConsent, consentUsedAt }: Authorization, now: Seconds) => {
    if (!newConsent && (consentUsedAt ?? 0) + TOUCH_SECONDS <= now) await writers.touchConsent(tx, person.id, client.id);
    if (session.lastSeenAt + TOUCH_SECONDS <= now) await writers.touchSession(tx, session.id);
    if (request.codeChallenge !== undefined && !client.requirePkce && !client.pkceSupported) await signInStore(tx).notePkce(client.id);
  };

  return {
    /** A code for the application. */
    async issue(authorization: Authorization): Promise<{ code: string } | { none: NoCode }> {
      const { request, client, person, newConsent, take, origin } = authorization;
      const now = clock.now();
      const value = newStamped(random);
      try {
        await db.transaction().execute(async (tx) => {
          if (take && !(await take(tx))) throw new Refused('answered');
          if (newConsent) await writers.recordConsent(tx, person.id, client.id, consentKeys(request));
          const opened = await writers.openCode(tx, grantOf(authorization, now), { value, expiresAt: now + CODE_SECONDS }, now);
          if (!opened) throw new Refused('session-over');
          await noteUse(tx, authorization, now);
          await writers.audit(tx, {
            event: newConsent ? 'NEW_CLIENT_AUTHORIZATION' : 'CLIENT_AUTHORIZATION',
            user: person,
            client,
            data: { clientName: client.name },
            origin,
          });
        });
      } catch (cause) {
        if (cause instanceof Refused) return { none: cause.why };
        throw cause;
      }
      return { code: value };
    },
  };
}
export type Authorizations = ReturnType<typeof createAuthorizations>;
