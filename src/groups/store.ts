import { compileForEach } from '#platform/db/compile-once.ts';
import type { ListShape } from '#platform/db/list.ts';
import { locking, lockingLightly } from '#platform/db/lock.ts';
import { longPage } from '#platform/db/long-list.ts';
import type { Db } from '#platform/db/open.ts';
import type { NewRow, Row } from '#platform/db/tables.ts';
import type { ListOptions } from '#platform/http/contract.ts';

export type GroupRow = Omit<Row<'user_group'>, 'search_key' | 'updated_at'>;

const COLUMNS = [
  'user_group.id',
  'user_group.name',
  'user_group.friendly_name',
  'user_group.ldap_id',
  'user_group.member_count',
  'user_group.created_at',
] as const;

const LIST: ListShape = {
  sort: {
    createdAt: 'user_group.created_at',
    friendlyName: 'user_group.friendly_name',
    name: 'user_group.name',
    userCount: 'user_group.member_count',
  },
  search: 'user_group.search_key',
  order: ['user_group.created_at', 'asc'],
  id: 'user_group.id',
};

/** Databases limit the values of one statement; longer lists go in parts. */
const PART = 5000;
const parts = <T>(list: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(list.length / PART) }, (_, i) => list.slice(i * PART, (i + 1) * PART));

// Built once: every list of users needs them.
const membershipsOf = compileForEach((db, userIds) =>
  db.selectFrom('user_group_member').select(['user_id', 'group_id']).where('user_id', 'in', userIds),
);
const some = compileForEach((db, ids) =>
  db.selectFrom('user_group').select(COLUMNS).where('user_group.id', 'in', ids).orderBy('user_group.created_at').orderBy('user_group.id'),
);

/** The groups by how often they occur. */
const tally = (rows: readonly { group_id: string }[]): Map<number, string[]> => {
  const counts = new Map<string, number>();
  for (const { group_id } of rows) counts.set(group_id, (counts.get(group_id) ?? 0) + 1);
  const groups = new Map<number, string[]>();
  for (const [id, often] of counts) {
    const others = groups.get(often);
    if (others) others.push(id);
    else groups.set(often, [id]);
  }
  return groups;
};

export const groupStore = (db: Db) => {
  /** `member_count` follows every row that comes or goes; both databases add to what is there now, so that two changes at once both count. */
  const count = async (rows: readonly { group_id: string }[], sign: 1 | -1): Promise<void> => {
    for (const [often, ids] of tally(rows))
      for (const part of parts(ids))
        await db
          .updateTable('user_group')
          .set((q) => ({ member_count: q('member_count', '+', sign * often) }))
          .where('id', 'in', part)
          .execute();
  };

  return {
    page: (options: ListOptions) => longPage(db, db.selectFrom('user_group').select(COLUMNS), options, LIST),

    byId: (id: string): Promise<GroupRow | undefined> =>
      db.selectFrom('user_group').select(COLUMNS).where('id', '=', id).executeTakeFirst(),

    forChange: (id: string): Promise<GroupRow | undefined> =>
      lockingLightly(db, db.selectFrom('user_group').select(COLUMNS).where('id', '=', id)).executeTakeFirst(),
    forRemoval: (id: string): Promise<GroupRow | undefined> =>
      locking(db, db.selectFrom('user_group').select(COLUMNS).where('id', '=', id)).executeTakeFirst(),

    /** Before memberships in several groups change: each group is held first, in one order, so that two who do so never wait crosswise. */
    holdAll: async (ids: readonly string[]): Promise<void> => {
      for (const part of parts([...ids].sort()))
        await lockingLightly(db, db.selectFrom('user_group').select('id').where('id', 'in', part).orderBy('id')).execute();
    },

    membershipsOf: (userIds: readonly string[]) => membershipsOf(db, userIds),

    /** In the order in which they were made; unknown ids are passed over. */
    some: (ids: readonly string[]): Promise<GroupRow[]> => some(db, ids),

    ofClient: (clientId: string) =>
      db
        .selectFrom('client_allowed_group as allowed')
        .innerJoin('user_group', 'user_group.id', 'allowed.group_id')
        .select(COLUMNS)
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
    withAdministrators: async (ids: readonly string[]): Promise<{ group_id: string }[]> =>
      (
        await Promise.all(
          parts(ids).map((part) =>
            db
              .selectFrom('user_group_member as member')
              .innerJoin('user', 'user.id', 'member.user_id')
              .select('member.group_id')
              .distinct()
              .where('member.group_id', 'in', part)
              .where((where) => where.or([where('user.is_admin', '=', 1), where('user.role', '<>', '')]))
              .execute(),
          ),
        )
      ).flat(),

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
        const added = await db
          .insertInto('user_group_member')
          .values(part)
          .onConflict((conflict) => conflict.doNothing())
          .returning('group_id')
          .execute();
        await count(added, 1);
      }
    },
    removeMembers: async (groupId: string, userIds: readonly string[]): Promise<void> => {
      for (const part of parts(userIds)) {
        const members = db.deleteFrom('user_group_member').where('group_id', '=', groupId).where('user_id', 'in', part);
        await count(await members.returning('group_id').execute(), -1);
      }
    },
    removeFromGroups: async (userId: string, groupIds: readonly string[]): Promise<void> => {
      for (const part of parts(groupIds)) {
        const memberships = db.deleteFrom('user_group_member').where('user_id', '=', userId).where('group_id', 'in', part);
        await count(await memberships.returning('group_id').execute(), -1);
      }
    },

    insert: (row: NewRow<'user_group'>) => db.insertInto('user_group').values(row).execute(),
    update: (id: string, set: Partial<NewRow<'user_group'>>) => db.updateTable('user_group').set(set).where('id', '=', id).execute(),
    remove: (id: string) => db.deleteFrom('user_group').where('id', '=', id).execute(),
  };
};
