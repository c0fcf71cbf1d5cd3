import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { AppError, invalidField, notFound } from '#platform/errors.ts';
import { ALPHANUMERIC, type Random, sha256 } from '#platform/random.ts';
import type { Audit } from '../audit/service.ts';
import type { Secret } from './contract.ts';
import { clientNotFound } from './service.ts';
import { clientStore } from './store.ts';
import { toSecret } from './view.ts';

/** More than this many living secrets of one client is somebody's mistake. */
const MOST = 20;
const LENGTH = 32;

interface Held {
  id: string;
  name: string;
  is_public: 0 | 1;
}
interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  audit: Audit;
  /** The client's row, held until the transaction ends. */
  hold: (tx: Transaction<Tables>, id: string) => Promise<Held>;
}

/** Client secrets: shown once, stored as a hash and their first four characters. */
export function createClientSecrets({ db, clock, random, audit, hold }: Deps) {
  const add = async (tx: Transaction<Tables>, client: Held, given: string | undefined, expiresAt: number | null) => {
    if (client.is_public) throw new AppError('validation_failed', { message: 'A public client has no secret' });
    const value = given ?? random.text(LENGTH, ALPHANUMERIC);
    const row = { id: random.rowId(), client_id: client.id, prefix: value.slice(0, 4), created_at: clock.now(), expires_at: expiresAt };
    await clientStore(tx).insertSecret({ ...row, secret_hash: sha256(value) });
    return { ...toSecret(row, clock.now()), secret: value };
  };

  return {
    async list(clientId: string): Promise<Secret[]> {
      const store = clientStore(db);
      if (!(await store.byId(clientId))) throw clientNotFound();
      return (await store.secretsOf([clientId])).map((row) => toSecret(row, clock.now()));
    },

    /** Adds one; the others stay valid. `given`: a value of the caller's own. `expiresAt` in seconds. */
    async create(actor: Actor, clientId: string, { given, expiresAt }: { given?: string; expiresAt?: number }) {
      if (expiresAt !== undefined && expiresAt <= clock.now())
        throw invalidField('expiresAt', 'invalid_format', 'Expires at must be in the future');
      return db.transaction().execute(async (tx) => {
        const client = await hold(tx, clientId);
        const living = (await clientStore(tx).secretsOf([clientId])).filter((row) => toSecret(row, clock.now()).isActive);
        if (living.length >= MOST)
          throw new AppError('validation_failed', { message: `A client has at most ${MOST} secrets that work: delete one first` });
        const secret = await add(tx, client, given, expiresAt ?? null);
        const data = { secretId: secret.id, prefix: secret.prefix };
        await audit.administered(tx, actor, { event: 'CLIENT_SECRET_CREATED', client, data });
        return secret;
      });
    },

    /** Makes one the only one; all others stop working at once. Answers the clear value. */
    replace: (actor: Actor, clientId: string, given: string | undefined): Promise<string> =>
      db.transaction().execute(async (tx) => {
        const client = await hold(tx, clientId);
        await clientStore(tx).removeSecrets(clientId);
        const secret = await add(tx, client, given, null);
        const data = { secretId: secret.id, prefix: secret.prefix };
        await audit.administered(tx, actor, { event: 'CLIENT_SECRET_REPLACED', client, data });
        return secret.secret;
      }),

    /** Stops working with the next request that presents it. */
    remove: (actor: Actor, clientId: string, id: string): Promise<void> =>
      db.transaction().execute(async (tx) => {
        const client = await hold(tx, clientId);
        const removed = await clientStore(tx).removeSecret(clientId, id);
        if (!removed) throw notFound('Client secret');
        await audit.administered(tx, actor, { event: 'CLIENT_SECRET_DELETED', client, data: { secretId: id, prefix: removed.prefix } });
      }),
  };
}
export type ClientSecrets = ReturnType<typeof createClientSecrets>;
