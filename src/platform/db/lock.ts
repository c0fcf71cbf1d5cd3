import { sql, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * Takes the parent row of an invariant over several rows ("not the last passkey") until the transaction ends. SQLite has one writer, so there
 * it is only a read; on PostgreSQL two such transactions take turns. Answers whether the row exists.
 */
export async function lockRow(
  tx: Transaction<Tables>,
  table: 'user' | 'client' | 'user_group' | 'installation',
  id: string | number,
): Promise<boolean> {
  const query = tx.selectFrom(table).select(sql<number>`1`.as('one')).where(sql.ref('id'), '=', id);
  return (await locking(tx, query).executeTakeFirst()) !== undefined;
}

type Locker = Pick<Transaction<Tables>, 'getExecutor'>;
export const isPostgres = (tx: Locker) => tx.getExecutor().adapter.constructor.name === 'PostgresAdapter';

/** The same for the rows a query finds: on PostgreSQL they are held until the transaction ends. */
export const locking = <Q extends { forUpdate(): Q }>(tx: Locker, query: Q): Q => (isPostgres(tx) ? query.forUpdate() : query);

/**
 * The same for a change after which the rows are still there: two of them take turns, but who adds a row that refers to one of these need not wait,
 * and so never waits crosswise. Not where what refers to them is to end as well.
 */
export const lockingLightly = <Q extends { forNoKeyUpdate(): Q }>(tx: Locker, query: Q): Q =>
  isPostgres(tx) ? query.forNoKeyUpdate() : query;

/**
 * Keeps the rows a query finds from being deleted or held by others until the transaction ends, in the order of `tables`; others may keep them as
 * well. For what is added while something else stands: on PostgreSQL, who ends that something waits and then finds what was added.
 */
export const keeping = <T extends string, Q extends { forKeyShare(of: readonly T[]): Q }>(db: Locker, query: Q, tables: readonly T[]): Q =>
  isPostgres(db) ? query.forKeyShare(tables) : query;
