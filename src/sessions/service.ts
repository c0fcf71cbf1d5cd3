import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import { type Role, roleOf } from '#access/caller.ts';
import { decide } from '#access/decide.ts';
import type { Session } from '#oidc/ports.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { AppError, notFound } from '#platform/errors.ts';
import type { Origin } from '#platform/http/context.ts';
import type { Random } from '#platform/random.ts';
import { keyOf, newStamped } from '#platform/stamped.ts';
import type { AuditEntry } from '../audit/service.ts';
import { sessionStore } from './store.ts';

/** `phr`: a phishing-resistant passkey; `otp`: a one-time code, a set-up link or another device (RFC 8176 and OpenID EAP names). Empty: a fresh account. */
export type Amr = readonly ('phr' | 'otp')[];

/** Writes audit rows; see `audit/service.ts`. */
export interface Audit {
  record(db: Db, entry: AuditEntry): Promise<void>;
  administered(db: Db, actor: Actor, entry: Omit<AuditEntry, 'actor' | 'origin'>): Promise<void>;
}

/** Holds a user's row; throws `user_not_found`, or `forbidden` where the actor has no say over them. */
export type HoldUser = (tx: Transaction<Tables>, actor: Actor, id: string) => Promise<{ id: string; username: string }>;

/**
 * Ends what applications were granted in a session, inside the transaction that ends it. `keepOffline`: grants with `offline_access` stay, since
 * that scope means "also when I am signed out".
 */
export type RevokeGrantsOfSession = (tx: Db, sessionId: string, options: { keepOffline: boolean }) => Promise<void>;

export interface SessionLimits {
  /** Seconds without use after which a session ends. */
  idleSeconds: () => number | Promise<number>;
  /** Seconds from the authentication after which it ends in any case. */
  absoluteSeconds: number;
}

/** What the person behind a session may administer. */
export interface SessionUser {
  id: string;
  username: string;
  displayName: string;
  role: Role;
}

/** One session as its owner and administrators see it. */
export interface SessionEntry extends Session {
  ip: string;
  userAgent: string;
}

/** `last_seen_at` is written at most this often, so that a page of images is not a page of writes. */
const TOUCH_SECONDS = 60;

/** Who signs in, how, and from where. */
interface Opening {
  userId: string;
  amr: Amr;
  origin: Origin;
}

interface SessionRow {
  id: string;
  user_id: string;
  auth_time: number;
  amr: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
}
const fromRow = (row: SessionRow): Session => ({
  id: row.id,
  userId: row.user_id,
  authTime: row.auth_time,
  amr: JSON.parse(row.amr) as string[],
  createdAt: row.created_at,
  lastSeenAt: row.last_seen_at,
  expiresAt: row.expires_at,
});

interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  audit: Audit;
  limits: SessionLimits;
  neighbours: { revokeGrantsOfSession: RevokeGrantsOfSession; hold: HoldUser };
}

