import type { Actor } from '#access/actor.ts';
import { changes } from '#platform/changes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import { notFound } from '#platform/errors.ts';
import { type ListOptions, listAnswer } from '#platform/http/contract.ts';
import type { Audit } from '../audit/service.ts';
import type { Api, ApiClient, ApiGrant, ClientGrant, SetGrant } from './contract.ts';
import { type Apis, knownPermissions } from './service.ts';
import { apiStore } from './store.ts';

interface ClientColumns {
  id: string;
  name: string;
  client_type: string;
  is_public: 0 | 1;
}
interface Deps {
  db: Db;
  clock: Clock;
  audit: Audit;
  apis: Apis;
  logosOf(clientIds: readonly string[]): Promise<Map<string, { light: boolean; dark: boolean }>>;
}

/** What a client may ask for at an API: keys are scopes of that API. */
export interface ApiAccess {
  apiId: string;
  name: string;
  /** Undefined: no access of this kind. */
  user?: { key: string; name: string }[];
  client?: { key: string; name: string }[];
}

const clientNotFound = () => notFound('OIDC client');

/** Which clients may use which APIs. */
export function createApiGrants({ db, clock, audit, apis, logosOf }: Deps) {
  const clientsShown = async (rows: readonly ClientColumns[]): Promise<ApiClient[]> => {
    const logos = await logosOf(rows.map((row) => row.id));
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      clientType: row.client_type as ApiClient['clientType'],
      isPublic: row.is_public === 1,
      hasLogo: logos.get(row.id)?.light ?? false,
      hasDarkLogo: logos.get(row.id)?.dark ?? false,
    }));
  };

  type Granted = Awaited<ReturnType<ReturnType<typeof apiStore>['granted']>>;
  const fields = (
    api: Api,
    client: Pick<ClientColumns, 'id' | 'client_type'>,
    access: { user_access: number | null; client_access: number | null },
    granted: Granted,
  ) => {
    const ids = (kind: string) =>
      granted.filter((row) => row.api_id === api.id && row.client_id === client.id && row.kind === kind).map((row) => row.permission_id);
    const byDocument = client.client_type === 'cimd' && api.allowCimdClients;
    return {
      userDelegatedAccess: access.user_access === 1,
      clientAccess: access.client_access === 1,
      userDelegatedPermissionIds: ids('user'),
      clientPermissionIds: ids('client'),
      cimdGrantedAccess: byDocument,
      cimdGrantedPermissionIds: byDocument ? api.permissions.filter((p) => p.allowedForCimdClients).map((p) => p.id) : [],
    };
  };
  const clientOf = async (of: Db, id: string): Promise<ClientColumns> => {
    const client = await apiStore(of).client(id);
    if (!client) throw clientNotFound();
    return client;
  };

  return {
    async clientsOf(apiId: string, options: ListOptions) {
      const api = await apis.get(apiId);
      const store = apiStore(db);
      const { rows, total, page, limit } = await store.clientsOf(api, options);
      const [clients, granted] = await Promise.all([clientsShown(rows), store.granted(rows.map((row) => ({ apiId, clientId: row.id })))]);
      const data: ClientGrant[] = rows.map((row, i) => ({ client: clients[i] as ApiClient, ...fields(api, row, row, granted) }));
      return listAnswer(data, total, { page, limit });
    },

    async clientsWithout(apiId: string, options: ListOptions) {
      await apis.get(apiId);
      const { rows, total, page, limit } = await apiStore(db).clientsWithout(apiId, options);
      return listAnswer(await clientsShown(rows), total, { page, limit });
    },

    /** Whole, without pages: that is how the operator's client reads it. */
    async apisOf(clientId: string): Promise<ApiGrant[]> {
      const client = await clientOf(db, clientId);
      const store = apiStore(db);
      const rows = await store.apisOf(client);
      const [shown, granted] = await Promise.all([apis.shown(rows), store.granted(rows.map((row) => ({ apiId: row.id, clientId })))]);
      return shown.map(({ row, api }) => ({ api, ...fields(api, client, row, granted) }));
    },

    async apisWithout(clientId: string, options: ListOptions) {
      await clientOf(db, clientId);
      const { rows, total, page, limit } = await apiStore(db).apisWithout(clientId, options);
      return listAnswer(
        (await apis.shown(rows)).map(({ api }) => api),
        total,
        { page, limit },
      );
    },

    /** Makes this the client's grant. A permission implies its access; a public client cannot act for itself. */
    async set(actor: Actor, apiId: string, clientId: string, wanted: SetGrant): Promise<ClientGrant> {
      await db.transaction().execute(async (tx) => {
        const row = await apis.hold(tx, apiId);
        const client = await clientOf(tx, clientId);
        const store = apiStore(tx);
        const permissions = await store.permissionsOf([apiId]);
        const user = knownPermissions(permissions, wanted.userDelegatedPermissionIds ?? []);
        const own = client.is_public ? [] : knownPermissions(permissions, wanted.clientPermissionIds ?? []);
        const access = {
          user: wanted.userDelegatedAccess || user.length > 0,
          client: !client.is_public && (wanted.clientAccess || own.length > 0),
        };
        const keyOf = (id: string) => permissions.find((permission) => permission.id === id)?.key;
        const before = await store.grant(apiId, clientId);
        const held = before ? await store.granted([{ apiId, clientId }]) : [];
        await store.putGrant({
          api_id: apiId,
          client_id: clientId,
          user_access: access.user ? 1 : 0,
          client_access: access.client ? 1 : 0,
          created_at: clock.now(),
        });
        await store.replaceGranted(apiId, clientId, [
          ...user.map((permission_id) => ({ permission_id, kind: 'user' })),
          ...own.map((permission_id) => ({ permission_id, kind: 'client' })),
        ]);
        const kind = (name: string) => held.filter((granted) => granted.kind === name).map((granted) => keyOf(granted.permission_id));
        const was = before && {
          userDelegatedAccess: before.user_access === 1,
          clientAccess: before.client_access === 1,
          userDelegated: kind('user').sort(),
          client: kind('client').sort(),
        };
        const is = {
          userDelegatedAccess: access.user,
          clientAccess: access.client,
          userDelegated: user.map(keyOf).sort(),
          client: own.map(keyOf).sort(),
        };
        const data = changes(was, is);
        if (data) await audit.administered(tx, actor, { event: 'API_GRANT_UPDATED', client, data: { apiId, apiName: row.name, ...data } });
      });
      const [api, client, grant] = await Promise.all([apis.get(apiId), clientOf(db, clientId), apiStore(db).grant(apiId, clientId)]);
      if (!grant) throw clientNotFound();
      const granted = await apiStore(db).granted([{ apiId, clientId }]);
      const [shown] = await clientsShown([client]);
      return { client: shown as ApiClient, ...fields(api, client, grant, granted) };
    },

    /** Takes effect with the next token that is asked for. One that is not there is withdrawn already. */
    async remove(actor: Actor, apiId: string, clientId: string): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const row = await apis.hold(tx, apiId);
        const client = await clientOf(tx, clientId);
        const store = apiStore(tx);
        if (!(await store.grant(apiId, clientId))) return;
        await store.removeGrant(apiId, clientId);
        await audit.administered(tx, actor, { event: 'API_GRANT_DELETED', client, data: { apiId, apiName: row.name } });
      });
    },

    /** For the engine: what a client may ask for at a resource, read anew; undefined when the resource is unknown or not granted. */
    async accessTo(resource: string, clientId: string): Promise<ApiAccess | undefined> {
      const rows = await apiStore(db).accessTo(resource, clientId);
      const [first] = rows;
      if (!first) return undefined;
      const permissions = (kind: string) =>
        rows.flatMap((row) => (row.kind === kind && row.key !== null ? [{ key: row.key, name: row.title ?? row.key }] : []));
      return {
        apiId: first.id,
        name: first.name,
        ...(first.user_access ? { user: permissions('user') } : {}),
        ...(first.client_access ? { client: permissions('client') } : {}),
      };
    },
  };
}
export type ApiGrants = ReturnType<typeof createApiGrants>;
