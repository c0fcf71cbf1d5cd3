import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CompiledQuery, QueryResult } from 'kysely';
import { measured, type Slow } from './slow.ts';
import { Reader } from './sqlite-reader.ts';
import { Statements } from './sqlite-statements.ts';
import { classified, DatabaseUnavailable } from './unavailable.ts';

/** How long a writer may wait for its turn before the request fails rather than hangs. */
const TURN_TIMEOUT_MS = 10_000;
/** Transactions that share one commit, hence one fsync. */
const BATCH_LIMIT = 128;
/** Turns of the event loop without anybody new, after which a batch is as large as it gets. */
const PATIENCE = 2;

const tooLong = () => new DatabaseUnavailable('the writer was busy for too long');

interface Member {
  done(): void;
  fail(cause: unknown): void;
}

/** Work that needs nothing but the database, and so runs when its time has come without anybody waiting in between. */
interface Job extends Member {
  run(): void;
}

/**
 * One writer, taken in turns. Each transaction is a savepoint inside a shared outer transaction; when nobody waits any more (or the batch is
 * full) the outer one commits, and only then does any of them learn that it succeeded. So a single request commits at once, and sixty-four at
 * the same time share one fsync: an acknowledged write is on the disk either way.
 *
 * Jobs are run just before that commit. Until then nothing is open, and the connection, whose cache knows what it wrote itself, serves reads too.
 */
export class Writer {
  readonly statements: Statements;
  /** Reads through this connection; only while nothing is `open`. */
  readonly reader: Reader;
  readonly #db: DatabaseSync;
  readonly #waiting: Member[] = [];
  #jobs: Job[] = [];
  /** Runs while jobs wait for somebody's turn to end. */
  #patience: NodeJS.Timeout | undefined;
  /** Somebody has the turn. */
  #busy = false;
  /** The outer transaction has begun. */
  #open = false;
  /** Jobs and a commit wait for the event loop to bring those who are about to come. */
  #scheduled = false;
  /** That moment came while somebody had the turn. */
  #commitDue = false;
  /** Those whose turn ended, and who wait to hear that it lasts. */
  #batch: Member[] = [];
  readonly #begin: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  readonly #end: StatementSync;
  readonly #onCommit: () => void;
  readonly #slow: Slow | undefined;
  /** `onCommit` is called before what was written can be seen. */
  constructor(db: DatabaseSync, { onCommit, slow }: { onCommit: () => void; slow?: Slow }) {
    this.#db = db;
    this.#onCommit = onCommit;
    this.#slow = slow;
    this.statements = new Statements(db, slow);
    this.reader = new Reader(db, this.statements);
    this.#begin = db.prepare('begin immediate');
    this.#savepoint = db.prepare('savepoint turn');
    this.#release = db.prepare('release turn');
    this.#end = db.prepare('commit');
  }

  /** Whether there is something that is not committed yet. */
  get open(): boolean {
    return this.#open;
  }