/** Sessions are rows: opaque values of 256 random bits stored hashed, with an idle and an absolute limit that are read here and never left to the cookie. */
export function createSessions({ db, clock, random, audit, limits, neighbours }: Deps) {
  const removeWithGrants = async (tx: Db, removed: { id: string }[], keepOffline: boolean) => {
    for (const { id } of removed) await neighbours.revokeGrantsOfSession(tx, id, { keepOffline });
  };

  /** Same person again in the same browser: the row stays, so that what applications were granted in it stays its own; the value changes. */
  const replace = async (tx: Db, oldValue: string, row: SessionRow & { session_hash: string; ip: string; user_agent: string }) => {
    const store = sessionStore(tx);
    const kept = await store.renew(keyOf(oldValue), row);
    if (kept) return kept.id;
    const removed = await store.removeByHash(keyOf(oldValue));
    if (removed) await removeWithGrants(tx, [removed], true);
    await store.insert(row);
    return row.id;
  };

  const opened = ({ userId, amr, origin }: Opening) => {
    const now = clock.now();
    const value = newStamped(random);
    const row = {
      id: random.rowId(),
      session_hash: keyOf(value),
      user_id: userId,
      auth_time: now,
      amr: JSON.stringify(amr),
      created_at: now,
      last_seen_at: now,
      expires_at: now + limits.absoluteSeconds,
      ip: origin.ip,
      user_agent: origin.userAgent.slice(0, 512),
    };
    return { value, row };
  };
  const started = (row: SessionRow, value: string) => ({ value, maxAge: limits.absoluteSeconds, session: fromRow(row) });

  const revoked = async (tx: Db, userId: string, sessionId: string) => {
    const removed = await sessionStore(tx).remove(sessionId, userId);
    if (!removed) throw notFound('Session');
    await removeWithGrants(tx, [removed], false);
    return { sessions: '1' };
  };
  const allRevoked = async (tx: Db, userId: string, exceptId?: string) => {
    const removed = await sessionStore(tx).removeAllOf(userId, exceptId);
    await removeWithGrants(tx, removed, false);
    return removed.length > 0 ? { sessions: String(removed.length) } : undefined;
  };

  return {
    /**
     * Signs a person in: call it in the transaction of the authentication, after every check. The answer's `value` goes into the session cookie
     * for `maxAge` seconds. `replaces` is the value this browser had until now: it is dead afterwards, whoever's it was, so that a value planted
     * before the sign-in is never an authenticated one.
     */
    async start(tx: Db, { replaces, ...input }: Opening & { replaces?: string }) {
      const { row, value } = opened(input);
      if (replaces !== undefined) row.id = await replace(tx, replaces, row);
      else await sessionStore(tx).insert(row);
      return started(row, value);
    },

    /** The same for a browser that had no session: the statement that writes it, to be run `together` with those of the authentication. */
    starting(on: Db, input: Opening) {
      const { row, value } = opened(input);
      return { ...started(row, value), insert: sessionStore(on).inserting(row) };
    },

    /** The live session of a cookie's value, and its person. Undefined when unknown, idle or over; throws `user_disabled` when the person is. */
    async find(value: string): Promise<{ session: Session; user: SessionUser } | undefined> {
      const row = await sessionStore(db).findByHash(keyOf(value));
      const now = clock.now();
      const idleSeconds = await limits.idleSeconds();
      const decision = decide({
        now,
        client: null,
        grant: null,
        consented: null,
        session: row && {
          userId: row.user_id,
          createdAt: row.created_at,
          lastSeenAt: row.last_seen_at,
          expiresAt: row.expires_at,
          idleSeconds,
        },
        person: row && { id: row.user_id, disabled: row.disabled === 1, groupIds: [] },
      });
      if (!decision.allow && decision.reason === 'user-disabled') throw new AppError('user_disabled');
      if (!decision.allow || !row) return undefined;
      if (row.last_seen_at + TOUCH_SECONDS <= now) await sessionStore(db).touch(row.id, now - TOUCH_SECONDS, now);
      return { session: fromRow(row), user: { id: row.user_id, username: row.username, displayName: row.display_name, role: roleOf(row) } };
    },

    /** Notes that a session was used now, by one who read it without `find`. */
    async touch(tx: Db, sessionId: string): Promise<void> {
      const now = clock.now();
      await sessionStore(tx).touch(sessionId, now - TOUCH_SECONDS, now);
    },

    /** Plain sign-out of the browser that holds the value. Answers whether there was a session. */
    async end(value: string, origin: Origin): Promise<boolean> {
      return db.transaction().execute(async (tx) => {
        const removed = await sessionStore(tx).removeByHash(keyOf(value));
        if (!removed) return false;
        await removeWithGrants(tx, [removed], true);
        await audit.record(tx, { event: 'SIGN_OUT', user: await sessionStore(tx).username(removed.user_id), origin });
        return true;
      });
    },

    /** Live sessions, newest first, of which somebody disabled has none; throws `user_not_found`. */
    async listOf(userId: string): Promise<SessionEntry[]> {
      const now = clock.now();
      const rows = await sessionStore(db).listOf(userId, now, now - (await limits.idleSeconds()));
      if (rows.length === 0 && !(await sessionStore(db).username(userId))) throw new AppError('user_not_found');
      return rows.map((row) => ({ ...fromRow(row), ip: row.ip, userAgent: row.user_agent }));
    },

    /** Ends one of a person's own sessions and everything granted in it. 404 for another person's. */
    async revoke(userId: string, sessionId: string, origin: Origin): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const data = await revoked(tx, userId, sessionId);
        await audit.record(tx, { event: 'SESSION_REVOKED', user: await sessionStore(tx).username(userId), data, origin });
      });
    },

    /** Ends all of a person's own sessions (but `exceptId`) and everything granted in them. */
    async revokeAll(userId: string, origin: Origin, { exceptId }: { exceptId?: string } = {}): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const data = await allRevoked(tx, userId, exceptId);
        if (data) await audit.record(tx, { event: 'SESSION_REVOKED', user: await sessionStore(tx).username(userId), data, origin });
      });
    },

    /** The same for an administrator, of anybody: one session, or all of them. Throws `user_not_found`, `not_found` or `forbidden`. */
    async revokeOf(actor: Actor, userId: string, sessionId?: string): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const user = await neighbours.hold(tx, actor, userId);
        const data = sessionId === undefined ? await allRevoked(tx, userId) : await revoked(tx, userId, sessionId);
        if (data) await audit.administered(tx, actor, { event: 'SESSION_REVOKED', user, data });
      });
    },

    /** Ends all of somebody's sessions and everything granted in them, in the transaction of what ends them, which has its own row in the audit log. */
    endAllOf: (tx: Db, userId: string): Promise<{ sessions: string } | undefined> => allRevoked(tx, userId),

    /** Removes sessions that are over, or were not used for longer than the idle limit; answers how many. For a job: nothing depends on it. */
    async sweep(limit = 1000): Promise<number> {
      const now = clock.now();
      return sessionStore(db).sweep(now, now - (await limits.idleSeconds()), limit);
    },
  };
}
export type Sessions = ReturnType<typeof createSessions>;
