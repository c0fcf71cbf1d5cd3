import type { Clock } from '#platform/clock.ts';
import { lockRow } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import { AppError } from '#platform/errors.ts';
import type { Origin } from '#platform/http/context.ts';
import { type Random, sha256 } from '#platform/random.ts';
import type { SignUp } from './contract.ts';
import { type Audit, type Defaults, displayNameOf, type People } from './people.ts';
import { setUpStore } from './store.ts';

interface Deps<D extends Defaults> {
  db: Db;
  clock: Clock;
  random: Random;
  audit: Audit;
  appUrl: string;
  people: People<D>;
}

/** The first administrator: made once in the life of an installation, by whoever has the link that the server printed. */
export function createSetUp<D extends Defaults>({ db, clock, random, audit, appUrl, people }: Deps<D>) {
  const isOpen = async () => {
    const state = await setUpStore(db).state();
    return state !== undefined && state.setup_completed_at === null && state.people === 0;
  };

  return {
    /** At start: where somebody is there already, the set-up is done, and stays so also when they are deleted. */
    async prepare(): Promise<void> {
      const state = await setUpStore(db).state();
      if (state?.setup_completed_at === null && state.people > 0) await setUpStore(db).complete(clock.now());
    },

    isOpen,

    /** The link to print at start, with a fresh secret that ends the one before; undefined when the set-up is done. */
    async setupLink(): Promise<string | undefined> {
      if (!(await isOpen())) return undefined;
      const secret = random.secret();
      await setUpStore(db).setSecret(sha256(secret));
      return `${appUrl}/setup?secret=${secret}`;
    },

    /** Whether this is the secret of the link, for a page to say so before a form is filled in. */
    async knows(secret: string): Promise<boolean> {
      const state = await setUpStore(db).state();
      return state !== undefined && state.setup_hash !== null && state.setup_hash === sha256(secret);
    },

    /** Makes the first administrator and signs them in. Throws `setup_already_completed`, or `forbidden` for another secret. */
    async complete(from: { input: SignUp; secret: string | undefined; origin: Origin; replaces?: string }) {
      const { input, secret, origin, replaces } = from;
      // For all the years after: without keeping those who write waiting.
      if (!(await isOpen())) throw new AppError('setup_already_completed');
      const defaults = await people.defaults();
      const made = await db.transaction().execute(async (tx) => {
        // Everybody who tries at the same time takes turns at this row.
        await lockRow(tx, 'installation', 1);
        const state = await setUpStore(tx).state();
        if (!state || state.setup_completed_at !== null || state.people > 0) return undefined;
        if (!secret || state.setup_hash !== sha256(secret)) {
          throw new AppError('forbidden', {
            message: 'This set-up link is not valid: use the one that the server printed when it was last started',
          });
        }
        const user = await people.add(tx, { ...input, displayName: displayNameOf(input), isAdmin: true }, defaults);
        await setUpStore(tx).complete(clock.now());
        await audit.record(tx, { event: 'ACCOUNT_CREATED', user, data: { method: 'setup' }, origin });
        return { userId: user.id, ...(await people.start(tx, { userId: user.id, amr: ['otp'], origin, replaces })) };
      });
      if (!made) throw new AppError('setup_already_completed');
      return made;
    },
  };
}
export type SetUp = ReturnType<typeof createSetUp>;
