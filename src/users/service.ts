import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import type { Person } from '#oidc/ports.ts';
import { changes } from '#platform/changes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { conflictOf } from '#platform/db/unique.ts';
import { AppError, invalidField } from '#platform/errors.ts';
import { type ListOptions, listAnswer } from '#platform/http/contract.ts';
import { keptCounts } from '#platform/kept-counts.ts';
import type { Random } from '#platform/random.ts';
import { fold, searchKey } from '#platform/text.ts';
import type { Audit } from '../audit/service.ts';
import type { CustomClaim } from '../custom-claims/contract.ts';
import type { GroupMinimal } from '../groups/minimal.contract.ts';
import type { CreateUser, UpdateMe, UpdateUser, User } from './contract.ts';
import { type ShownUser, type UserRow, userStore } from './store.ts';
import { described, toUser } from './view.ts';

type Tx = Transaction<Tables>;

/** What users need of groups. */
export interface UserGroups {
  /** By user; a user in no group is not in the map. */
  minimalOfUsers(userIds: readonly string[]): Promise<Map<string, GroupMinimal[]>>;
  /**
   * Makes these the user's groups. Unknown ids are refused (`not_found`). `configured`: they are what the configuration gives to everybody new, so
   * unknown ones are passed over, and the actor needs no say over them.
   */
  replaceOfUser(
    tx: Tx,
    actor: Actor | undefined,
    user: { id: string; username: string },
    groupIds: readonly string[],
    configured?: boolean,
  ): Promise<void>;
  /** Before somebody is removed. */
  leaveAll(tx: Tx, userId: string): Promise<void>;
}
export interface UserClaims {
  ofUsers(ids: readonly string[]): Promise<Map<string, CustomClaim[]>>;
  give(tx: Tx, userId: string, claims: readonly CustomClaim[]): Promise<void>;
}
/** The settings that users obey. */
export interface UserPolicy {
  requireEmail: boolean;
  /** What `emailVerified` becomes when somebody changes their own address. */
  emailsVerified: boolean;
  allowOwnAccountEdit: boolean;
  ldapEnabled: boolean;
  defaultGroupIds: readonly string[];
  defaultClaims: readonly CustomClaim[];
}
interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  audit: Audit;
  groups: UserGroups;
  claims: UserClaims;
  policy: () => UserPolicy;
  mergeClaims(claims: readonly { key: string; value: string; group: string | null }[]): Record<string, string>;
}

const CONFLICTS = { username_key: 'Username', email_key: 'Email', ldap_id: 'LDAP ID', id: 'Id', user_pkey: 'Id' };
const notFound = () => new AppError('user_not_found');
const flag = (value: boolean): 0 | 1 => (value ? 1 : 0);

/** The columns that follow from others. */
const derived = (row: Pick<UserRow, 'username' | 'email' | 'first_name' | 'last_name' | 'display_name'>) => ({
  username_key: fold(row.username),
  email_key: row.email === null ? null : fold(row.email),
  search_key: searchKey(row.username, row.email, row.first_name, row.last_name, row.display_name),
});

const EMPTY = {
  email: null,
  emailVerified: false,
  firstName: '',
  lastName: '',
  displayName: '',
  isAdmin: false,
  locale: null,
  disabled: false,
};
/**
 * The Kubernetes operator writes whole users the way Go's `omitempty` does: what is false or "" is left out. It could take nobody's
 * administration back if that meant "keep". Its bodies, and no other known client's, have `userGroupIds: null`.
 */
const spelledOut = (body: UpdateUser): UpdateUser => {
  if (body.userGroupIds !== null) return body;
  return { ...EMPTY, ...Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) };
};

/** What a body says, over what was there; a field that is absent or null keeps its value, but for e-mail and locale, where null means none. */
const merged = (before: UserRow, body: UpdateUser): UserRow => {
  const email = body.email === undefined ? before.email : body.email;
  const emailChanged = (email === null ? null : fold(email)) !== before.email_key;
  return {
    ...before,
    username: body.username ?? before.username,
    email,
    // An address nobody proved is not a verified one, unless the administrator says so in the same breath.
    email_verified: flag(body.emailVerified ?? (emailChanged ? false : before.email_verified === 1)),
    first_name: body.firstName ?? before.first_name,
    last_name: body.lastName ?? before.last_name,
    display_name: body.displayName ?? before.display_name,
    is_admin: flag(body.isAdmin ?? before.is_admin === 1),
    role: body.role ?? before.role,
    locale: body.locale === undefined ? before.locale : body.locale,
    disabled: flag(body.disabled ?? before.disabled === 1),
  };
};

/** A user manager has no say about those who administer: not over them, and not by making one. */
const mayTouch = (actor: Actor, target: Pick<UserRow, 'is_admin' | 'role'>) => {
  if (actor.role === 'admin') return;
  if (actor.role !== 'user_manager' || target.is_admin === 1 || target.role !== '') throw new AppError('forbidden');
};

