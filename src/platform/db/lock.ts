import { type Transaction, sql } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * Takes the parent row of an invariant over several rows ("not the last passkey") until the transaction ends. SQLite has one writer, so there
 * it is only a read; on PostgreSQL two such transactions take turns. Answers whether the row exists.
 */
export async function lockRow(tx: Transaction<Tables>, table: 'user' | 'client' | 'user_group' | 'installation', id: string | number): Promise<boolean> {
  const postgres = tx.getExecutor().adapter.supportsTransactionalDdl && tx.getExecutor().adapter.constructor.name === 'PostgresAdapter';
  const query = tx.selectFrom(table).select(sql<number>`1`.as('one')).where(sql.ref('id'), '=', id);
  return (await (postgres ? query.forUpdate() : query).executeTakeFirst()) !== undefined;
}
