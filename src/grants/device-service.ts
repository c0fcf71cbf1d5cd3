import type { Transaction } from 'kysely';
import type { Reason } from '#access/decide.ts';
import { consentKeys } from '#oidc/consent-keys.ts';
import { grantEnd } from '#oidc/lifetimes.ts';
import type { Decide, Devices, Facts, Ledger } from '#oidc/ports.ts';
import { shownScopes } from '#oidc/shown-scopes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row, Tables } from '#platform/db/tables.ts';
import { AppError } from '#platform/errors.ts';
import { type Origin, shortId } from '#platform/http/context.ts';
import type { Log } from '#platform/log.ts';
import type { Random } from '#platform/random.ts';
import { keyOf, newStamped } from '#platform/stamped.ts';
import type { AuditEntry } from '../audit/service.ts';
import { deviceStore } from './device-store.ts';
import { grantStore } from './store.ts';

/** No I, L, O, 0, 1: 31 signs, so that seven of them are more than 20^8. */
const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';
/** How long an approved device may take to fetch its tokens. */
const PICK_UP_SECONDS = 120;
const SLOW_DOWN_SECONDS = 5;

interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  log: Log;
  ledger: Ledger;
  decide: Decide;
  /** A keyed hash: user codes are too short for a plain one. */
  hashUserCode(code: string): string;
  consents: { record(tx: Transaction<Tables>, userId: string, clientId: string, keys: readonly string[]): Promise<void> };
  /** Takes the proof of a fresh passkey ceremony; undefined when there is none. */
  takeReauthentication(tx: Db, proof: string, session: { id: string; userId: string }): Promise<{ authTime: number } | undefined>;
  audit: {
    record(db: Db, entry: AuditEntry): Promise<void>;
  };
  /** Who guessed too often has to wait, also with the right code. */
  guesses: { blockedFor(userId: string): number; wrong(userId: string): void };
}

/** A signed-in browser that answers for a device. */
export interface Answerer {
  /** The session cookie's value. */
  session: string;
  userCode: string;
}

const normal = (userCode: string) => userCode.toUpperCase().replace(/[^A-Z0-9]/g, '');

