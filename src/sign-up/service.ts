import type { Actor } from '#access/actor.ts';
import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import { AppError, invalidField, notFound } from '#platform/errors.ts';
import type { Origin } from '#platform/http/context.ts';
import { date, type ListOptions, listAnswer } from '#platform/http/contract.ts';
import { ALPHANUMERIC, type Random, sha256 } from '#platform/random.ts';
import { MASK, type Seal } from '#platform/seal.ts';
import type { GroupMinimal } from '../groups/minimal.contract.ts';
import type { SignUp } from './contract.ts';
import { type Audit, type Defaults, displayNameOf, type People, type Tx } from './people.ts';
import { type SignupTokenRow, signupTokenStore } from './store.ts';

/** What sign-up needs of groups. */
export interface Groups {
  /** By ids; unknown ones are passed over. */
  minimalOf(ids: readonly string[]): Promise<GroupMinimal[]>;
  /** Throws `forbidden` when the actor may not let people into one of them. */
  mayTouch(tx: Tx, actor: Actor, ids: readonly string[]): Promise<void>;
}
interface Deps<D extends Defaults> {
  db: Db;
  clock: Clock;
  random: Random;
  seal: Seal;
  audit: Audit;
  groups: Groups;
  people: People<D>;
  /** Whether everybody may sign up. */
  isOpen: () => boolean;
}

/** Ninety-five bits: an invitation in a link. */
const TOKEN_LENGTH = 16;
const PURPOSE = 'sign-up token';

/** Accounts that people make themselves: with a token that an administrator handed out, or where everybody may. */
export function createSignUp<D extends Defaults>({ db, clock, random, seal, audit, groups, people, isOpen }: Deps<D>) {
  const shown = async (rows: readonly SignupTokenRow[], tokens: 'clear' | 'masked') => {
    const memberships = await signupTokenStore(db).groupsOf(rows.map((row) => row.id));
    const all = await groups.minimalOf([...new Set(memberships.map((m) => m.group_id))]);
    return rows.map((row) => {
      const ids = new Set(memberships.filter((m) => m.token_id === row.id).map((m) => m.group_id));
      return {
        id: row.id,
        token: tokens === 'clear' ? seal.open(PURPOSE, row.sealed_token) : MASK,
        expiresAt: date(row.expires_at),
        usageLimit: row.usage_limit,
        usageCount: row.usage_count,
        userGroups: all.filter((group) => ids.has(group.id)),
        createdAt: date(row.created_at),
      };
    });
  };

  /** One use of a token: its id, and the groups it gives. */
  const useToken = async (tx: Tx, token: string) => {
    const used = await signupTokenStore(tx).use(sha256(token), clock.now());
    if (!used) throw new AppError('token_invalid_or_expired');
    const given = await signupTokenStore(tx).groupsOf([used.id]);
    return { id: used.id, groupIds: given.map((row) => row.group_id) };
  };

  return {
    /** Whether a visitor may sign up without a token. */
    isOpen,

    /** Whether an account could be made with a token now; does not use it. */
    accepts: async (token: string): Promise<boolean> => (await signupTokenStore(db).usable(sha256(token), clock.now())) !== undefined,

    /**
     * Makes an account and signs it in, by no method: whoever makes an account has not proved yet who they are. A token counts
     * whatever the configuration says about sign-up: an administrator made it to be used. Throws
     * `open_signup_disabled`, `token_invalid_or_expired`, `validation_failed` or `already_in_use`; a token is only used up by an account.
     */
    async signUp(from: { input: SignUp; token?: string; origin: Origin; replaces?: string }) {
      const { input, token, origin, replaces } = from;
      if (!token && !isOpen()) throw new AppError('open_signup_disabled');
      const defaults = await people.defaults();
      if (defaults.requireEmail && !input.email) throw invalidField('email', 'required', 'Email is required');
      const account = { ...input, displayName: displayNameOf(input), emailVerified: defaults.emailsVerified && Boolean(input.email) };
      return db.transaction().execute(async (tx) => {
        const used = token ? await useToken(tx, token) : undefined;
        const userGroupIds = used?.groupIds.length ? used.groupIds : undefined;
        const user = await people.add(tx, { ...account, userGroupIds }, defaults);
        await audit.record(tx, {
          event: 'ACCOUNT_CREATED',
          user,
          data: used ? { signupToken: used.id } : { method: 'open_signup' },
          origin,
        });
        return { userId: user.id, ...(await people.start(tx, { userId: user.id, amr: [], origin, replaces })) };
      });
    },

    /** `ttl` in seconds. Throws `not_found` for a group that is not there, `forbidden` for one that the actor's key may not let people into. */
    async createToken(
      actor: Actor,
      { ttl, usageLimit, userGroupIds }: { ttl: number; usageLimit: number; userGroupIds: readonly string[] },
    ) {
      const groupIds = [...new Set(userGroupIds)];
      if ((await groups.minimalOf(groupIds)).length !== groupIds.length) throw notFound('User group');
      const token = random.text(TOKEN_LENGTH, ALPHANUMERIC);
      const now = clock.now();
      const row = {
        id: random.rowId(),
        token_hash: sha256(token),
        sealed_token: seal.seal(PURPOSE, token),
        expires_at: now + ttl,
        usage_limit: usageLimit,
        usage_count: 0,
        created_at: now,
      };
      await db.transaction().execute(async (tx) => {
        await groups.mayTouch(tx, actor, groupIds);
        await signupTokenStore(tx).insert(row, groupIds);
        const data = { signupToken: row.id, ttl: String(ttl), usageLimit: String(usageLimit), groups: JSON.stringify(groupIds) };
        await audit.administered(tx, actor, { event: 'SIGNUP_TOKEN_CREATED', data });
      });
      const [made] = await shown([row], 'clear');
      return made!;
    },

    async listTokens(options: ListOptions, tokens: 'clear' | 'masked') {
      const { rows, total, page, limit } = await signupTokenStore(db).page(options);
      return listAnswer(await shown(rows, tokens), total, { page, limit });
    },

    /** No error when it is gone already. */
    async removeToken(actor: Actor, id: string): Promise<void> {
      await db.transaction().execute(async (tx) => {
        const removed = await signupTokenStore(tx).remove(id);
        if (!removed) return;
        const data = { signupToken: removed.id, usageCount: String(removed.usage_count) };
        await audit.administered(tx, actor, { event: 'SIGNUP_TOKEN_DELETED', data });
      });
    },
  };
}
export type SignUps = ReturnType<typeof createSignUp>;
