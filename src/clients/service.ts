import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import { type UriPolicy, uriPatternProblem } from '#oidc/checks/uri-pattern.ts';
import { PROTOCOL_CLAIMS } from '#oidc/claims.ts';
import { changes } from '#platform/changes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { conflictOf } from '#platform/db/unique.ts';
import { AppError, type FieldError, invalidFields, notFound } from '#platform/errors.ts';
import { type ListOptions, listAnswer } from '#platform/http/contract.ts';
import type { Random } from '#platform/random.ts';
import { searchKey } from '#platform/text.ts';
import type { Audit } from '../audit/service.ts';
import type { GroupMinimal } from '../groups/minimal.contract.ts';
import type { Client, ClientMeta, ClientWithGroups, CreateClient, UpdateClient } from './contract.ts';
import { blankClient, cimdBody, mergedClient, spelledOut } from './merge.ts';
import { type ClientRow, clientStore } from './store.ts';
import { described, type Logos, toClient, toMeta, toSecret } from './view.ts';

type Tx = Transaction<Tables>;

/** An image that was fetched and found good, not stored yet. */
export interface FetchedLogo {
  type: string;
  bytes: Uint8Array;
}
/** What clients need of groups and images. */
export interface ClientNeighbours {
  groupsOf(clientId: string): Promise<GroupMinimal[]>;
  /** Those of the ids that are groups, with their names. */
  existingGroups(tx: Db, ids: readonly string[]): Promise<{ id: string; name: string }[]>;
  /** Which logos each client has; one that has none is not in the map. */
  logosOf(clientIds: readonly string[]): Promise<Map<string, Logos>>;
  /** Downloads a logo from a public address. Throws `logo_download_failed`, `logo_type_not_supported` or `logo_too_large`. */
  fetchLogo(url: string, timeoutMs: number): Promise<FetchedLogo>;
  /** Makes it the client's logo, and tells the audit log. */
  storeLogo(tx: Tx, actor: Actor, client: { id: string; name: string }, variant: 'light' | 'dark', logo: FetchedLogo): Promise<void>;
}
interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  audit: Audit;
  neighbours: ClientNeighbours;
  uriPolicy: UriPolicy;
}

/** How long an administrator waits for a logo. Both are asked for at once, so that two take no longer. */
const LOGO_MS = 15_000;

export const clientNotFound = () => notFound('OIDC client');

/** Refuses the patterns of the body that may not be registered; those that stand already are let be, so that a stricter rule stops no other change. */
const checkPatterns = (before: ClientRow, body: UpdateClient | CreateClient, policy: UriPolicy): void => {
  const lists = [
    ['callbackURLs', 'Callback URL', body.callbackURLs, before.callback_urls],
    ['logoutCallbackURLs', 'Logout callback URL', body.logoutCallbackURLs, before.logout_callback_urls],
  ] as const;
  const fields: FieldError[] = [];
  for (const [field, name, given, standing] of lists) {
    const known = new Set(JSON.parse(standing) as string[]);
    given?.forEach((pattern, i) => {
      const problem = known.has(pattern) ? undefined : uriPatternProblem(pattern, policy);
      if (problem) fields.push({ field: `${field}[${i}]`, code: 'invalid_format', message: `${name} ${i + 1} is not valid: ${problem}` });
    });
  }
  if (fields.length > 0) throw invalidFields(fields);
};

/** What a token says of itself is not mapped: a name of it would do nothing, or take away the claim that it is given to. */
const checkMapping = ({ claimsMapping }: UpdateClient | CreateClient): void => {
  const reserved = (field: string, names: readonly string[]): FieldError[] =>
    names
      .filter((name) => PROTOCOL_CLAIMS.has(name))
      .map((name) => ({ field: `claimsMapping.${field}`, code: 'reserved', message: `Claim ${name} is reserved and cannot be used` }));
  const fields = [
    ...Object.entries(claimsMapping?.rename ?? {}).flatMap(([from, to]) => reserved(`rename.${from}`, [...new Set([from, to])])),
    ...Object.keys(claimsMapping?.fixed ?? {}).flatMap((name) => reserved(`fixed.${name}`, [name])),
  ];
  if (fields.length > 0) throw invalidFields(fields);
};

