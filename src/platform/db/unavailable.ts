import { AppError } from '../errors.ts';

/** The database cannot be used at this moment: disk full, connection lost, locked. The request is answered 503 and may be sent again. */
export class DatabaseUnavailable extends Error {
  constructor(cause: unknown) {
    super(`database error: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'DatabaseUnavailable';
  }
}

/** SQLite result codes: NOMEM BUSY LOCKED READONLY INTERRUPT IOERR CORRUPT FULL CANTOPEN PROTOCOL NOTADB. */
const SQLITE = new Set([7, 5, 6, 8, 9, 10, 11, 13, 14, 15, 26]);
/** PostgreSQL answers, and can only read: it is a replica, or was the primary until a moment ago. */
export const READ_ONLY = '25006';
/**
 * PostgreSQL: connection failures (08), one that only reads, a name or password that counts no more (28), a database that is gone or takes no connections
 * (3D000, 55000), transaction conflicts (40), no resources (53), stopping (57P), statement or lock timeout, I/O (58), corruption (XX).
 */
const POSTGRES = new RegExp(`^(?:08|${READ_ONLY}|28|3D000|40|53|55000|57P|57014|55P03|58|XX)`);
const NETWORK = /^(?:ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPROTO)/;
/** What `pg` says without a code. */
const POOL =
  /timeout exceeded when trying to connect|connection terminated|connection timeout|query read timeout|client has encountered a connection error|cannot use a pool after calling end/i;

/** Whether a failure is the database's state rather than a mistake in what it was asked. */
export function meansUnavailable(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const { code, errcode } = cause as Error & { code?: string; errcode?: number };
  if (code === 'ERR_SQLITE_ERROR') return SQLITE.has((errcode ?? 0) & 0xff);
  if (cause instanceof AggregateError) return cause.errors.some(meansUnavailable);
  return code === undefined ? POOL.test(cause.message) : POSTGRES.test(code) || NETWORK.test(code);
}

/** PostgreSQL keeps no text with a NUL (character_not_in_repertoire). Nothing of ours has one, so it came with the request. */
const NO_TEXT = '22021';

/** The failure, as DatabaseUnavailable or as the client's mistake where it is one of these. */
export function classified(cause: unknown): unknown {
  if (meansUnavailable(cause)) return new DatabaseUnavailable(cause);
  return (cause as { code?: string }).code === NO_TEXT ? new AppError('invalid_request', { cause }) : cause;
}
