import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CompiledQuery, QueryResult } from 'kysely';
import { Statements } from './sqlite-statements.ts';
import { classified, DatabaseUnavailable } from './unavailable.ts';

/** How long a writer may wait for its turn before the request fails rather than hangs. */
const TURN_TIMEOUT_MS = 10_000;
/** Transactions that share one commit, hence one fsync. */
const BATCH_LIMIT = 128;

interface Member {
  done(): void;
  fail(cause: unknown): void;
}

/**
 * One writer, taken in turns. Each transaction is a savepoint inside a shared outer transaction; when nobody waits any more (or the batch is
 * full) the outer one commits, and only then does any of them learn that it succeeded. So a single request commits at once, and sixty-four at
 * the same time share one fsync: an acknowledged write is on the disk either way.
 */
export class Writer {
  readonly statements: Statements;
  readonly #db: DatabaseSync;
  readonly #waiting: Member[] = [];
  /** Somebody has the turn. */
  #busy = false;
  /** The outer transaction has begun. */
  #open = false;
  /** A commit waits for the event loop to bring those who are about to come. */
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
  /** `onCommit` is called before what was written can be seen. */
  constructor(db: DatabaseSync, onCommit: () => void) {
    this.#db = db;
    this.#onCommit = onCommit;
    this.statements = new Statements(db);
    this.#begin = db.prepare('begin immediate');
    this.#savepoint = db.prepare('savepoint turn');
    this.#release = db.prepare('release turn');
    this.#end = db.prepare('commit');
  }

  /** Resolves when it is the caller's turn; the caller must call `keep` or `undo`. */
  async turn(): Promise<void> {
    if (this.#busy) await this.#wait();
    else this.#busy = true;
    this.#start();
  }

  /** The same where nobody has the turn: takes it at once. False: somebody has it, nothing was done. */
  turnNow(): boolean {
    if (this.#busy) return false;
    this.#busy = true;
    this.#start();
    return true;
  }

  #start(): void {
    try {
      if (!this.#open) {
        // Left over from a rollback that failed too.
        if (this.#db.isTransaction) this.#db.exec('rollback');
        this.#begin.run();
        this.#open = true;
      }
      this.#savepoint.run();
    } catch (cause) {
      // The outer transaction can be gone (disk full): then so is what the others in it did.
      if (this.#open && !this.#db.isTransaction) this.#abandon(cause);
      this.#next();
      throw classified(cause);
    }
  }

  #wait(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(member), 1);
        reject(new DatabaseUnavailable('the writer was busy for too long'));
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
    try {
      this.#db.exec('rollback to turn; release turn');
    } catch (cause) {
      // A full disk or an I/O error rolls the whole transaction back on its own; those who shared it must not be told that they succeeded.
      this.#abandon(cause);
    }
    if (this.#batch.length === 0) return this.#next();
    await new Promise<void>((settled) => {
      this.#batch.push({ done: settled, fail: () => settled() });
      this.#next();
    });
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
    if (this.#batch.length >= BATCH_LIMIT || (this.#commitDue && this.#waiting.length === 0)) this.#commit();
    const next = this.#waiting.shift();
    if (next) {
      next.done();
      return;
    }
    this.#busy = false;
    if (!this.#open || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#busy) this.#commitDue = true;
      else this.#commit();
    });
  }

  /** Makes durable what ended, and tells its owners. */
  #commit(): void {
    this.#commitDue = false;
    if (!this.#open) return;
    try {
      this.#onCommit();
      this.#end.run();
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
    this.#commit();
    this.#db.close();
  }
}
