import { timingSafeEqual } from 'node:crypto';
import type { Actor } from '#access/actor.ts';
import { type Caller, type KeyScope, roleOf } from '#access/caller.ts';
import { decidePerson } from '#access/decide.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import { AppError } from '#platform/errors.ts';
import { date, dateOrNull, type ListOptions, listAnswer } from '#platform/http/contract.ts';
import type { Log } from '#platform/log.ts';
import { ALPHANUMERIC, type Random, sha256 } from '#platform/random.ts';
import type { Audit } from '../audit/service.ts';
import type { ApiKey } from './contract.ts';
import { apiKeyStore, type KeyRow } from './store.ts';

/** The user whom STATIC_API_KEY speaks for: an administrator in no list, who never signs in. */
export const STATIC_USER_ID = '00000000-0000-0000-0000-000000000000';

/** A key's last use is written at most this often, in seconds. */
const TOUCH_SECONDS = 60;
/** So long after its end a key can still be renewed, in seconds. */
const KEPT_SECONDS = 90 * 86_400;
const LENGTH = 32;

interface Owner {
  user_id: string;
  username: string;
  is_admin: 0 | 1;
  role: string;
  disabled: 0 | 1;
}
const toApiKey = (row: KeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  description: row.description,
  expiresAt: dateOrNull(row.expires_at),
  lastUsedAt: dateOrNull(row.last_used_at),
  createdAt: date(row.created_at),
  expirationEmailSent: row.expiration_email_sent === 1,
  prefix: row.prefix,
  scopes: JSON.parse(row.scopes) as ApiKey['scopes'],
});

