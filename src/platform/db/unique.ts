import { type AppError, alreadyInUse } from '../errors.ts';

/**
 * The refusal behind a broken unique constraint: `columns` says which property a column stands for ("username_key" → "Username"). Anything
 * else is thrown again. Ask after the transaction, which such a failure ends on PostgreSQL.
 */
export function conflictOf(cause: unknown, columns: Readonly<Record<string, string | AppError>>): AppError {
  const error = cause as { message?: string; code?: string; detail?: string; constraint?: string };
  const broken =
    error.code === '23505' ? `${error.constraint} ${error.detail}` : /^UNIQUE constraint failed: (.+)$/.exec(error.message ?? '')?.[1];
  for (const [column, property] of Object.entries(columns)) {
    if (broken?.includes(column)) return typeof property === 'string' ? alreadyInUse(property) : property;
  }
  throw cause;
}
