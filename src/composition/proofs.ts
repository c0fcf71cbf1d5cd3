import type { Transaction } from 'kysely';
import { createDeviceLogin } from '../device-login/service.ts';
import { createWaits } from '../device-login/waits.ts';
import { createOneTimeCodes } from '../one-time-codes/service.ts';
import { createJudges } from '../passkeys/judges.ts';
import { createPasskeyList } from '../passkeys/manage.ts';
import { createPasskeys } from '../passkeys/service.ts';
import type { Tables } from '../platform/db/tables.ts';
import { guessLimit, TYPED_CODES } from '../platform/guess-limit.ts';
import { keyedHash } from '../platform/seal.ts';
import { deviceOf } from '../platform/user-agent.ts';
import type { NewUser } from '../sign-up/people.ts';
import { createSignUp } from '../sign-up/service.ts';
import { createSetUp } from '../sign-up/set-up.ts';
import type { Directory } from './directory.ts';
import type { Foundation } from './foundation.ts';

/** How people prove who they are, or become somebody here: each ends in a session. */
export async function createProofs(foundation: Foundation, { sessions, users, groups, userPolicy }: Directory) {
  const { config, db, clock, random, pause, seal, audit, settings, locate } = foundation;
  const passkeys = createPasskeys({
    db,
    clock,
    random,
    audit,
    sessions,
    webauthn: {
      ...createJudges(config.appUrl),
      rpName: async () => settings.get('appName'),
      policy: async () => ({
        userVerification: settings.get('webauthnUserVerification'),
        allowSynced: settings.get('webauthnAllowSyncedPasskeys'),
        attachment: settings.get('webauthnAuthenticatorAttachment'),
      }),
    },
    onPasskeyAdded: (tx, userId) => oneTimeCodes.endAllOf(tx, userId),
  });
  const passkeyList = createPasskeyList({ db, audit, hold: users.hold, endSessions: sessions.endAllOf });
  const oneTimeCodes = createOneTimeCodes({
    db,
    clock,
    random,
    audit,
    hash: keyedHash(seal, 'one-time-code'),
    people: { hold: users.hold, start: sessions.start },
  });
  const waits = createWaits({ pause });
  const deviceLogin = createDeviceLogin({
    waits,
    db,
    clock,
    random,
    audit,
    neighbours: { start: sessions.start, takeReauthentication: passkeys.takeReauthentication, locate, describeDevice: deviceOf },
    codes: { hash: keyedHash(seal, 'device-login-code'), guesses: guessLimit({ ...TYPED_CODES, now: clock.now }) },
  });
  const add = (tx: Transaction<Tables>, user: NewUser, defaults: ReturnType<typeof userPolicy>) => users.add(tx, user, { defaults });
  const setUp = createSetUp({
    db,
    clock,
    random,
    audit,
    appUrl: config.appUrl,
    people: { defaults: async () => userPolicy(), add, start: sessions.start },
  });
  await setUp.prepare();
  const signUps = createSignUp({
    db,
    clock,
    random,
    seal,
    audit,
    groups,
    people: { defaults: userPolicy, add, start: sessions.start },
    isOpen: () => settings.get('allowUserSignups') === 'open',
  });
  return { passkeys, passkeyList, oneTimeCodes, waits, deviceLogin, setUp, signUps };
}
export type Proofs = Awaited<ReturnType<typeof createProofs>>;
