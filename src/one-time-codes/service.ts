import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import { decidePerson } from '#access/decide.ts';
import type { Clock } from '#platform/clock.ts';
import { lockRow } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { AppError } from '#platform/errors.ts';
import type { Origin } from '#platform/http/context.ts';
import type { Random } from '#platform/random.ts';
import { fold } from '#platform/text.ts';
import type { AuditEntry } from '../audit/service.ts';
import { lengthFor, newCode, normalizeCode } from './code.ts';
import { oneTimeCodeStore } from './store.ts';

type Tx = Transaction<Tables>;

export interface Audit {
  record(db: Db, entry: AuditEntry): Promise<void>;
  administered(db: Db, actor: Actor, entry: Omit<AuditEntry, 'actor' | 'origin'>): Promise<void>;
}
export interface Sessions {
  start(
    tx: Db,
    input: { userId: string; amr: readonly ('phr' | 'otp')[]; origin: Origin; replaces?: string },
  ): Promise<{ value: string; maxAge: number }>;
}
/** Holds a user's row; throws `user_not_found`, or `forbidden` where the actor has no say over them. */
export type HoldUser = (tx: Tx, actor: Actor, id: string) => Promise<{ id: string; username: string }>;

interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  /** Keyed: a six-character code can be tried out against a plain hash in seconds, and the key is what a stolen database lacks. */
  hash: (code: string) => string;
  audit: Audit;
  people: { hold: HoldUser; start: Sessions['start'] };
}

const DEFAULT_SECONDS = 15 * 60;

/**
 * Wrong guesses a code survives. They are counted on every live code of the length, whoever guesses from wherever: a guess names no person, so
 * that is the only count that bounds what anybody can try.
 */
const MAX_FAILURES = { 6: 10, 12: 100 } as const;

/** Codes that sign somebody in once: made by administrators and on the command line, for people without a passkey at hand. */
export function createOneTimeCodes({ db, clock, random, hash, audit, people }: Deps) {
  /** Makes the person's only live code. */
  const issue = async (tx: Tx, userId: string, seconds: number): Promise<string> => {
    const store = oneTimeCodeStore(tx);
    const now = clock.now();
    const length = lengthFor(seconds);
    await store.removeAllOf(userId);
    const row = { kind: 'access', user_id: userId, length, failures: 0, device_hash: null, created_at: now, expires_at: now + seconds };
    for (let tries = 0; tries < 5; tries++) {
      const code = newCode(random, length);
      if (await store.insert({ ...row, code_hash: hash(code) })) return code;
    }
    throw new Error('no free one-time code was found');
  };

  /** Guesses take turns: otherwise many at once would all be tried before the first of them is counted. */
  const attempt = async (tx: Tx, code: string) => {
    await lockRow(tx, 'installation', 1);
    const store = oneTimeCodeStore(tx);
    const maxFailures = MAX_FAILURES[code.length as 6 | 12];
    const person = await store.live(hash(code), clock.now(), maxFailures);
    if (!person) {
      await store.countFailure(code.length, clock.now());
      return undefined;
    }
    if (!decidePerson(person).allow) throw new AppError('user_disabled');
    // The person before the code, as somebody who deletes them takes both: the other way round each would wait for the other.
    if (!(await lockRow(tx, 'user', person.id))) return undefined;
    // Somebody may have withdrawn it meanwhile.
    return (await store.take(hash(code))) ? person : undefined;
  };

  return {
    /** A code for somebody, living `seconds` (15 minutes by default); ends their older ones. */
    async issue(actor: Actor, userId: string, seconds = DEFAULT_SECONDS): Promise<string> {
      return db.transaction().execute(async (tx) => {
        const user = await people.hold(tx, actor, userId);
        const code = await issue(tx, user.id, seconds);
        await audit.administered(tx, actor, { event: 'ONE_TIME_CODE_CREATED', user, data: { ttl: String(seconds) } });
        return code;
      });
    },

    /** For the command line: by username or e-mail address. Throws `user_not_found`, `user_disabled`, or `validation_failed` where it means two people. */
    async issueFor(usernameOrEmail: string, seconds: number, origin: Origin): Promise<string> {
      return db.transaction().execute(async (tx) => {
        const [user, other] = await oneTimeCodeStore(tx).people(fold(usernameOrEmail.trim()));
        if (other) {
          const message =
            'This is the username of one person and the e-mail address of another: name the one you mean by what only they have';
          throw new AppError('validation_failed', { message });
        }
        if (!user) throw new AppError('user_not_found');
        if (!decidePerson(user).allow) throw new AppError('user_disabled');
        const code = await issue(tx, user.id, seconds);
        await audit.record(tx, { event: 'ONE_TIME_CODE_CREATED', user, data: { ttl: String(seconds), method: 'cli' }, origin });
        return code;
      });
    },

    /**
     * Signs in with a code as it was typed. Throws `token_invalid_or_expired`, or `user_disabled`, which leaves the code as it is. `value` is the
     * session cookie's; `replaces` the one the browser had.
     */
    async redeem({ typed, origin, replaces }: { typed: string; origin: Origin; replaces?: string }) {
      const code = normalizeCode(typed);
      if (!code) throw new AppError('token_invalid_or_expired', { detail: 'not the form of a code' });
      const signedIn = await db.transaction().execute(async (tx) => {
        const person = await attempt(tx, code);
        // Not thrown here: the count of the failure has to be kept.
        if (!person) return undefined;
        await audit.record(tx, { event: 'TOKEN_SIGN_IN', user: person, origin });
        return { userId: person.id, ...(await people.start(tx, { userId: person.id, amr: ['otp'], origin, replaces })) };
      });
      if (!signedIn) throw new AppError('token_invalid_or_expired');
      return signedIn;
    },

    /** Removes expired codes; answers how many. For a job: nothing depends on it. */
    sweep: (limit = 1000): Promise<number> => oneTimeCodeStore(db).sweep(clock.now(), limit),

    /** In the transaction that gives a person another way in, or takes theirs away. */
    endAllOf: async (tx: Db, userId: string): Promise<void> => {
      await oneTimeCodeStore(tx).removeAllOf(userId);
    },
  };
}
export type OneTimeCodes = ReturnType<typeof createOneTimeCodes>;
