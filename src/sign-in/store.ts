import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

/** SQL of interactions, and the few words about groups and administrators that a refusal needs. */
export const signInStore = (db: Db) => ({
  insert: (row: Row<'interaction'>) => db.insertInto('interaction').values(row).execute(),
  find: (id: string) => db.selectFrom('interaction').selectAll().where('id', '=', id).executeTakeFirst(),
  save: (id: string, { user_id, progress }: Pick<Row<'interaction'>, 'user_id' | 'progress'>) =>
    db.updateTable('interaction').set({ user_id, progress }).where('id', '=', id).execute(),

  /** Removes in one statement, so that one interaction gives one answer. */
  take: (id: string, browserHash: string, now: number) =>
    db
      .deleteFrom('interaction')
      .where('id', '=', id)
      .where('browser_hash', '=', browserHash)
      .where('expires_at', '>', now)
      .returning('id')
      .executeTakeFirst(),

  sweep: (now: number, limit: number) =>
    db
      .deleteFrom('interaction')
      .where('id', 'in', db.selectFrom('interaction').select('id').where('expires_at', '<', now).limit(limit))
      .executeTakeFirst(),

  groupNames: (ids: readonly string[]) =>
    ids.length === 0
      ? Promise.resolve([])
      : db.selectFrom('user_group').select(['id', 'friendly_name']).where('id', 'in', ids).orderBy('friendly_name').execute(),

  /** Who has been running the place the longest. */
  administrator: () =>
    db
      .selectFrom('user')
      .select('display_name')
      .where('is_admin', '=', 1)
      .where('is_static', '=', 0)
      .where('disabled', '=', 0)
      .orderBy('created_at')
      .orderBy('id')
      .executeTakeFirst(),

  /** The application knows PKCE though it need not: administrators are told that they may require it. */
  notePkce: (clientId: string) =>
    db.updateTable('client').set({ pkce_supported: 1 }).where('id', '=', clientId).where('pkce_enabled', '=', 0).execute(),
});
