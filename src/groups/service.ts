import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import { changes } from '#platform/changes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { conflictOf } from '#platform/db/unique.ts';
import { AppError, notFound } from '#platform/errors.ts';
import { date, type ListOptions, listAnswer } from '#platform/http/contract.ts';
import type { Random } from '#platform/random.ts';
import { searchKey } from '#platform/text.ts';
import type { Audit } from '../audit/service.ts';
import type { ClientMeta } from '../clients/contract.ts';
import type { CustomClaim } from '../custom-claims/contract.ts';
import type { User } from '../users/contract.ts';
import type { Group, GroupBody, GroupUpdate } from './contract.ts';
import type { GroupMinimal } from './minimal.contract.ts';
import { type GroupRow, groupStore } from './store.ts';

type Tx = Transaction<Tables>;
type Named = { id: string; username: string };

export interface GroupNeighbours {
  usersOf(groupId: string): Promise<User[]>;
  clientsOf(groupId: string): Promise<ClientMeta[]>;
  claimsOf(groupIds: readonly string[]): Promise<Map<string, CustomClaim[]>>;
  /** Makes these the clients that list the group as allowed; throws `not_found` for an unknown one. */
  allowClients(tx: Tx, actor: Actor, group: { id: string; name: string }, clientIds: readonly string[]): Promise<void>;
  ldapEnabled(): boolean;
}
interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  audit: Audit;
  neighbours: GroupNeighbours;
}

const described = (row: GroupRow) => ({ groupId: row.id, name: row.name, friendlyName: row.friendly_name });
const CONFLICTS = { 'user_group.name': 'Name', user_group_name_key: 'Name' };
const missing = () => notFound('User group');
/** Names for an audit row: all of them, unless there are so many that nobody would read them. */
const told = (names: readonly string[]) => (names.length <= 500 ? JSON.stringify([...names].sort()) : `${names.length}`);

const append = <K, V>(lists: Map<K, V[]>, key: K, value: V): void => {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
};

