/**
 * What a row was to point at when it was deleted after it had been looked up: on PostgreSQL the column without its `_id`, such as `user`; `''` where
 * the database does not tell (SQLite). Undefined for every other failure. Every foreign key cascades, so a delete is never behind this.
 */
export function vanished(cause: unknown): string | undefined {
  const { code, message, constraint } = cause as { code?: unknown; message?: string; constraint?: string };
  if (message === 'FOREIGN KEY constraint failed') return '';
  if (code !== '23503' || !message?.startsWith('insert or update')) return undefined;
  return /_([a-z]+)_id_fkey$/.exec(constraint ?? '')?.[1] ?? '';
}
