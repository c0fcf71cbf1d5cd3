import { timingSafeEqual } from 'node:crypto';
import type { Caller, KeyScope, Role } from '#access/caller.ts';
import { decide } from '#access/decide.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import { AppError } from '#platform/errors.ts';
import type { Log } from '#platform/log.ts';
import { ALPHANUMERIC, type Random, sha256 } from '#platform/random.ts';
import { apiKeyStore } from './store.ts';

/** The user whom STATIC_API_KEY speaks for: an administrator in no list, who never signs in. */
export const STATIC_USER_ID = '00000000-0000-0000-0000-000000000000';

/** A key's last use is written at most this often, in seconds. */
const TOUCH_SECONDS = 60;

interface Owner {
  user_id: string;
  username: string;
  is_admin: 0 | 1;
  role: string;
  disabled: 0 | 1;
}
const roleOf = (owner: Owner): Role =>
  owner.is_admin ? 'admin' : owner.role === 'user_manager' || owner.role === 'auditor' ? owner.role : 'user';

export function createApiKeys(deps: { db: Db; clock: Clock; random: Random; log: Log; staticKey: string | undefined }) {
  const { db, clock, random, log, staticKey } = deps;
  const store = apiKeyStore(db);
  const staticHash = staticKey === undefined ? undefined : Buffer.from(sha256(staticKey));

  /** Never waited for, and never more than a line in the log: a busy database must not slow a call down to note when it was. */
  const touch = (id: string, lastUsedAt: number | null) => {
    const now = clock.now();
    if (lastUsedAt !== null && lastUsedAt > now - TOUCH_SECONDS) return;
    store.touch(id, now, now - TOUCH_SECONDS).catch((cause: unknown) => {
      log.debug('the last use of an API key was not written', { key: id, detail: String(cause) });
    });
  };

  const callerOf = (owner: Owner, key: { id: string; scopes: readonly KeyScope[] }): Caller => {
    const person = { id: owner.user_id, disabled: owner.disabled === 1, groupIds: [] };
    const decision = decide({ now: clock.now(), client: null, person, session: null, grant: null, consented: null });
    if (!decision.allow) throw new AppError('invalid_api_key', { detail: decision.reason });
    return { via: 'api-key', userId: owner.user_id, username: owner.username, role: roleOf(owner), key };
  };

  return {
    /** Makes the user behind STATIC_API_KEY before the first request can come, or removes it with all it made when the variable is gone. */
    async prepareStaticUser(): Promise<void> {
      if (staticKey === undefined) return void (await store.removeStaticOwner());
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
    },

    /** The caller a key stands for; undefined when it is unknown, spent or revoked. Throws `invalid_api_key` when its owner may not act. */
    async find(value: string): Promise<Caller | undefined> {
      const hash = sha256(value);
      if (staticHash && timingSafeEqual(staticHash, Buffer.from(hash))) {
        const owner = await store.staticOwner(STATIC_USER_ID);
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