export function createGroups({ db, clock, random, audit, neighbours }: Deps) {
  const minimal = async (rows: readonly GroupRow[]): Promise<GroupMinimal[]> => {
    if (rows.length === 0) return [];
    const claims = await neighbours.claimsOf(rows.map((row) => row.id));
    return rows.map((row) => ({
      id: row.id,
      friendlyName: row.friendly_name,
      name: row.name,
      customClaims: claims.get(row.id) ?? [],
      userCount: row.member_count,
      ldapId: row.ldap_id,
      createdAt: date(row.created_at),
    }));
  };

  const minimalOf = async (ids: readonly string[]): Promise<GroupMinimal[]> =>
    ids.length === 0 ? [] : minimal(await groupStore(db).some(ids));

  const full = async (row: GroupRow): Promise<Group> => {
    const [users, clients, claims] = await Promise.all([
      neighbours.usersOf(row.id),
      neighbours.clientsOf(row.id),
      neighbours.claimsOf([row.id]),
    ]);
    return {
      id: row.id,
      friendlyName: row.friendly_name,
      name: row.name,
      customClaims: claims.get(row.id) ?? [],
      ldapId: row.ldap_id,
      createdAt: date(row.created_at),
      users,
      allowedOidcClients: clients,
    };
  };

  const get = async (id: string): Promise<Group> => {
    const row = await groupStore(db).byId(id);
    if (!row) throw missing();
    return full(row);
  };

  /**
   * A group that an administrator is in opens what administrators use, so a user manager may neither join anybody to it nor change it:
   * otherwise they could let themselves in.
   */
  const mayTouch = async (tx: Tx, actor: Actor | undefined, groupIds: readonly string[]): Promise<void> => {
    if (!actor || actor.role === 'admin' || groupIds.length === 0) return;
    if (actor.role !== 'user_manager' || (await groupStore(tx).withAdministrators(groupIds)).length > 0) throw new AppError('forbidden');
  };

  /** The group's row, held until the transaction ends, for somebody who may change it. */
  const held = async (tx: Tx, actor: Actor, row: GroupRow | undefined): Promise<GroupRow> => {
    if (!row) throw missing();
    await mayTouch(tx, actor, [row.id]);
    return row;
  };
  const hold = async (tx: Tx, actor: Actor, id: string): Promise<GroupRow> => held(tx, actor, await groupStore(tx).forChange(id));

  const change = (work: (tx: Tx) => Promise<void>) =>
    db
      .transaction()
      .execute(work)
      .catch((cause: unknown) => {
        throw cause instanceof AppError ? cause : conflictOf(cause, CONFLICTS);
      });

  return {
    list: async (options: ListOptions) => {
      const { rows, total, page, limit } = await groupStore(db).page(options);
      return listAnswer(await minimal(rows), total, { page, limit });
    },

    get,

    /** The groups of each user; somebody in none is not in the map. */
    async minimalOfUsers(userIds: readonly string[]): Promise<Map<string, GroupMinimal[]>> {
      const found = new Map<string, GroupMinimal[]>();
      if (userIds.length === 0) return found;
      // Each group is read once, however many of the users are in it.
      const usersOf = new Map<string, string[]>();
      for (const { user_id, group_id } of await groupStore(db).membershipsOf(userIds)) append(usersOf, group_id, user_id);
      for (const group of await minimalOf([...usersOf.keys()]))
        for (const userId of usersOf.get(group.id) ?? []) append(found, userId, group);
      return found;
    },

    /** Groups by their ids, in the order of `minimalOfUsers`; unknown ids are passed over. */
    minimalOf,

    /** The groups that may use a client. */
    minimalOfClient: async (clientId: string): Promise<GroupMinimal[]> => minimal(await groupStore(db).ofClient(clientId)),

    /** Full groups of one user, in the order of `minimalOfUsers`. */
    async ofUser(userId: string): Promise<Group[]> {
      const store = groupStore(db);
      const ids = await store.groupIdsOf(userId);
      return Promise.all((ids.length === 0 ? [] : await store.some(ids)).map(full));
    },

    /** Takes somebody who is about to be removed out of all their groups, which count their members. */
    async leaveAll(tx: Tx, userId: string): Promise<void> {
      const store = groupStore(tx);
      const ids = await store.groupIdsOf(userId);
      await store.holdAll(ids);
      await store.removeFromGroups(userId, ids);
    },

    mayTouch,

    /** Those of the ids that are groups, with their names. */
    existing: (of: Db, ids: readonly string[]) => groupStore(of).existing(ids),

    hold,

    async create(actor: Actor, { name, friendlyName }: GroupBody): Promise<Group> {
      const now = clock.now();
      const row = { id: random.rowId(), name, friendly_name: friendlyName, ldap_id: null, member_count: 0, created_at: now };
      await change(async (tx) => {
        await groupStore(tx).insert({ ...row, search_key: searchKey(name, friendlyName), updated_at: now });
        await audit.administered(tx, actor, { event: 'GROUP_CREATED', data: changes(undefined, described(row)) });
      });
      return full(row);
    },

    async update(actor: Actor, id: string, body: GroupUpdate): Promise<Group> {
      const ldap = neighbours.ldapEnabled();
      await change(async (tx) => {
        const before = await hold(tx, actor, id);
        if (before.ldap_id !== null && ldap) throw new AppError('ldap_user_group_update');
        const after = { ...before, name: body.name ?? before.name, friendly_name: body.friendlyName ?? before.friendly_name };
        const data = changes(described(before), described(after));
        if (!data) return;
        const { name, friendly_name } = after;
        await groupStore(tx).update(id, { name, friendly_name, search_key: searchKey(name, friendly_name), updated_at: clock.now() });
        await audit.administered(tx, actor, { event: 'GROUP_UPDATED', data: { groupId: id, groupName: name, ...data } });
      });
      return get(id);
    },

    async remove(actor: Actor, id: string): Promise<void> {
      const ldap = neighbours.ldapEnabled();
      await change(async (tx) => {
        const before = await held(tx, actor, await groupStore(tx).forRemoval(id));
        if (before.ldap_id !== null && ldap) throw new AppError('ldap_user_group_update');
        await groupStore(tx).remove(id);
        await audit.administered(tx, actor, { event: 'GROUP_DELETED', data: changes(described(before), undefined) });
      });
    },

    /** Makes these people the members. Somebody removed loses what the group opened with their next request. */
    async setMembers(actor: Actor, id: string, userIds: readonly string[]): Promise<Group> {
      await change(async (tx) => {
        const group = await hold(tx, actor, id);
        const store = groupStore(tx);
        const [before, wanted] = [await store.members(id), await store.existingUsers([...new Set(userIds)])];
        if (wanted.length < new Set(userIds).size) throw new AppError('user_not_found');
        const [had, have] = [new Set(before.map((user) => user.id)), new Set(wanted.map((user) => user.id))];
        const added = wanted.filter((user) => !had.has(user.id));
        const removed = before.filter((user) => !have.has(user.id));
        if (added.length + removed.length === 0) return;
        if (actor.role !== 'admin' && added.some((user) => user.is_admin === 1 || user.role !== '')) throw new AppError('forbidden');
        await store.removeMembers(
          id,
          removed.map((user) => user.id),
        );
        await store.addMembers(added.map((user) => ({ user_id: user.id, group_id: id })));
        const names = (users: typeof added) => told(users.map((user) => user.username));
        const data = { groupId: id, groupName: group.name, added: names(added), removed: names(removed) };
        await audit.administered(tx, actor, { event: 'GROUP_MEMBERS_UPDATED', data });
      });
      return get(id);
    },

    async setAllowedClients(actor: Actor, id: string, clientIds: readonly string[]): Promise<Group> {
      await change(async (tx) => {
        const group = await hold(tx, actor, id);
        await neighbours.allowClients(tx, actor, group, clientIds);
      });
      return get(id);
    },

    /**
     * Makes these the user's groups, within the caller's transaction, and writes the audit row when an actor is given. Unknown ids are refused
     * with `not_found`. With `configured` an administrator chose the groups, for everybody who is new: those deleted since are passed over, and
     * whoever makes the user needs no say over them.
     */
    async replaceOfUser(tx: Tx, actor: Actor | undefined, user: Named, groupIds: readonly string[], configured = false): Promise<void> {
      const store = groupStore(tx);
      const wanted = groupIds.length === 0 ? [] : await store.existing([...new Set(groupIds)]);
      if (!configured && wanted.length < new Set(groupIds).size) throw missing();
      const had = await store.groupIdsOf(user.id);
      const have = new Set(wanted.map((group) => group.id));
      const added = wanted.filter((group) => !had.includes(group.id));
      const removed = await store.existing(had.filter((id) => !have.has(id)));
      if (added.length + removed.length === 0) return;
      const touched = [...added, ...removed].map((group) => group.id);
      if (!configured) await mayTouch(tx, actor, touched);
      await store.holdAll(touched);
      await store.removeFromGroups(
        user.id,
        removed.map((group) => group.id),
      );
      await store.addMembers(added.map((group) => ({ user_id: user.id, group_id: group.id })));
      if (!actor) return;
      const data = { added: told(added.map((group) => group.name)), removed: told(removed.map((group) => group.name)) };
      await audit.administered(tx, actor, { event: 'USER_GROUPS_UPDATED', user, data });
    },
  };
}
export type Groups = ReturnType<typeof createGroups>;
