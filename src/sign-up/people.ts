import type { Transaction } from 'kysely';
import type { Actor } from '#access/actor.ts';
import type { Db } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import type { Origin } from '#platform/http/context.ts';
import type { AuditEntry } from '../audit/service.ts';
import type { SignUp } from './contract.ts';

export type Tx = Transaction<Tables>;

/** Somebody to be made; who they are was validated. */
export type NewUser = SignUp & { displayName: string; emailVerified?: boolean; isAdmin?: boolean; userGroupIds?: string[] };

/** The settings that new accounts obey. */
export interface Defaults {
  requireEmail: boolean;
  /** What `emailVerified` is for who signs up. */
  emailsVerified: boolean;
}

/** What making an account needs of users and sessions. `D` is read before the transaction and handed back in it. */
export interface People<D extends Defaults> {
  defaults(): D | Promise<D>;
  /** Throws `already_in_use`. */
  add(tx: Tx, user: NewUser, defaults: D): Promise<{ id: string; username: string }>;
  start(
    tx: Db,
    input: { userId: string; amr: readonly ('phr' | 'otp')[]; origin: Origin; replaces?: string },
  ): Promise<{ value: string; maxAge: number }>;
}
export interface Audit {
  record(db: Db, entry: AuditEntry): Promise<void>;
  administered(db: Db, actor: Actor, entry: Omit<AuditEntry, 'actor' | 'origin'>): Promise<void>;
}

/** First and last name, as people write them. */
export const displayNameOf = ({ firstName, lastName }: Pick<SignUp, 'firstName' | 'lastName'>) =>
  [firstName, lastName].filter(Boolean).join(' ');