export function createClients({ db, clock, random, audit, neighbours, uriPolicy }: Deps) {
  const shown = async (rows: readonly ClientRow[]): Promise<Client[]> => {
    if (rows.length === 0) return [];
    const ids = rows.map((row) => row.id);
    const [secrets, logos] = await Promise.all([clientStore(db).secretsOf(ids), neighbours.logosOf(ids)]);
    const now = clock.now();
    return rows.map((row) =>
      toClient(
        row,
        secrets.filter((secret) => secret.client_id === row.id).map((secret) => toSecret(secret, now)),
        logos.get(row.id),
      ),
    );
  };
  const show = async (id: string): Promise<Client> => {
    const row = await clientStore(db).byId(id);
    const [client] = row ? await shown([row]) : [];
    if (!client) throw clientNotFound();
    return client;
  };
  const get = async (id: string): Promise<ClientWithGroups> => ({ ...(await show(id)), allowedUserGroups: await neighbours.groupsOf(id) });

  const hold = async (tx: Tx, id: string): Promise<ClientRow> => {
    const row = await clientStore(tx).forChange(id);
    if (!row) throw clientNotFound();
    return row;
  };

  /** Logos come from elsewhere, so they are fetched before the transaction and refuse the whole change when they cannot be had. */
  const fetchLogos = async ({ logoUrl, darkLogoUrl }: Pick<UpdateClient, 'logoUrl' | 'darkLogoUrl'>) => {
    const [light, dark] = await Promise.all([logoUrl, darkLogoUrl].map((url) => (url ? neighbours.fetchLogo(url, LOGO_MS) : undefined)));
    return { light, dark };
  };
  const storeLogos = async (tx: Tx, actor: Actor, client: ClientRow, { light, dark }: Awaited<ReturnType<typeof fetchLogos>>) => {
    if (light) await neighbours.storeLogo(tx, actor, client, 'light', light);
    if (dark) await neighbours.storeLogo(tx, actor, client, 'dark', dark);
  };

  /** Makes these the groups that list the client as theirs, and tells the audit log when that changes anything. */
  const allowOnly = async (tx: Tx, actor: Actor, client: ClientRow, groupIds: readonly string[]): Promise<void> => {
    const store = clientStore(tx);
    const wanted = await neighbours.existingGroups(tx, [...new Set(groupIds)]);
    if (wanted.length < new Set(groupIds).size) throw notFound('User group');
    const had = await neighbours.existingGroups(tx, await store.allowedGroupIds(client.id));
    const names = (groups: typeof had) => ({ allowedUserGroups: groups.map((group) => group.name).sort() });
    const data = changes(names(had), names(wanted));
    if (!data) return;
    await store.disallow(client.id);
    await store.allow(wanted.map((group) => ({ client_id: client.id, group_id: group.id })));
    await audit.administered(tx, actor, { event: 'CLIENT_ALLOWED_GROUPS_UPDATED', client, data });
  };

  return {
    async list(options: ListOptions) {
      const store = clientStore(db);
      const { rows, total, page, limit } = await store.page(options);
      const counted = rows.length === 0 ? [] : await store.allowedCounts(rows.map((row) => row.id));
      const counts = new Map(counted.map(({ client_id, n }) => [client_id, n]));
      const data = (await shown(rows)).map((client) => ({ ...client, allowedUserGroupsCount: counts.get(client.id) ?? 0 }));
      return listAnswer(data, total, { page, limit });
    },

    /** Throws `not_found`. */
    get,

    /** What anybody may know. Throws `not_found`. */
    async meta(id: string): Promise<ClientMeta> {
      const row = await clientStore(db).byId(id);
      if (!row) throw clientNotFound();
      return toMeta(row, (await neighbours.logosOf([id])).get(id));
    },

    /** The clients that list a group as allowed. */
    async metaOfGroup(groupId: string): Promise<ClientMeta[]> {
      const rows = await clientStore(db).ofGroup(groupId);
      const logos = rows.length === 0 ? undefined : await neighbours.logosOf(rows.map((row) => row.id));
      return rows.map((row) => toMeta(row, logos?.get(row.id)));
    },

    hold,

    async create(actor: Actor, body: CreateClient): Promise<ClientWithGroups> {
      const now = clock.now();
      const blank = blankClient(body.id ?? random.rowId(), now);
      checkPatterns(blank, body, uriPolicy);
      checkMapping(body);
      const logos = await fetchLogos(body);
      const row = mergedClient(blank, body);
      await db
        .transaction()
        .execute(async (tx) => {
          await clientStore(tx).insert({ ...row, search_key: searchKey(row.name) });
          await audit.administered(tx, actor, { event: 'CLIENT_CREATED', client: row, data: changes(undefined, described(row)) });
          await storeLogos(tx, actor, row, logos);
        })
        .catch((cause: unknown) => {
          throw cause instanceof AppError ? cause : conflictOf(cause, { 'client.id': taken(), client_pkey: taken() });
        });
      return get(row.id);
    },

    async update(actor: Actor, id: string, given: UpdateClient): Promise<ClientWithGroups> {
      const known = await clientStore(db).byId(id);
      if (!known) throw clientNotFound();
      // A client that describes itself names its logo there.
      const logos = await fetchLogos(known.client_type === 'cimd' ? {} : given);
      await db.transaction().execute(async (tx) => {
        const before = await hold(tx, id);
        const body = before.client_type === 'cimd' ? cimdBody(spelledOut(given), before) : spelledOut(given);
        checkPatterns(before, body, uriPolicy);
        checkMapping(body);
        const after = mergedClient(before, body);
        if (body.isGroupRestricted === false) await allowOnly(tx, actor, after, []);
        await storeLogos(tx, actor, after, logos);
        const data = changes(described(before), described(after));
        if (!data && after.pkce_supported === before.pkce_supported) return;
        await clientStore(tx).update(id, { ...after, search_key: searchKey(after.name), updated_at: clock.now() });
        if (data) await audit.administered(tx, actor, { event: 'CLIENT_UPDATED', client: after, data });
      });
      return get(id);
    },

    /** With everything that was granted to it. One that is not there is gone already, and that is no failure: clients of the API retry. */
    async remove(actor: Actor, id: string): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const before = await clientStore(tx).forRemoval(id);
        if (!before) return;
        await clientStore(tx).remove(id);
        await audit.administered(tx, actor, { event: 'CLIENT_DELETED', client: before, data: changes(described(before), undefined) });
      });
    },

    /** Makes these the groups that may use the client; whether it is restricted at all is told by `isGroupRestricted`. */
    async setAllowedGroups(actor: Actor, id: string, groupIds: readonly string[]): Promise<Client> {
      await db.transaction().execute(async (tx) => allowOnly(tx, actor, await hold(tx, id), groupIds));
      return show(id);
    },

    /** The same from the group's side, within the caller's transaction. */
    async allowForGroup(tx: Tx, actor: Actor, group: { id: string; name: string }, clientIds: readonly string[]): Promise<void> {
      const store = clientStore(tx);
      const wanted = await store.existing([...new Set(clientIds)]);
      if (wanted.length < new Set(clientIds).size) throw clientNotFound();
      const had = await store.existing(await store.clientIdsOfGroup(group.id));
      const ids = (list: typeof had) => JSON.stringify(list.map((client) => client.id).sort());
      if (ids(had) === ids(wanted)) return;
      const names = (list: typeof had) => ({ allowedOidcClients: list.map((client) => client.name).sort() });
      // Two clients may have one name.
      const data = changes(names(had), names(wanted)) ?? {};
      await store.disallowGroup(group.id);
      await store.allow(wanted.map((client) => ({ client_id: client.id, group_id: group.id })));
      await audit.administered(tx, actor, {
        event: 'GROUP_ALLOWED_CLIENTS_UPDATED',
        data: { groupId: group.id, groupName: group.name, ...data },
      });
    },
  };
}
const taken = () => new AppError('client_id_already_exists');
export type Clients = ReturnType<typeof createClients>;