  /** Resolves when it is the caller's turn; the caller must call `keep` or `undo`. */
  async turn(): Promise<void> {
    if (this.#busy) await this.#wait();
    else this.#busy = true;
    try {
      this.#start();
    } catch (cause) {
      this.#next();
      throw cause;
    }
  }

  /** Does `work` as a transaction of its own, all of it or nothing; it may run statements and wait for nothing. Resolves when it is durable. */
  alone<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let settle: () => void;
      this.#jobs.push({
        run: () => {
          try {
            const result = work();
            settle = () => resolve(result);
          } catch (cause) {
            settle = () => reject(classified(cause));
            throw cause;
          }
        },
        done: () => settle(),
        fail: reject,
      });
      this.#schedule();
    });
  }

  /** `apart`: behind a savepoint, so that what others did stays when this is taken back. */
  #start(apart = true): void {
    try {
      if (!this.#open) {
        this.reader.forget();
        // Left over from a rollback that failed too.
        if (this.#db.isTransaction) this.#db.exec('rollback');
        measured(this.#slow, 'begin immediate', () => this.#begin.run());
        this.#open = true;
      }
      if (apart) this.#savepoint.run();
    } catch (cause) {
      // The outer transaction can be gone (disk full): then so is what the others in it did.
      if (this.#open && !this.#db.isTransaction) this.#abandon(cause);
      throw classified(cause);
    }
  }

  #runJobs(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const jobs = this.#jobs;
    this.#jobs = [];
    while (jobs.length > 0) {
      const some = jobs.splice(0, Math.max(1, BATCH_LIMIT - this.#batch.length));
      if (some.length === 1 || !this.#runAtOnce(some)) for (const job of some) this.#runAlone(job);
      if (this.#batch.length >= BATCH_LIMIT) this.#commit();
    }
  }

  /**
   * Runs jobs without a savepoint each, or, where nobody else is in the transaction, without any: SQLite copies every page that is changed for the
   * first time after a savepoint, which costs a small job as much as a statement. Answers false when one of them failed: then nothing of them is
   * done, and each must be run by itself, so that only what fails is taken back.
   */
  #runAtOnce(jobs: readonly Job[]): boolean {
    const apart = this.#open;
    if (!this.#startFor(jobs, apart)) return true;
    try {
      for (const job of jobs) job.run();
      if (apart) this.#release.run();
    } catch (cause) {
      if (apart) this.#rollBack(cause);
      else this.#abandon(cause);
      return false;
    }
    this.#batch.push(...jobs);
    return true;
  }

  #runAlone(job: Job): void {
    if (!this.#startFor([job])) return;
    // Whoever gives up has seen what others did before (“this code was used”), and hears of it when that is durable.
    this.#batch.push(job);
    try {
      job.run();
    } catch (cause) {
      this.#rollBack(cause);
      return;
    }
    try {
      this.#release.run();
    } catch (cause) {
      this.#abandon(cause);
    }
  }

  /** False when there is no way to begin, of which the jobs have been told. */
  #startFor(jobs: readonly Job[], apart = true): boolean {
    try {
      this.#start(apart);
      return true;
    } catch (cause) {
      for (const job of jobs) job.fail(cause);
      return false;
    }
  }

  #wait(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(member), 1);
        reject(tooLong());
      }, TURN_TIMEOUT_MS);
      const member: Member = {
        done: () => {
          clearTimeout(timer);
          resolve();
        },
        fail: (cause) => {
          clearTimeout(timer);
          reject(cause);
        },
      };
      this.#waiting.push(member);
    });
  }

  /** Runs a statement of the one who has the turn. */
  run<R>(query: CompiledQuery): QueryResult<R> {
    // Some failures make SQLite end the whole transaction on its own. Every statement after that would be committed by itself.
    if (!this.#db.isTransaction) throw new DatabaseUnavailable('the database has rolled the transaction back');
    return this.statements.run<R>(query);
  }

  /** Ends the turn; resolves when the work is durable. */
  keep(): Promise<void> {
    try {
      this.#release.run();
    } catch (cause) {
      this.#abandon(cause);
      this.#next();
      throw new DatabaseUnavailable(cause);
    }
    return new Promise((done, fail) => {
      this.#batch.push({ done, fail });
      this.#next();
    });
  }

  /**
   * Takes the turn's work back. Resolves when what others in the same outer transaction did before is durable (or gone): the one who gives up
   * has seen it ("this code was used"), and must find it when it reads again from outside.
   */
  async undo(): Promise<void> {
    this.#rollBack();
    if (this.#batch.length === 0) return this.#next();
    await new Promise<void>((settled) => {
      this.#batch.push({ done: settled, fail: () => settled() });
      this.#next();
    });
  }

  /** `why`: what made it necessary, where that is known. */
  #rollBack(why?: unknown): void {
    try {
      this.#db.exec('rollback to turn; release turn');
    } catch (cause) {
      // A full disk or an I/O error rolls the whole transaction back on its own; those who shared it must not be told that they succeeded.
      this.#abandon(why ?? cause);
    }
  }

  #abandon(cause: unknown): void {
    try {
      if (this.#db.isTransaction) this.#db.exec('rollback');
    } catch {
      // The next turn tries again; what matters now is that nobody hears of success.
    }
    this.#open = false;
    const batch = this.#batch;
    this.#batch = [];
    const failure = cause instanceof DatabaseUnavailable ? cause : new DatabaseUnavailable(cause);
    for (const member of batch) member.fail(failure);
  }

  /** A turn is over: the next one's, or else the commit's, which lets the event loop bring those who are about to come first. */
  #next(): void {
    if (this.#batch.length >= BATCH_LIMIT || (this.#commitDue && this.#waiting.length === 0)) this.#finish();
    const next = this.#waiting.shift();
    if (next) {
      next.done();
      return;
    }
    this.#busy = false;
    if (this.#open) this.#schedule();
  }

  /**
   * A commit costs as much as ten small transactions: it waits while turns of the event loop bring somebody, and for one more, in which those who came
   * with the last one get as far as this.
   */
  #schedule(turns = PATIENCE): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const many = this.#batch.length + this.#jobs.length;
    setImmediate(() => {
      this.#scheduled = false;
      const now = this.#batch.length + this.#jobs.length;
      const left = now > many ? PATIENCE : turns - 1;
      if (left > 0 && now < BATCH_LIMIT) return this.#schedule(left);
      if (!this.#busy) return this.#finish();
      this.#commitDue = true;
      if (this.#jobs.length > 0) this.#patience ??= this.#refuseLate();
    });
  }

  /** Jobs that wait now will have waited for too long when this ends. */
  #refuseLate(): NodeJS.Timeout {
    const many = this.#jobs.length;
    return setTimeout(() => {
      this.#patience = undefined;
      for (const job of this.#jobs.splice(0, many)) job.fail(tooLong());
      if (this.#jobs.length > 0) this.#patience = this.#refuseLate();
    }, TURN_TIMEOUT_MS);
  }

  #finish(): void {
    this.#runJobs();
    this.#commit();
  }

  /** Makes durable what ended, and tells its owners. */
  #commit(): void {
    this.#commitDue = false;
    if (!this.#open) return;
    try {
      this.#onCommit();
      measured(this.#slow, 'commit', () => this.#end.run());
    } catch (cause) {
      this.#abandon(cause);
      return;
    }
    this.#open = false;
    const batch = this.#batch;
    this.#batch = [];
    for (const member of batch) member.done();
  }

  /** Makes durable what ended, undoes what has not, and closes. Those who wait for a turn are refused. */
  close(): void {
    const gone = new DatabaseUnavailable('the database was closed');
    for (const member of this.#waiting.splice(0)) member.fail(gone);
    if (this.#busy && this.#open) {
      // A commit would keep the half that the one with the turn has done.
      try {
        this.#db.exec('rollback to turn; release turn');
      } catch (cause) {
        this.#abandon(cause);
      }
    }
    this.#finish();
    this.#db.close();
  }
}
