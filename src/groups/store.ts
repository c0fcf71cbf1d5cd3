import { sql } from 'kysely';
import { compileForEach } from '#platform/db/compile-once.ts';
import { countMatching, type ListShape, readPage, searchPage } from '#platform/db/list.ts';
import { locking } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import type { NewRow, Row } from '#platform/db/tables.ts';
import type { ListOptions } from '#platform/http/contract.ts';

export type GroupRow = Omit<Row<'user_group'>, 'search_key' | 'updated_at'>;

const COLUMNS = ['user_group.id', 'user_group.name', 'user_group.friendly_name', 'user_group.ldap_id', 'user_group.created_at'] as const;

const LIST: ListShape = {
  sort: { createdAt: 'user_group.created_at', friendlyName: 'user_group.friendly_name', name: 'user_group.name', userCount: 'counted' },
  search: 'user_group.search_key',
  order: ['user_group.created_at', 'asc'],
  id: 'user_group.id',
};

/** Databases limit the values of one statement; longer lists go in parts. */
const PART = 5000;
const parts = <T>(list: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(list.length / PART) }, (_, i) => list.slice(i * PART, (i + 1) * PART));

const memberCount = sql<number>`(select count(*) from user_group_member counting where counting.group_id = user_group.id)`.as('counted');
const ofUsers = compileForEach((db, userIds) =>
  db
    .selectFrom('user_group_member as member')
    .innerJoin('user_group', 'user_group.id', 'member.group_id')
    .select([...COLUMNS, 'member.user_id as owner', memberCount])
    .where('member.user_id', 'in', userIds)
    .orderBy('user_group.created_at')
    .orderBy('user_group.id'),
);

export const groupStore = (db: Db) => {
  return {
    page: (options: ListOptions) => {
      const groups = db.selectFrom('user_group').select(COLUMNS);
      if (options.sort?.column !== 'userCount') return searchPage(db, groups, options, LIST);
      // Counting the members of every group only to sort by it; otherwise the page's counts are read apart.
      const counts = sql<{ group_id: string; n: number }>`(select group_id, count(*) as n from user_group_member group by group_id)`;
      const counted = groups
        .leftJoin(counts.as('counts'), 'counts.group_id', 'user_group.id')
        .select(sql<number>`coalesce(counts.n, 0)`.as('counted'));
      return readPage(counted, options, LIST, () => countMatching(groups, options, LIST));
    },

    byId: (id: string): Promise<GroupRow | undefined> =>
      db.selectFrom('user_group').select(COLUMNS).where('id', '=', id).executeTakeFirst(),

    forChange: (id: string): Promise<GroupRow | undefined> =>
      locking(db, db.selectFrom('user_group').select(COLUMNS).where('id', '=', id)).executeTakeFirst(),

    /** Members by group; a group without any is not in the answer. */
    counts: (ids: readonly string[]) =>
      db
        .selectFrom('user_group_member')
        .select(['group_id', sql<number>`count(*)`.as('n')])
        .where('group_id', 'in', ids)
        .groupBy('group_id')
        .execute(),

    ofUsers: (userIds: readonly string[]) => ofUsers(db, userIds),

    some: (ids: readonly string[]) =>
      db
        .selectFrom('user_group')
        .select([...COLUMNS, memberCount])
        .where('user_group.id', 'in', ids)
        .orderBy('user_group.created_at')
        .orderBy('user_group.id')
        .execute(),

    ofClient: (clientId: string) =>
      db
        .selectFrom('client_allowed_group as allowed')
        .innerJoin('user_group', 'user_group.id', 'allowed.group_id')
        .select([...COLUMNS, memberCount])
        .where('allowed.client_id', '=', clientId)
        .orderBy('user_group.created_at')
        .orderBy('user_group.id')
        .execute(),

    /** Those of the groups that exist, id and name. */
    existing: async (ids: readonly string[]): Promise<{ id: string; name: string }[]> =>
      (
        await Promise.all(parts(ids).map((part) => db.selectFrom('user_group').select(['id', 'name']).where('id', 'in', part).execute()))
      ).flat(),

    /** Those of the users that exist, without the one behind STATIC_API_KEY. */
    existingUsers: async (ids: readonly string[]) =>
      (
        await Promise.all(
          parts(ids).map((part) =>
            db
              .selectFrom('user')
              .select(['id', 'username', 'is_admin', 'role'])
              .where('id', 'in', part)
              .where('is_static', '=', 0)
              .execute(),
          ),
        )
      ).flat(),

    /** Those of the groups that an administrator is a member of. */
    withAdministrators: (ids: readonly string[]) =>
      db
        .selectFrom('user_group_member as member')
        .innerJoin('user', 'user.id', 'member.user_id')
        .select('member.group_id')
        .distinct()
        .where('member.group_id', 'in', ids)
        .where((where) => where.or([where('user.is_admin', '=', 1), where('user.role', '<>', '')]))
        .execute(),

    groupIdsOf: async (userId: string): Promise<string[]> =>
      (await db.selectFrom('user_group_member').select('group_id').where('user_id', '=', userId).execute()).map((row) => row.group_id),

    members: (groupId: string) =>
      db
        .selectFrom('user_group_member as member')
        .innerJoin('user', 'user.id', 'member.user_id')
        .select(['user.id', 'user.username', 'user.is_admin', 'user.role'])
        .where('member.group_id', '=', groupId)
        .execute(),

    addMembers: async (rows: readonly { user_id: string; group_id: string }[]): Promise<void> => {
      for (const part of parts(rows)) {
        await db
          .insertInto('user_group_member')
          .values(part)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    },
    removeMembers: async (groupId: string, userIds: readonly string[]): Promise<void> => {
      for (const part of parts(userIds))
        await db.deleteFrom('user_group_member').where('group_id', '=', groupId).where('user_id', 'in', part).execute();
    },
    removeFromGroups: async (userId: string, groupIds: readonly string[]): Promise<void> => {
      for (const part of parts(groupIds))
        await db.deleteFrom('user_group_member').where('user_id', '=', userId).where('group_id', 'in', part).execute();
    },

    insert: (row: NewRow<'user_group'>) => db.insertInto('user_group').values(row).execute(),
    update: (id: string, set: Partial<NewRow<'user_group'>>) => db.updateTable('user_group').set(set).where('id', '=', id).execute(),
    remove: (id: string) => db.deleteFrom('user_group').where('id', '=', id).execute(),
  };
};
