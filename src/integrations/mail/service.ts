import type { Actor } from '#access/actor.ts';
import { AppError } from '#platform/errors.ts';

interface Deps {
  people: {
    /** Somebody's address; throws `user_not_found`, or `forbidden` where the actor has no say over them. */
    addressFor(actor: Actor, userId: string): Promise<string | null>;
    ownAddress(userId: string): Promise<string | null>;
  };
  /** The settings that mail obeys. */
  policy: () => { isConfigured: boolean; codesByAdministrators: boolean; codesForVisitors: boolean };
}

/** What would send mail. The sending itself is not part of this version, so each ends in the refusal that says why, after those that come before it. */
export function createMail({ people, policy }: Deps) {
  const send = (): never => {
    throw new AppError(policy().isConfigured ? 'mail_unavailable' : 'mail_disabled');
  };
  const sendTo = (address: string | null): never => {
    if (address === null) throw new AppError('user_email_not_set');
    return send();
  };

  return {
    test: send,

    async codeFor(actor: Actor, userId: string): Promise<never> {
      if (!policy().codesByAdministrators) throw new AppError('one_time_access_disabled');
      return sendTo(await people.addressFor(actor, userId));
    },

    /** Looks nobody up: the answer is the same for every address. */
    codeForVisitor(): never {
      if (!policy().codesForVisitors) throw new AppError('one_time_access_disabled');
      return send();
    },

    verificationFor: async (userId: string): Promise<never> => sendTo(await people.ownAddress(userId)),

    /** No link was ever sent, so none is valid. */
    verify(): never {
      throw new AppError('invalid_email_verification_token');
    },
  };
}
export type Mail = ReturnType<typeof createMail>;
