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

/** The same for the rows a query finds: on PostgreSQL they are held until the transaction ends. */
export function locking<Q extends { forUpdate(): Q }>(tx: Pick<Transaction<Tables>, 'getExecutor'>, query: Q): Q {
  return tx.getExecutor().adapter.constructor.name === 'PostgresAdapter' ? query.forUpdate() : query;
}