/** Devices without a browser and the people who let them in (RFC 8628). */
export function createDevices(deps: Deps) {
  const { db, clock, random, ledger, decide, hashUserCode } = deps;

  const engine: Devices = {
    async open({ clientId, scopes, resource, expiresAt, interval, origin }, now) {
      const deviceCode = newStamped(random);
      const userCode = `E${random.text(7, ALPHABET)}`;
      await deviceStore(db).insert({
        device_hash: keyOf(deviceCode),
        user_code_hash: hashUserCode(userCode),
        client_id: clientId,
        scope: scopes.join(' '),
        resource,
        status: 'pending',
        claimed_by: null,
        poll_seconds: interval,
        last_polled_at: null,
        ip: origin.ip,
        user_agent: origin.userAgent.slice(0, 512),
        created_at: now,
        expires_at: expiresAt,
      });
      return { deviceCode, userCode };
    },
    async poll(deviceCode, clientId, now) {
      const hash = keyOf(deviceCode);
      const found = await deviceStore(db).find(hash, clientId);
      if (!found) return undefined;
      if (found.expires_at <= now) return 'expired';
      if (found.status === 'denied') return 'denied';
      const early = found.last_polled_at !== null && now - found.last_polled_at < found.poll_seconds;
      await deviceStore(db).notePoll(hash, { last_polled_at: now, poll_seconds: found.poll_seconds + (early ? SLOW_DOWN_SECONDS : 0) });
      return early ? 'slow-down' : 'pending';
    },
  };

  /** The request behind a user code and everything it is decided by. Claims it for the person, so that nobody else answers it. */
  const opened = async ({
    session,
    userCode,
  }: Answerer): Promise<{
    hash: string;
    request: Row<'device_request'>;
    facts: Required<Pick<Facts, 'client' | 'person' | 'session'>> & Facts;
  }> => {
    const now = clock.now();
    const hash = hashUserCode(normal(userCode));
    const request = await deviceStore(db).byUserCode(hash, now);
    const facts = await ledger.read({ clientId: request?.client_id ?? '', session });
    if (!facts.session || !facts.person) throw new AppError('not_signed_in');
    const wait = deps.guesses.blockedFor(facts.person.id);
    if (wait > 0) throw new AppError('rate_limited', { retryAfter: wait });
    if (!request || !facts.client || !(await deviceStore(db).claim(hash, facts.person.id, now))) {
      deps.guesses.wrong(facts.person.id);
      throw new AppError('oidc_invalid_device_code');
    }
    return { hash, request, facts: facts as Required<Pick<Facts, 'client' | 'person' | 'session'>> & Facts };
  };

  const about = ({ client, person }: Required<Pick<Facts, 'client' | 'person'>>) => ({
    user: { id: person.id, username: person.username },
    client: { id: client.id, name: client.name },
    data: { clientName: client.name },
  });

  const judged = (facts: Facts) => decide(facts, clock.now(), { grant: false, session: true, person: true, consent: false });
  const demand = async (facts: Required<Pick<Facts, 'client' | 'person'>> & Facts, origin: Origin) => {
    const decision = judged(facts);
    if (decision.allow) return;
    deps.log.warn('device approval unauthorized', {
      request_id: origin.requestId,
      ref: shortId(origin.requestId),
      reason: decision.reason,
      client: facts.client.id,
      user: facts.person.id,
    });
    await deps.audit.record(db, { event: 'ACCESS_REFUSED', reason: decision.reason, ...about(facts), origin });
    throw new AppError('oidc_access_denied', { detail: decision.reason });
  };

  const askedIn = ({ scope, resource }: Row<'device_request'>) => ({ scopes: scope === '' ? [] : scope.split(' '), resource });
  const isNew = (facts: Facts, keys: readonly string[]) => !keys.every((key) => facts.consented?.includes(key));

  return {
    ...engine,

    /** What the person is asked to allow. Throws `oidc_invalid_device_code`, `oidc_access_denied`. */
    async view(answerer: Answerer, origin: Origin) {
      const { request, facts } = await opened(answerer);
      await demand(facts, origin);
      const asked = askedIn(request);
      return {
        scopes: asked.scopes,
        shown: shownScopes(asked, facts.client),
        client: facts.client,
        person: facts.person,
        authorizationRequired: !facts.client.skipConsent && isNew(facts, consentKeys(asked)),
        reauthenticationRequired: facts.client.requireReauthentication,
        asker: { ip: request.ip, userAgent: request.user_agent, at: request.created_at },
        expiresAt: request.expires_at,
      };
    },

    /** For the page of an `oidc_access_denied`: why, and who and what it is about. Undefined when the person may let the device in by now. */
    async refusal(answerer: Answerer) {
      const { client, person, ...facts } = (await opened(answerer)).facts;
      const decision = judged({ client, person, ...facts });
      return decision.allow ? undefined : { reason: decision.reason as Reason, client, person };
    },

    /** Lets the device in, once. `proof` is the reauthentication cookie, for clients that ask for it (else `reauthentication_required`). */
    async approve(answerer: Answerer, proof: string | undefined, origin: Origin): Promise<void> {
      const { hash, facts } = await opened(answerer);
      await demand(facts, origin);
      const { client, person, session } = facts;
      await db.transaction().execute(async (tx) => {
        const now = clock.now();
        let authTime = session.authTime;
        if (client.requireReauthentication) {
          const proven = proof === undefined ? undefined : await deps.takeReauthentication(tx, proof, session);
          if (!proven) throw new AppError('reauthentication_required');
          authTime = proven.authTime;
        }
        const taken = await deviceStore(tx).takeClaimed(hash, person.id, now);
        if (!taken) throw new AppError('oidc_invalid_device_code');
        const keys = consentKeys(askedIn(taken));
        // Before the grant, which only shares the person's row: of two approvals that both did so, neither could have it for itself.
        await deps.consents.record(tx, person.id, client.id, keys);
        const stands = await grantStore(tx).insertInSession({
          id: random.rowId(),
          client_id: client.id,
          user_id: person.id,
          session_id: session.id,
          kind: 'device_code',
          scope: taken.scope,
          resource: taken.resource,
          auth_time: authTime,
          amr: JSON.stringify(session.amr),
          request: '{}',
          code_hash: taken.device_hash,
          code_expires_at: now + PICK_UP_SECONDS,
          code_used_at: null,
          created_at: now,
          expires_at: grantEnd(client, now),
          revoked_at: null,
        });
        if (!stands) throw new AppError('not_signed_in');
        await deps.audit.record(tx, {
          event: isNew(facts, keys) ? 'NEW_DEVICE_CODE_AUTHORIZATION' : 'DEVICE_CODE_AUTHORIZATION',
          ...about(facts),
          origin,
        });
      });
    },

    /** Tells the device no. */
    async deny(answerer: Answerer, origin: Origin): Promise<void> {
      const { hash, facts } = await opened(answerer);
      await db.transaction().execute(async (tx) => {
        if (!(await deviceStore(tx).deny(hash, facts.person.id, clock.now()))) throw new AppError('oidc_invalid_device_code');
        await deps.audit.record(tx, { event: 'DEVICE_CODE_DENIED', ...about(facts), origin });
      });
    },

    sweep: async (now: number, limit = 1000) => Number((await deviceStore(db).sweep(now, limit)).numDeletedRows),
  };
}
export type DevicesService = ReturnType<typeof createDevices>;
