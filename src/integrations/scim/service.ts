import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import { changes } from '#platform/changes.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { conflictOf } from '#platform/db/unique.ts';
import { AppError, notFound } from '#platform/errors.ts';
import { date, dateOrNull } from '#platform/http/contract.ts';
import type { Random } from '#platform/random.ts';
import { MASK, type Seal } from '#platform/seal.ts';
import type { Audit } from '../../audit/service.ts';
import type { ClientMeta } from '../../clients/contract.ts';
import type { CreateProvider, ScimProvider, UpdateProvider } from './contract.ts';
import { type ProviderRow, scimStore } from './store.ts';

const PURPOSE = 'scim token';

interface Clients {
  /** Throws `not_found`. */
  meta(id: string): Promise<ClientMeta>;
  /** The client's row, held until the transaction ends; throws `not_found`. */
  hold(tx: Transaction<Tables>, id: string): Promise<{ id: string; name: string }>;
}
interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  seal: Seal;
  audit: Audit;
  clients: Clients;
}
export type Tokens = 'clear' | 'masked';

/** What an audit row tells of a provider: of its token only whether there is one. */
const described = (row: ProviderRow, token = row.sealed_token === null ? 'none' : 'set') => ({
  providerId: row.id,
  endpoint: row.endpoint,
  oidcClientId: row.client_id,
  token,
});
const missing = () => notFound('SCIM service provider');
const CONFLICTS = { client_id: 'OIDC client' };

/** Where to push the users of a client. Stored and sealed; the pushing itself is not part of this version. */
export function createScimProviders({ db, clock, random, seal, audit, clients }: Deps) {
  const show = async (row: ProviderRow, tokens: Tokens): Promise<ScimProvider> => ({
    id: row.id,
    endpoint: row.endpoint,
    token: row.sealed_token === null ? '' : tokens === 'clear' ? seal.open(PURPOSE, row.sealed_token) : MASK,
    lastSyncedAt: dateOrNull(row.last_synced_at),
    oidcClient: await clients.meta(row.client_id),
    createdAt: date(row.created_at),
  });
  const sealed = (token: string | undefined, before: string | null) =>
    token === undefined || token === MASK ? before : token === '' ? null : seal.seal(PURPOSE, token);
  const change = (work: (tx: Transaction<Tables>) => Promise<void>) =>
    db
      .transaction()
      .execute(work)
      .catch((cause: unknown) => {
        throw cause instanceof AppError ? cause : conflictOf(cause, CONFLICTS);
      });

  return {
    async ofClient(clientId: string, tokens: Tokens): Promise<ScimProvider> {
      await clients.meta(clientId);
      const row = await scimStore(db).ofClient(clientId);
      if (!row) throw missing();
      return show(row, tokens);
    },

    async create(actor: Actor, { endpoint, token, oidcClientId }: CreateProvider, tokens: Tokens): Promise<ScimProvider> {
      const times = { last_synced_at: null, created_at: clock.now() };
      const row = { id: random.uuid(), client_id: oidcClientId, endpoint, sealed_token: sealed(token, null), ...times };
      await change(async (tx) => {
        const client = await clients.hold(tx, oidcClientId);
        await scimStore(tx).insert(row);
        await audit.administered(tx, actor, { event: 'SCIM_PROVIDER_CREATED', client, data: changes(undefined, described(row)) });
      });
      return show(row, tokens);
    },

    async update(actor: Actor, id: string, body: UpdateProvider, tokens: Tokens): Promise<ScimProvider> {
      let after: ProviderRow | undefined;
      await change(async (tx) => {
        const before = await scimStore(tx).forChange(id);
        if (!before) throw missing();
        const client = await clients.hold(tx, body.oidcClientId ?? before.client_id);
        after = {
          ...before,
          client_id: client.id,
          endpoint: body.endpoint ?? before.endpoint,
          sealed_token: sealed(body.token, before.sealed_token),
        };
        const anew = after.sealed_token !== before.sealed_token && after.sealed_token !== null;
        const data = changes(described(before), described(after, anew ? 'set anew' : undefined));
        if (!data) return;
        await scimStore(tx).update(id, { client_id: after.client_id, endpoint: after.endpoint, sealed_token: after.sealed_token });
        await audit.administered(tx, actor, { event: 'SCIM_PROVIDER_UPDATED', client, data });
      });
      if (!after) throw missing();
      return show(after, tokens);
    },

    /** One that is not there is gone already, and that is no failure: clients of the API retry. */
    remove: (actor: Actor, id: string): Promise<void> =>
      change(async (tx) => {
        const row = await scimStore(tx).remove(id);
        if (row) await audit.administered(tx, actor, { event: 'SCIM_PROVIDER_DELETED', data: changes(described(row), undefined) });
      }),

    async sync(id: string): Promise<never> {
      if (!(await scimStore(db).byId(id))) throw missing();
      throw new AppError('scim_unavailable');
    },
  };
}
export type ScimProviders = ReturnType<typeof createScimProviders>;