export function createUsers({ db, clock, random, audit, groups, claims, policy, mergeClaims }: Deps) {
  const counts = keptCounts({ clock });
  const shown = async (rows: readonly ShownUser[]): Promise<User[]> => {
    const ids = rows.map((row) => row.id);
    const [claimsOf, groupsOf] = await Promise.all([claims.ofUsers(ids), groups.minimalOfUsers(ids)]);
    return rows.map((row) => toUser(row, claimsOf.get(row.id), groupsOf.get(row.id)));
  };
  const show = async (row: UserRow | undefined): Promise<User> => {
    if (!row) throw notFound();
    const [user] = await shown([row]);
    if (!user) throw notFound();
    return user;
  };
  const get = async (id: string) => show(await userStore(db).byId(id));

  /** Writes a change of one user with all that follows from it, and its audit row. */
  const write = async (tx: Tx, actor: Actor, before: UserRow, after: UserRow): Promise<void> => {
    const store = userStore(tx);
    const data = changes(described(before), described(after));
    if (!data) return;
    const { id, created_at, is_static, ...rest } = after;
    await store.update(id, { ...rest, ...derived(after), updated_at: clock.now() });
    if (after.disabled && !before.disabled) await store.endAccess(id, clock.now());
    else if (derived(after).email_key !== before.email_key) await store.removeOneTimeCodes(id);
    if (before.disabled && !after.disabled) await store.endSessions(id);
    await audit.administered(tx, actor, { event: 'USER_UPDATED', user: after, data });
  };

  const inTransaction = async (work: (tx: Tx) => Promise<void>) => {
    await db
      .transaction()
      .execute(work)
      .catch((cause: unknown) => {
        throw cause instanceof AppError ? cause : conflictOf(cause, CONFLICTS);
      })
      .finally(counts.forget);
  };

  /** A new user within a transaction, with the groups and claims that new users get. Answers the row; throws `already_in_use`. */
  const add = async (tx: Tx, input: CreateUser, { actor, defaults }: { actor?: Actor; defaults: UserPolicy }): Promise<UserRow> => {
    const now = clock.now();
    const blank = { email: null, email_key: null, email_verified: 0, first_name: '', last_name: '', display_name: '' } as const;
    const plain = {
      is_admin: 0,
      role: '',
      locale: null,
      disabled: 0,
      ldap_id: null,
      is_static: 0,
      created_at: now,
      updated_at: now,
    } as const;
    const row = merged({ id: input.id ?? random.uuid(), username: input.username, username_key: '', ...blank, ...plain }, input);
    const keys = derived(row);
    await userStore(tx)
      .insert({ ...row, ...keys })
      .catch((cause: unknown) => {
        throw conflictOf(cause, CONFLICTS);
      });
    await groups.replaceOfUser(tx, actor, row, input.userGroupIds ?? defaults.defaultGroupIds, !input.userGroupIds);
    if (defaults.defaultClaims.length > 0) await claims.give(tx, row.id, defaults.defaultClaims);
    // The transaction may be somebody else's.
    counts.forget();
    return { ...row, username_key: keys.username_key, email_key: keys.email_key };
  };

  return {
    list: async (options: ListOptions) => {
      const { rows, total, page, limit } = await userStore(db).page(options, counts);
      return listAnswer(await shown(rows), total, { page, limit });
    },

    /** Throws `user_not_found`, also for the user behind STATIC_API_KEY. */
    get,

    /** The same for whoever is signed in, the user behind STATIC_API_KEY included. */
    me: async (id: string) => show(await userStore(db).self(id)),

    /** The members of a group; their own claims and groups are left empty, as everywhere inside another object. */
    ofGroup: async (groupId: string): Promise<User[]> => (await userStore(db).ofGroup(groupId)).map((row) => toUser(row)),

    add,

    async create(actor: Actor, input: CreateUser): Promise<User> {
      mayTouch(actor, { is_admin: flag(input.isAdmin ?? false), role: input.role ?? '' });
      if (input.id && /^[0-]+$/.test(input.id)) throw invalidField('id', 'reserved', 'Id is reserved');
      const defaults = policy();
      if (defaults.requireEmail && !input.email) throw invalidField('email', 'required', 'Email is required');
      let id = '';
      await inTransaction(async (tx) => {
        const row = await add(tx, input, { actor, defaults });
        id = row.id;
        await audit.administered(tx, actor, { event: 'USER_CREATED', user: row, data: changes(undefined, described(row)) });
      });
      return get(id);
    },

    async update(actor: Actor, id: string, given: UpdateUser): Promise<User> {
      const rules = policy();
      const body = spelledOut(given);
      await inTransaction(async (tx) => {
        const store = userStore(tx);
        const administrators = body.isAdmin === false || body.disabled === true ? await store.holdAdministrators(actor.id) : undefined;
        const before = await store.forChange(id);
        if (!before) throw notFound();
        mayTouch(actor, before);
        const managed = before.ldap_id !== null && rules.ldapEnabled;
        const after = merged(before, managed ? { locale: body.locale } : body);
        mayTouch(actor, after);
        if (rules.requireEmail && after.email === null && before.email !== null)
          throw invalidField('email', 'required', 'Email is required');
        const wasActing = before.is_admin === 1 && before.disabled === 0;
        if (wasActing && (!after.is_admin || after.disabled) && (administrators ?? []).length <= 1)
          throw new AppError('last_administrator');
        await write(tx, actor, before, after);
      });
      return get(id);
    },

    /** What somebody may change about themselves. A key may not move its owner's e-mail address: that would be a way to sign in as them. */
    async updateMe(actor: Actor, body: UpdateMe): Promise<User> {
      const rules = policy();
      await inTransaction(async (tx) => {
        const before = await userStore(tx).forChange(actor.id);
        if (!before) throw notFound();
        const localeOnly = !rules.allowOwnAccountEdit || (before.ldap_id !== null && rules.ldapEnabled);
        const { username, email, firstName, lastName, displayName, locale } = body;
        const after = merged(before, localeOnly ? { locale } : { username, email, firstName, lastName, displayName, locale });
        const emailChanged = after.email !== before.email;
        if (emailChanged && actor.keyId !== undefined) throw new AppError('api_key_auth_not_allowed');
        if (rules.requireEmail && after.email === null && before.email !== null)
          throw invalidField('email', 'required', 'Email is required');
        if (derived(after).email_key !== before.email_key) after.email_verified = flag(rules.emailsVerified && after.email !== null);
        await write(tx, actor, before, after);
      });
      return show(await userStore(db).self(actor.id));
    },

    async remove(actor: Actor, id: string): Promise<void> {
      const rules = policy();
      await inTransaction(async (tx) => {
        const store = userStore(tx);
        const administrators = await store.holdAdministrators(actor.id);
        const before = await store.forChange(id);
        if (!before) throw notFound();
        mayTouch(actor, before);
        if (before.ldap_id !== null && rules.ldapEnabled && !before.disabled) throw new AppError('ldap_user_update');
        if (before.is_admin === 1 && before.disabled === 0 && administrators.length <= 1) throw new AppError('last_administrator');
        await groups.leaveAll(tx, id);
        await store.remove(id);
        await audit.administered(tx, actor, { event: 'USER_DELETED', user: before, data: changes(described(before), undefined) });
      });
    },

    async setGroups(actor: Actor, id: string, groupIds: readonly string[]): Promise<User> {
      await inTransaction(async (tx) => {
        const row = await userStore(tx).forMembership(id);
        if (!row) throw notFound();
        mayTouch(actor, row);
        await groups.replaceOfUser(tx, actor, row, groupIds);
      });
      return get(id);
    },

    /** Somebody as the engine sees them, with the claims of their own and of their groups merged; undefined when there is nobody. */
    async person(id: string): Promise<Person | undefined> {
      const row = await userStore(db).byId(id);
      if (!row) return undefined;
      const user = await show(row);
      const ofGroups = user.userGroups.flatMap((group) => group.customClaims.map((claim) => ({ ...claim, group: group.name })));
      return {
        id: user.id,
        username: user.username,
        email: user.email,
        emailVerified: user.emailVerified,
        firstName: user.firstName,
        lastName: user.lastName,
        displayName: user.displayName,
        locale: user.locale,
        disabled: user.disabled,
        updatedAt: row.updated_at,
        groups: user.userGroups.map(({ id: groupId, name }) => ({ id: groupId, name })),
        customClaims: mergeClaims([...user.customClaims.map((claim) => ({ ...claim, group: null })), ...ofGroups]),
      };
    },

    /** The name somebody is shown by; undefined when there is nobody. */
    async nameOf(id: string): Promise<string | undefined> {
      const row = await userStore(db).byId(id);
      return row && (row.display_name || `${row.first_name} ${row.last_name}`.trim() || row.username);
    },

    /** Somebody's e-mail address, for a message to them. Throws as `hold`. */
    async addressFor(actor: Actor, id: string): Promise<string | null> {
      const row = await userStore(db).byId(id);
      if (!row) throw notFound();
      mayTouch(actor, row);
      return row.email;
    },

    /** As `hold`, but everybody has a say over themselves. */
    async holdOwnOr(tx: Tx, actor: Actor, id: string): Promise<{ id: string; username: string }> {
      const row = await userStore(tx).forChange(id);
      if (!row) throw notFound();
      if (id !== actor.id) mayTouch(actor, row);
      return row;
    },

    /** Holds a user's row for a change that another feature makes to what is theirs. Throws `user_not_found`, or `forbidden` where the actor has no say. */
    async hold(tx: Tx, actor: Actor, id: string): Promise<{ id: string; username: string }> {
      const row = await userStore(tx).forChange(id);
      if (!row) throw notFound();
      mayTouch(actor, row);
      return row;
    },
  };
}
export type Users = ReturnType<typeof createUsers>;
