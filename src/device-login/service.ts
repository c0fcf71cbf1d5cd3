import { decidePerson } from '#access/decide.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import { AppError, notFound } from '#platform/errors.ts';
import type { Origin } from '#platform/http/context.ts';
import { type Random, sha256 } from '#platform/random.ts';
import type { AuditEntry } from '../audit/service.ts';
import { deviceLoginStore } from './store.ts';
import type { Waits } from './waits.ts';

/** What it needs of those who know about people, passkeys and places. */
export interface Neighbours {
  start(
    tx: Db,
    input: { userId: string; amr: readonly ('phr' | 'otp')[]; origin: Origin; replaces?: string },
  ): Promise<{ value: string; maxAge: number }>;
  takeReauthentication(tx: Db, value: string, session: { id: string; userId: string }): Promise<{ authTime: number } | undefined>;
  locate(ip: string): { country: string; city: string };
  /** "Firefox on Linux". */
  describeDevice(userAgent: string): string;
}
export interface Audit {
  record(db: Db, entry: AuditEntry): Promise<void>;
}
/** Who decides: signed in, in the browser they hold. */
export interface Decider {
  userId: string;
  username: string;
  sessionId: string;
}
interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  audit: Audit;
  neighbours: Neighbours;
  waits: Waits;
  codes: {
    /** Keyed: a user code is short. */
    hash(code: string): string;
    /** Who guessed too often has to wait, also with the right code. */
    guesses: { blockedFor(userId: string): number; wrong(userId: string): void };
  };
}

const LIFE_SECONDS = 300;
/** Its cookie stays longer, so that who is late is told that the request has expired. */
const COOKIE_SECONDS = 900;
/** How long a browser's question may wait for its answer. */
const WAIT_SECONDS = 25;
/** A reauthentication for approving may be this old. */
const FRESH_SECONDS = 60;
/** Capitals without I, L and O; with the P in front nobody takes it for the code of a television. */
const LETTERS = 'ABCDEFGHJKMNPQRSTUVWXYZ';
const normal = (code: string) => code.toUpperCase().replace(/[^A-Z]/g, '');

interface Asked {
  id: string;
  /** The cookie's. */
  token: string | undefined;
  origin: Origin;
  /** The value of a session that ends with this sign-in. */
  replaces?: string;
}

/** Signing a browser in from another device: it shows a code, a signed-in person looks at who asks, and approves with their passkey. */
export function createDeviceLogin({ db, clock, random, audit, neighbours, waits, codes }: Deps) {
  const find = async (code: string, userId: string) => {
    const wait = codes.guesses.blockedFor(userId);
    if (wait > 0) throw new AppError('rate_limited', { retryAfter: wait });
    const request = await deviceLoginStore(db).undecided(codes.hash(normal(code)), clock.now());
    if (request) return request;
    codes.guesses.wrong(userId);
    throw notFound('Sign-in request');
  };

  /** Undefined while nobody has decided. */
  const outcome = async ({ id, token, origin, replaces }: Asked) => {
    const now = clock.now();
    const tokenHash = sha256(token ?? '');
    const request = token === undefined ? undefined : await deviceLoginStore(db).ofBrowser(id, tokenHash, now);
    if (!request) throw new AppError('device_login_expired');
    if (request.decision === null) return undefined;
    if (request.decision !== 'approved') throw new AppError('device_login_denied');
    return db.transaction().execute(async (tx) => {
      const taken = await deviceLoginStore(tx).takeApproved(id, tokenHash, now);
      if (!taken?.user_id) throw new AppError('device_login_expired');
      if (!decidePerson(await deviceLoginStore(tx).person(taken.user_id)).allow) throw new AppError('user_disabled');
      return { userId: taken.user_id, ...(await neighbours.start(tx, { userId: taken.user_id, amr: ['otp'], origin, replaces })) };
    });
  };

  return {
    /** A request of this browser. It lives for `seconds`. `token` goes into its cookie for `maxAge` seconds; without it the request is worth nothing. */
    async create(origin: Origin) {
      const id = random.uuid();
      const token = random.secret();
      const userCode = `P${random.text(7, LETTERS)}`;
      const now = clock.now();
      await deviceLoginStore(db).insert({
        id,
        user_code_hash: codes.hash(userCode),
        token_hash: sha256(token),
        ip: origin.ip,
        user_agent: origin.userAgent.slice(0, 512),
        decision: null,
        user_id: null,
        created_at: now,
        expires_at: now + LIFE_SECONDS,
      });
      return { id, userCode, token, maxAge: COOKIE_SECONDS, seconds: LIFE_SECONDS, expiresAt: now + LIFE_SECONDS };
    },

    /** Who asks with a code (`asker.at`: since when); throws `not_found`, or `rate_limited` after too many wrong ones. */
    async describe(code: string, decider: Decider) {
      const { ip, user_agent, created_at, expires_at } = await find(code, decider.userId);
      return {
        userCode: normal(code),
        device: neighbours.describeDevice(user_agent),
        ipAddress: ip,
        ...neighbours.locate(ip),
        expiresAt: expires_at,
        asker: { userAgent: user_agent, at: created_at },
      };
    },

    /** `proof` is the reauthentication cookie's value: to approve it must be fresh, and it is used up. Throws `reauthentication_required`. */
    async decide(from: {
      code: string;
      decision: 'approve' | 'deny';
      decider: Decider;
      proof: string | undefined;
      origin: Origin;
    }): Promise<void> {
      const { code, decision, decider, proof, origin } = from;
      const request = await find(code, decider.userId);
      const { userId, username, sessionId } = decider;
      await db.transaction().execute(async (tx) => {
        if (decision === 'approve') {
          const proven = proof && (await neighbours.takeReauthentication(tx, proof, { id: sessionId, userId }));
          if (!proven || proven.authTime + FRESH_SECONDS <= clock.now()) throw new AppError('reauthentication_required');
        }
        const to = decision === 'approve' ? 'approved' : 'denied';
        if (!(await deviceLoginStore(tx).decide(request.user_code_hash, to, userId, clock.now()))) throw notFound('Sign-in request');
        const data = { device: neighbours.describeDevice(request.user_agent), deviceIpAddress: request.ip };
        const event = decision === 'approve' ? 'REMOTE_SIGN_IN' : 'REMOTE_SIGN_IN_DENIED';
        await audit.record(tx, { event, user: { id: userId, username }, data, origin });
      });
      waits.wake(request.id);
    },

    /**
     * The session this browser is signed in with, as soon as somebody has approved. `pending` when nobody has decided for 25 seconds, `busy` when it
     * could not wait and should ask again later. Throws `device_login_expired` (also for another browser), `device_login_denied` or `user_disabled`.
     */
    async exchange(asked: Asked, gone: AbortSignal) {
      const until = clock.now() + WAIT_SECONDS;
      for (let looks = 0; ; looks++) {
        const signedIn = await outcome(asked);
        if (signedIn) return signedIn;
        // By the clock as well: where the database or the machine is slow, a look takes longer than its second.
        if (looks === WAIT_SECONDS || clock.now() >= until) return 'pending';
        // Who is gone must not spend an approval that they would come back for.
        if (!(await waits.forWord(asked.id, gone))) return 'busy';
      }
    },

    /** Removes what has expired; answers how many. For a job: nothing depends on it. */
    sweep: (limit = 1000): Promise<number> => deviceLoginStore(db).sweep(clock.now(), limit),
  };
}
export type DeviceLogin = ReturnType<typeof createDeviceLogin>;
