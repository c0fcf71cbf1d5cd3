import { sql } from 'kysely';
import { type ListShape, readPage } from '#platform/db/list.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';
import type { ListOptions } from '#platform/http/contract.ts';

const LIST: ListShape = {
  sort: { expiresAt: 'expires_at', usageLimit: 'usage_limit', usageCount: 'usage_count', createdAt: 'created_at' },
  order: ['created_at', 'asc'],
  id: 'id',
};

/** SQL of the set-up: the one row of `installation`, and whether anybody is there. */
export const setUpStore = (db: Db) => ({
  state: () =>
    db
      .selectFrom('installation')
      .select(['setup_hash', 'setup_completed_at'])
      // The user behind STATIC_API_KEY is nobody.
      .select(sql<number>`(select count(*) from (select 1 from "user" where is_static = 0 limit 1) as anybody)`.as('people'))
      .where('id', '=', 1)
      .executeTakeFirst(),

  setSecret: (setupHash: string) =>
    db.updateTable('installation').set({ setup_hash: setupHash }).where('id', '=', 1).where('setup_completed_at', 'is', null).execute(),

  complete: (now: number) =>
    db
      .updateTable('installation')
      .set({ setup_hash: null, setup_completed_at: now })
      .where('id', '=', 1)
      .where('setup_completed_at', 'is', null)
      .execute(),
});

/** SQL of sign-up tokens. */
export const signupTokenStore = (db: Db) => ({
  insert: async (row: Row<'signup_token'>, groupIds: readonly string[]): Promise<void> => {
    await db.insertInto('signup_token').values(row).execute();
    if (groupIds.length === 0) return;
    await db
      .insertInto('signup_token_group')
      .values(groupIds.map((group_id) => ({ token_id: row.id, group_id })))
      .execute();
  },

  page: (options: ListOptions) => readPage(db.selectFrom('signup_token').selectAll(), options, LIST),

  groupsOf: (tokenIds: readonly string[]) =>
    tokenIds.length === 0
      ? Promise.resolve([])
      : db.selectFrom('signup_token_group').selectAll().where('token_id', 'in', tokenIds).execute(),

  /** Counts one use, if there is one left: in one statement, so that the last one is given once. */
  use: (tokenHash: string, now: number) =>
    db
      .updateTable('signup_token')
      .set((e) => ({ usage_count: e('usage_count', '+', 1) }))
      .where('token_hash', '=', tokenHash)
      .where('expires_at', '>', now)
      .where((e) => e('usage_count', '<', e.ref('usage_limit')))
      .returning('id')
      .executeTakeFirst(),

  /** Only looks: whoever makes an account takes a use by `use`. */
  usable: (tokenHash: string, now: number) =>
    db
      .selectFrom('signup_token')
      .select('id')
      .where('token_hash', '=', tokenHash)
      .where('expires_at', '>', now)
      .where((e) => e('usage_count', '<', e.ref('usage_limit')))
      .executeTakeFirst(),

  remove: (id: string) => db.deleteFrom('signup_token').where('id', '=', id).returning(['id', 'usage_count']).executeTakeFirst(),
});
export type SignupTokenRow = Row<'signup_token'>;
