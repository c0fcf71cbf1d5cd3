import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import { changes } from '#platform/changes.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { AppError } from '#platform/errors.ts';
import type { Random } from '#platform/random.ts';
import type { Audit } from '../audit/service.ts';
import { type CustomClaim, RESERVED_CLAIMS } from './contract.ts';
import { customClaimStore } from './store.ts';

/** Whose claims they are. Each throws when the owner is unknown or the actor may not touch it, and holds its row until the transaction ends. */
export interface ClaimOwners {
  holdUser(tx: Transaction<Tables>, actor: Actor, id: string): Promise<{ id: string; username: string }>;
  holdGroup(tx: Transaction<Tables>, actor: Actor, id: string): Promise<{ id: string; name: string }>;
}

const check = (claims: readonly CustomClaim[]): void => {
  const seen = new Set<string>();
  for (const { key } of claims) {
    if (RESERVED_CLAIMS.has(key)) throw new AppError('reserved_claim', { message: `Claim ${key} is reserved and cannot be used` });
    if (seen.has(key)) throw new AppError('duplicate_claim', { message: `Claim ${key} is already defined` });
    seen.add(key);
  }
};

export function createCustomClaims(deps: { db: Db; random: Random; audit: Audit; owners: ClaimOwners }) {
  const { db, random, audit, owners } = deps;
  const read = async (of: Db, owner: 'user_id' | 'group_id', ids: readonly string[]) => {
    const found = new Map<string, CustomClaim[]>();
    if (ids.length === 0) return found;
    for (const { owner: id, key, value } of await customClaimStore(of).of(owner, ids))
      found.set(id, [...(found.get(id) ?? []), { key, value }]);
    return found;
  };
  const write = async (tx: Transaction<Tables>, owner: 'user_id' | 'group_id', id: string, claims: readonly CustomClaim[]) => {
    const before = (await read(tx, owner, [id])).get(id) ?? [];
    await customClaimStore(tx).replace(
      owner,
      id,
      claims.map(({ key, value }) => ({ id: random.uuid(), key, value })),
    );
    return changes({ claims: before }, { claims });
  };

  return {
    /** Claims by owner, in the order they were given; an owner without any is not in the map. */
    ofUsers: (ids: readonly string[]) => read(db, 'user_id', ids),
    ofGroups: (ids: readonly string[]) => read(db, 'group_id', ids),

    /** Keys in use, the most used first. */
    suggestions: async () => (await customClaimStore(db).keysByUse()).map((row) => row.key),

    /** Gives a new user their first claims; `claims` are checked like any other. */
    async give(tx: Transaction<Tables>, userId: string, claims: readonly CustomClaim[]): Promise<void> {
      check(claims);
      await customClaimStore(tx).replace(
        'user_id',
        userId,
        claims.map(({ key, value }) => ({ id: random.uuid(), key, value })),
      );
    },

    async setForUser(actor: Actor, userId: string, claims: readonly CustomClaim[]): Promise<readonly CustomClaim[]> {
      check(claims);
      await db.transaction().execute(async (tx) => {
        const user = await owners.holdUser(tx, actor, userId);
        const data = await write(tx, 'user_id', user.id, claims);
        if (data) await audit.administered(tx, actor, { event: 'USER_CLAIMS_UPDATED', user, data });
      });
      return claims;
    },

    async setForGroup(actor: Actor, groupId: string, claims: readonly CustomClaim[]): Promise<readonly CustomClaim[]> {
      check(claims);
      await db.transaction().execute(async (tx) => {
        const group = await owners.holdGroup(tx, actor, groupId);
        const data = await write(tx, 'group_id', group.id, claims);
        if (data)
          await audit.administered(tx, actor, {
            event: 'GROUP_CLAIMS_UPDATED',
            data: { groupId: group.id, groupName: group.name, ...data },
          });
      });
      return claims;
    },
  };
}
export type CustomClaims = ReturnType<typeof createCustomClaims>;