export function createApiKeys(deps: { db: Db; clock: Clock; random: Random; log: Log; audit: Audit; staticKey: string | undefined }) {
  const { db, clock, random, log, audit, staticKey } = deps;
  const store = apiKeyStore(db);
  const staticHash = staticKey === undefined ? undefined : Buffer.from(sha256(staticKey));

  /** Keys whose last use is being written: of many calls at once one writes. */
  const noting = new Set<string>();
  /** Never waited for, and never more than a line in the log: a busy database must not slow a call down to note when it was. */
  const touch = (id: string, lastUsedAt: number | null) => {
    const now = clock.now();
    if (noting.has(id) || (lastUsedAt !== null && lastUsedAt > now - TOUCH_SECONDS)) return;
    noting.add(id);
    store
      .touch(id, now, now - TOUCH_SECONDS)
      .catch((cause: unknown) => log.debug('the last use of an API key was not written', { key: id, detail: String(cause) }))
      .finally(() => noting.delete(id));
  };

  const callerOf = (owner: Owner, key: { id: string; scopes: readonly KeyScope[] }): Caller => {
    const decision = decidePerson({ id: owner.user_id, disabled: owner.disabled });
    if (!decision.allow) throw new AppError('invalid_api_key', { detail: decision.reason });
    return { via: 'api-key', userId: owner.user_id, username: owner.username, role: roleOf(owner), key };
  };

  /** A value nobody has seen, and what is kept of it. */
  const fresh = () => {
    const token = random.text(LENGTH, ALPHANUMERIC);
    return { token, kept: { key_hash: sha256(token), prefix: token.slice(0, 4) } };
  };
  const future = (expiresAt: number | undefined): number | null => {
    if (expiresAt !== undefined && expiresAt <= clock.now()) throw new AppError('invalid_api_key_expiration');
    return expiresAt ?? null;
  };
  const told = (key: ApiKey) => ({
    keyId: key.id,
    name: key.name,
    prefix: key.prefix,
    scopes: key.scopes.join(' '),
    expiresAt: key.expiresAt ?? 'never',
  });

  const makeStaticUser = async () => {
    const now = clock.now();
    const username = `static-api-user-${random.text(6, ALPHANUMERIC)}`;
    const names = { first_name: 'Static API User', last_name: '', display_name: 'Static API User' };
    const blank = { email: null, email_key: null, email_verified: 0, locale: null, ldap_id: null, role: '', disabled: 0 } as const;
    const times = { created_at: now, updated_at: now };
    await store.insertStaticOwner({
      id: STATIC_USER_ID,
      username,
      username_key: username.toLowerCase(),
      ...names,
      ...blank,
      is_admin: 1,
      is_static: 1,
      ...times,
    });
  };
  /** Another server of this database that starts without the key takes the user away: the key of this one has it all the same. */
  const staticOwner = async () => {
    const owner = await store.staticOwner(STATIC_USER_ID);
    if (owner) return owner;
    await makeStaticUser();
    return store.staticOwner(STATIC_USER_ID);
  };

  return {
    /** One's own keys, without their values. */
    async list(userId: string, options: ListOptions) {
      const { rows, total, page, limit } = await store.page(userId, options);
      return listAnswer(rows.map(toApiKey), total, { page, limit });
    },

    /** A key that acts for whoever makes it; `token` is its only copy. `expiresAt` in seconds, absent for none. */
    async create(actor: Actor, input: { name: string; description?: string; expiresAt?: number; scopes?: ApiKey['scopes'] }) {
      const expires_at = future(input.expiresAt);
      const { token, kept } = fresh();
      const scopes = JSON.stringify(input.scopes ?? ['full']);
      const never = { last_used_at: null, expiration_email_sent: 0 } as const;
      const row = {
        id: random.rowId(),
        user_id: actor.id,
        name: input.name,
        description: input.description ?? null,
        scopes,
        expires_at,
        ...kept,
        ...never,
      };
      return db.transaction().execute(async (tx) => {
        const apiKey = toApiKey(await apiKeyStore(tx).insert({ ...row, created_at: clock.now() }));
        await audit.administered(tx, actor, { event: 'API_KEY_CREATED', user: actor, data: told(apiKey) });
        return { apiKey, token };
      });
    },

    /** A new value and term for a key that has expired; throws `api_key_not_expired` for one that has not. */
    async renew(actor: Actor, id: string, expiresAt: number | undefined) {
      const expires_at = future(expiresAt);
      const { token, kept } = fresh();
      return db.transaction().execute(async (tx) => {
        const store = apiKeyStore(tx);
        const row = await store.renew(actor.id, id, clock.now(), { ...kept, expires_at });
        if (!row) throw new AppError((await store.exists(actor.id, id)) ? 'api_key_not_expired' : 'api_key_not_found');
        const apiKey = toApiKey(row);
        await audit.administered(tx, actor, { event: 'API_KEY_RENEWED', user: actor, data: told(apiKey) });
        return { apiKey, token };
      });
    },

    /** Takes effect with the next request that presents it. */
    async remove(actor: Actor, id: string): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const removed = await apiKeyStore(tx).remove(actor.id, id);
        if (!removed) throw new AppError('api_key_not_found');
        await audit.administered(tx, actor, { event: 'API_KEY_DELETED', user: actor, data: { keyId: id, name: removed.name } });
      });
    },

    /** Removes keys that nobody has renewed for a long time; answers how many. For a job: an expired key is refused from its end on. */
    sweep: (limit = 1000): Promise<number> => store.sweep(clock.now() - KEPT_SECONDS, limit),

    /** Makes the user behind STATIC_API_KEY before the first request can come, or removes it with all it made when the variable is gone. */
    prepareStaticUser: () => (staticKey === undefined ? store.removeStaticOwner() : makeStaticUser()),

    /** The caller a key stands for; undefined when it is unknown, spent or revoked. Throws `invalid_api_key` when its owner may not act. */
    async find(value: string): Promise<Caller | undefined> {
      const hash = sha256(value);
      if (staticHash && timingSafeEqual(staticHash, Buffer.from(hash))) {
        const owner = await staticOwner();
        return owner && callerOf(owner, { id: 'static', scopes: ['full'] });
      }
      const key = await store.withOwner(hash);
      if (!key || (key.expires_at !== null && key.expires_at <= clock.now())) return undefined;
      const caller = callerOf(key, { id: key.id, scopes: JSON.parse(key.scopes) as KeyScope[] });
      touch(key.id, key.last_used_at);
      return caller;
    },
  };
}
export type ApiKeys = ReturnType<typeof createApiKeys>;
