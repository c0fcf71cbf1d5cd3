import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import { changes } from '#platform/changes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { conflictOf } from '#platform/db/unique.ts';
import { AppError, invalidField, notFound } from '#platform/errors.ts';
import { date, type ListOptions, listAnswer } from '#platform/http/contract.ts';
import type { Random } from '#platform/random.ts';
import { searchKey } from '#platform/text.ts';
import type { Audit } from '../audit/service.ts';
import type { Api } from './contract.ts';
import { type ApiRow, apiStore, type PermissionRow } from './store.ts';

type Tx = Transaction<Tables>;
interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  audit: Audit;
  /** Our own audience, which no API may take. */
  issuer: string;
}

export const apiNotFound = () => notFound('API');

/** A row as the REST API shows it. */
export const toApi = (row: ApiRow, permissions: readonly PermissionRow[]): Api => ({
  id: row.id,
  name: row.name,
  resource: row.resource,
  createdAt: date(row.created_at),
  permissions: permissions.map((permission) => ({
    id: permission.id,
    key: permission.key,
    name: permission.name,
    ...(permission.description === null ? {} : { description: permission.description }),
    allowedForCimdClients: permission.allow_cimd === 1,
  })),
  allowCimdClients: row.allow_cimd === 1,
});

const described = ({ id, permissions, ...api }: Api) => ({ apiId: id, ...api, permissions: permissions.map(({ id: _, ...told }) => told) });

/** Those of the ids that are permissions of the API. A client that read the API before one of them went sends that one too, and goes on with the others. */
export const knownPermissions = (permissions: readonly PermissionRow[], ids: readonly string[]): string[] => {
  const known = new Set(permissions.map((permission) => permission.id));
  return [...new Set(ids)].filter((id) => known.has(id));
};

/** Resource servers and their permissions. */
export function createApis({ db, clock, random, audit, issuer }: Deps) {
  /** Several rows with their permissions, in one statement more. */
  const shown = async <R extends ApiRow>(rows: readonly R[]): Promise<{ row: R; api: Api }[]> => {
    const permissions = await apiStore(db).permissionsOf(rows.map((row) => row.id));
    return rows.map((row) => ({
      row,
      api: toApi(
        row,
        permissions.filter((permission) => permission.api_id === row.id),
      ),
    }));
  };
  const show = async (of: Db, row: ApiRow): Promise<Api> => toApi(row, await apiStore(of).permissionsOf([row.id]));
  const get = async (id: string): Promise<Api> => {
    const row = await apiStore(db).byId(id);
    if (!row) throw apiNotFound();
    return show(db, row);
  };
  const hold = async (tx: Tx, id: string): Promise<ApiRow> => {
    const row = await apiStore(tx).forChange(id);
    if (!row) throw apiNotFound();
    return row;
  };

  /** Changes one API and tells the audit log what differs. */
  const change = async (actor: Actor, id: string, event: string, work: (tx: Tx, row: ApiRow) => Promise<void>): Promise<Api> => {
    await db.transaction().execute(async (tx) => {
      const row = await hold(tx, id);
      const before = await show(tx, row);
      await work(tx, row);
      const changed = await apiStore(tx).byId(id);
      const after = changed && (await show(tx, changed));
      const data = changes(described(before), after && described(after));
      if (data) await audit.administered(tx, actor, { event, data: { apiId: id, apiName: row.name, ...data } });
    });
    return get(id);
  };

  return {
    async list(options: ListOptions) {
      const { rows, total, page, limit } = await apiStore(db).page(options);
      return listAnswer(
        (await shown(rows)).map(({ api }) => api),
        total,
        { page, limit },
      );
    },
    shown,
    get,
    hold,

    async create(actor: Actor, { name, resource }: { name: string; resource: string }): Promise<Api> {
      if (resource.toLowerCase() === issuer)
        throw invalidField('resource', 'reserved', 'Resource must not be the address of PocketID itself');
      const now = clock.now();
      const row = {
        id: random.rowId(),
        name,
        resource,
        allow_cimd: 0,
        search_key: searchKey(name, resource),
        created_at: now,
        updated_at: now,
      } as const;
      const api = toApi(row, []);
      await db
        .transaction()
        .execute(async (tx) => {
          await apiStore(tx).insert(row);
          await audit.administered(tx, actor, { event: 'API_CREATED', data: changes(undefined, described(api)) });
        })
        .catch((cause: unknown) => {
          throw cause instanceof AppError ? cause : conflictOf(cause, { 'api.resource': 'Resource', api_resource_key: 'Resource' });
        });
      return api;
    },

    rename: (actor: Actor, id: string, name: string): Promise<Api> =>
      change(actor, id, 'API_UPDATED', async (tx, row) => {
        await apiStore(tx).update(id, { name, search_key: searchKey(name, row.resource), updated_at: clock.now() });
      }),

    async remove(actor: Actor, id: string): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const api = await show(tx, await hold(tx, id));
        await apiStore(tx).remove(id);
        await audit.administered(tx, actor, { event: 'API_DELETED', data: changes(described(api), undefined) });
      });
    },

    /** The whole list; a permission whose key stays keeps its id and its grants, one that goes takes them along. */
    setPermissions: (actor: Actor, id: string, wanted: readonly { key: string; name: string; description?: string }[]): Promise<Api> =>
      change(actor, id, 'API_PERMISSIONS_UPDATED', async (tx) => {
        const store = apiStore(tx);
        const before = new Map((await store.permissionsOf([id])).map((row) => [row.key, row]));
        const gone = [...before.values()].filter((row) => !wanted.some((permission) => permission.key === row.key));
        await store.removePermissions(gone.map((row) => row.id));
        for (const [position, { key, name, description }] of wanted.entries()) {
          const known = before.get(key);
          const told = { name, description: description || null, position };
          if (known) await store.updatePermission(known.id, told);
          else await store.insertPermission({ id: random.uuid(), api_id: id, key, allow_cimd: 0, ...told });
        }
      }),

    setCimdAccess: (actor: Actor, id: string, enabled: boolean, permissionIds: readonly string[]): Promise<Api> =>
      change(actor, id, 'API_CIMD_ACCESS_UPDATED', async (tx) => {
        const store = apiStore(tx);
        const permissions = await store.permissionsOf([id]);
        const allowed = enabled ? knownPermissions(permissions, permissionIds) : [];
        await store.update(id, { allow_cimd: enabled ? 1 : 0, updated_at: clock.now() });
        for (const permission of permissions)
          await store.updatePermission(permission.id, { allow_cimd: allowed.includes(permission.id) ? 1 : 0 });
      }),
  };
}
export type Apis = ReturnType<typeof createApis>;
