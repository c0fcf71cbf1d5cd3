import { AppError } from '#platform/errors.ts';
import { type Ctx, type Origin, originOf } from '#platform/http/context.ts';
import type { Role } from './caller.ts';

/** Who makes an administrative change, for rules and audit rows. */
export interface Actor {
  id: string;
  username: string;
  /** What they may do here. A key without `full` acts as a user manager at most towards people, so that it cannot widen itself through an account. */
  role: Role;
  /** The API key used; absent for a session. */
  keyId?: string;
  origin: Origin;
}

/** The caller as the one who acts. Only on routes whose row in `routes.ts` demands somebody. */
export function actorOf(c: Ctx): Actor {
  const caller = c.var.caller;
  if (!caller) throw new AppError('not_signed_in');
  const limited = caller.key !== undefined && !caller.key.scopes.includes('full');
  return {
    id: caller.userId,
    username: caller.username,
    role: limited && caller.role === 'admin' ? 'user_manager' : caller.role,
    keyId: caller.key?.id,
    origin: originOf(c),
  };
}

/**
 * Whether the caller is shown stored passwords and tokens in clear. Automation compares what is there with what it wants, so a key that may
 * change them all may read them; a browser, a limited key and an auditor never need to.
 */
export const readsSecrets = (c: Ctx): 'clear' | 'masked' =>
  c.var.caller?.role === 'admin' && c.var.caller.key?.scopes.includes('full') ? 'clear' : 'masked';

/** Whether the caller is shown what makes an account: a limited key could help itself to invitations into groups that it may not fill. */
export const readsInvitations = (c: Ctx): 'clear' | 'masked' =>
  c.var.caller?.key && !c.var.caller.key.scopes.includes('full') ? 'masked' : 'clear';
