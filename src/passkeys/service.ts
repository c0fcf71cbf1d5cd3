import type { CompiledQuery } from 'kysely';
import { decidePerson } from '#access/decide.ts';
import type { Clock } from '#platform/clock.ts';
import { together } from '#platform/db/in-place.ts';
import { lockRow } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import { AppError } from '#platform/errors.ts';
import type { Origin } from '#platform/http/context.ts';
import { type Random, sha256 } from '#platform/random.ts';
import { nameOf } from '#webauthn/aaguid.ts';
import { type Assertion, readAssertion, readAttestation } from '#webauthn/answer.ts';
import { CEREMONY_SECONDS, type Ceremony, readClientData } from '#webauthn/challenge.ts';
import { creationOptions, requestOptions } from '#webauthn/options.ts';
import type { Policy, RelyingParty } from '#webauthn/relying-party.ts';
import type { createAssertionVerifier, StoredPasskey, VerifiedAssertion } from '#webauthn/verify-assertion.ts';
import type { createRegistrationVerifier } from '#webauthn/verify-registration.ts';
import type { AuditEntry } from '../audit/service.ts';
import { type Claimed, type PasskeyRow, passkeyStore } from './store.ts';

interface Opening {
  userId: string;
  amr: readonly ('phr' | 'otp')[];
  origin: Origin;
}
interface Started {
  value: string;
  maxAge: number;
  session: { id: string; authTime: number };
}
/** What ceremonies need of sessions. */
export interface Sessions {
  start(tx: Db, input: Opening & { replaces?: string }): Promise<Started>;
  /** For a browser that had none; `insert` writes it. */
  starting(on: Db, input: Opening): Started & { insert: CompiledQuery };
}
/** The session a signed-in person's ceremony runs in. */
export interface CallerSession {
  id: string;
  userId: string;
  authTime: number;
  amr: readonly string[];
}
export interface Audit {
  record(db: Db, entry: AuditEntry): Promise<void>;
  recording(db: Db, entry: AuditEntry): CompiledQuery;
}
/** How this installation judges answers. */
export interface Webauthn {
  rp: RelyingParty;
  /** Shown by authenticators beside the person's name. */
  rpName: () => string | Promise<string>;
  policy: () => Policy | Promise<Policy>;
  verifyAssertion: ReturnType<typeof createAssertionVerifier>;
  verifyRegistration: ReturnType<typeof createRegistrationVerifier>;
}
interface Deps {
  db: Db;
  clock: Clock;
  random: Random;
  audit: Audit;
  sessions: Sessions;
  webauthn: Webauthn;
  /** A new passkey is a way in of the person's own: what was lent to them until then (one-time codes) ends, in the same transaction. */
  onPasskeyAdded: (tx: Db, userId: string) => Promise<void>;
}

/** Seconds the ceremony cookie outlives its challenges by far, so that who is late is told so, and not that they began elsewhere. */
const COOKIE_SECONDS = 3600;
/** Of every ceremony begun: for how long its cookie is kept, and for how long it may be answered. */
const TIMES = { maxAge: COOKIE_SECONDS, seconds: CEREMONY_SECONDS };
/** Seconds after proving themselves in which a person may add a passkey. */
const FRESH_SECONDS = 300;
/** Seconds a reauthentication proof may be used in, once. */
export const PROOF_SECONDS = 180;
/** Seconds after a passkey sign-in in which it still counts as the proof itself. */
const JUST_SIGNED_IN_SECONDS = 60;
/** `last_used_at` is for people; to write it at each use would cost every sign-in a statement. */
const LAST_USED_SECONDS = 3600;

type ReadClientData = ReturnType<typeof readClientData>;
type Answered = NonNullable<Awaited<ReturnType<ReturnType<typeof passkeyStore>['answered']>>>;

/** An answer that was found right. */
interface Judged {
  row: Answered;
  passkey: StoredPasskey & { id: string; name: string; username: string };
  verified: VerifiedAssertion;
}

const hexOf = (credentialId: string) => Buffer.from(credentialId, 'base64url').toString('hex');

/** Who answered; undefined when the credential is not known. */
const storedPasskey = (row: Answered): (StoredPasskey & { id: string; name: string; username: string }) | undefined =>
  row.id === null || row.user_id === null
    ? undefined
    : {
        id: row.id,
        name: row.name as string,
        userId: row.user_id,
        username: row.username as string,
        credentialId: row.credential_id as string,
        publicKey: row.public_key as string,
        counter: row.counter as number,
        backupEligible: row.backup_eligible === 1,
      };

/** The ceremonies: signing in, adding a passkey, and proving oneself again. `id` is always the value of the ceremony cookie. */
export function createPasskeys({ db, clock, random, audit, sessions, webauthn, onPasskeyAdded }: Deps) {
  /** A challenge bound to the browser; a browser that already has a ceremony cookie keeps it, so that two tabs do not end each other's. */
  const newChallenge = async (ceremony: Ceremony, browser: string | undefined, session?: CallerSession) => {
    const id = browser ?? random.secret();
    const challenge = random.secret();
    await passkeyStore(db).insertChallenge({
      challenge,
      browser_hash: sha256(id),
      ceremony,
      user_id: session?.userId ?? null,
      session_id: session?.id ?? null,
      expires_at: clock.now() + CEREMONY_SECONDS,
    });
    return { id, challenge };
  };

  const claimedBy = (ceremony: Ceremony, id: string, { data }: ReadClientData): Claimed => ({
    challenge: data.challenge,
    browserHash: sha256(id),
    ceremony,
    now: clock.now(),
  });

  /** Verifies before it takes: a right answer then needs one transaction, and a wrong one spends the challenge by itself. */
  const judge = async (claimed: Claimed, answer: Assertion, clientData: ReadClientData, session?: CallerSession): Promise<Judged> => {
    const row = await passkeyStore(db).answered(claimed, answer.id);
    if (!row) throw new AppError('invalid_webauthn_session', { detail: 'no such challenge for this browser and ceremony' });
    try {
      if (session && (row.asked_user_id !== session.userId || row.asked_session_id !== session.id)) {
        throw new AppError('invalid_webauthn_session', { detail: 'the challenge belongs to another session' });
      }
      const known = storedPasskey(row);
      const passkey = session && known?.userId !== session.userId ? undefined : known;
      const policy = await webauthn.policy();
      const asked = { challenge: claimed.challenge, policy, discoverable: !session };
      const verified = await webauthn.verifyAssertion({ answer, clientData, passkey, ...asked });
      if (!passkey) throw new AppError('webauthn_authentication_failed');
      if (!decidePerson({ id: passkey.userId, disabled: row.disabled ?? 1 }).allow) throw new AppError('user_disabled');
      return { row, passkey, verified };
    } catch (cause) {
      await passkeyStore(db).takeChallenge(claimed);
      throw cause;
    }
  };

  /** Takes the challenge, so that of two right answers at once one wins, and with it writes what the answer told and `also`. */
  const settle = async (
    on: Db,
    claimed: Claimed,
    { row, passkey, verified }: Judged,
    origin: Origin,
    also: () => readonly CompiledQuery[] = () => [],
  ) => {
    const store = passkeyStore(on);
    const writes: CompiledQuery[] = [];
    if (verified.cloneSuspected) {
      const counters = { expectedAbove: String(passkey.counter), counter: String(verified.counter) };
      const data = { credentialID: hexOf(passkey.credentialId), passkeyName: passkey.name, ...counters };
      const user = { id: passkey.userId, username: passkey.username };
      writes.push(audit.recording(on, { event: 'PASSKEY_CLONE_WARNING', user, data, origin }));
    }
    writes.push(...also());
    if (usedDiffers(row, verified, claimed.now)) {
      const counter = Math.max(verified.counter, passkey.counter);
      writes.push(store.notingUse({ id: passkey.id, counter, backup_state: verified.backupState ? 1 : 0, last_used_at: claimed.now }));
    }
    if (!(await together(on, [store.taking(claimed), ...writes])))
      throw new AppError('invalid_webauthn_session', { detail: 'answered twice' });
  };

  const mayAddTo = (own: readonly PasskeyRow[], { authTime }: CallerSession, begun: number) =>
    own.length === 0 || authTime + FRESH_SECONDS > begun;

  /** Writes a proof of reauthentication; its value goes into the cookie for PROOF_SECONDS. */
  const newProof = async (tx: Db, userId: string, sessionId: string, authTime: number) => {
    const value = random.secret();
    const row = {
      token_hash: sha256(value),
      user_id: userId,
      session_id: sessionId,
      auth_time: authTime,
      expires_at: clock.now() + PROOF_SECONDS,
    };
    await passkeyStore(tx).insertProof(row);
    return value;
  };

  return {
    /** Options for navigator.credentials.get, the same for everybody but the challenge. `browser`: the ceremony cookie the browser already has. */
    async startLogin({ browser }: { browser?: string } = {}) {
      const { id, challenge } = await newChallenge('login', browser);
      return { id, ...TIMES, options: requestOptions({ rp: webauthn.rp, policy: await webauthn.policy(), challenge }) };
    },

    /**
     * Signs in with AuthenticationResponseJSON. Throws `missing_session_id`, `invalid_webauthn_session`, `invalid_webauthn_response`,
     * `passkey_user_verification_required`, `webauthn_authentication_failed` (unknown and wrong alike) or `user_disabled`. `value` is the new
     * session cookie's; `replaces` the one the browser had.
     */
    async finishLogin({
      id,
      response,
      origin,
      replaces,
    }: {
      id: string | undefined;
      response: unknown;
      origin: Origin;
      replaces?: string;
    }) {
      // Before the answer is read: who began elsewhere learns that, whatever they sent.
      if (!id) throw new AppError('missing_session_id');
      const answer = readAssertion(response);
      const clientData = readClientData(answer.response.clientDataJSON);
      const claimed = claimedBy('login', id, clientData);
      const judged = await judge(claimed, answer, clientData);
      const { userId, username } = judged.passkey;
      const signedIn = () => audit.recording(db, { event: 'SIGN_IN', user: { id: userId, username }, origin });
      const opening = { userId, amr: ['phr'], origin } as const;
      if (replaces === undefined) {
        const { insert, ...started } = sessions.starting(db, opening);
        await settle(db, claimed, judged, origin, () => [signedIn(), insert]);
        return { userId, username, ...started };
      }
      const started = await db.transaction().execute(async (tx) => {
        await settle(tx, claimed, judged, origin, () => [signedIn()]);
        return sessions.start(tx, { ...opening, replaces });
      });
      return { userId, username, ...started };
    },

    /** Options for navigator.credentials.create. Throws `reauthentication_required` unless the session is fresh or there is no passkey yet. */
    async startRegistration({ session, browser }: { session: CallerSession; browser?: string }) {
      const store = passkeyStore(db);
      const [user, own] = await Promise.all([store.person(session.userId), store.listOf(session.userId)]);
      if (!user) throw new AppError('user_not_found');
      if (!mayAddTo(own, session, clock.now())) throw new AppError('reauthentication_required');
      const { id, challenge } = await newChallenge('registration', browser, session);
      const options = creationOptions({
        rp: webauthn.rp,
        rpName: await webauthn.rpName(),
        policy: await webauthn.policy(),
        challenge,
        user: { id: user.id, username: user.username, displayName: user.display_name },
        exclude: own.map(known),
      });
      return { id, ...TIMES, options };
    },

    /**
     * Adds the passkey of RegistrationResponseJSON; throws as `finishLogin`, and `synced_passkey_not_allowed`, `passkey_already_registered`, and
     * `reauthentication_required` where it was begun as the first one and no longer is.
     */
    async finishRegistration(from: {
      id: string | undefined;
      session: CallerSession;
      response: unknown;
      origin: Origin;
    }): Promise<PasskeyRow> {
      const { id, session, response, origin } = from;
      if (!id) throw new AppError('missing_session_id');
      const answer = readAttestation(response);
      const claimed = claimedBy('registration', id, readClientData(answer.response.clientDataJSON));
      // No transaction around both: a wrong answer must spend the challenge, and a rollback would give it back.
      const asked = await passkeyStore(db).takeChallenge(claimed);
      if (!asked || asked.user_id !== session.userId || asked.session_id !== session.id) throw new AppError('invalid_webauthn_session');
      const policy = await webauthn.policy();
      const verified = await webauthn.verifyRegistration({ answer, challenge: claimed.challenge, policy });
      const row = {
        id: random.rowId(),
        user_id: session.userId,
        credential_id: verified.credentialId,
        public_key: verified.publicKey,
        counter: verified.counter,
        transports: JSON.stringify(verified.transports),
        backup_eligible: verified.backupEligible ? 1 : 0,
        backup_state: verified.backupState ? 1 : 0,
        aaguid: verified.aaguid,
        attestation_type: verified.attestationType,
        name: nameOf(verified.aaguid),
        created_at: clock.now(),
        last_used_at: null,
      } satisfies PasskeyRow;
      await db.transaction().execute(async (tx) => {
        const store = passkeyStore(tx);
        // Of two first passkeys the second one sees the other.
        if (!(await lockRow(tx, 'user', session.userId))) throw new AppError('not_signed_in');
        const begun = asked.expires_at - CEREMONY_SECONDS;
        if (!mayAddTo(await store.listOf(session.userId), session, begun)) throw new AppError('reauthentication_required');
        if (!(await store.insert(row))) throw new AppError('passkey_already_registered');
        await onPasskeyAdded(tx, session.userId);
        const data = { credentialID: hexOf(row.credential_id), passkeyName: row.name };
        await audit.record(tx, { event: 'PASSKEY_ADDED', user: await store.person(session.userId), data, origin });
      });
      return row;
    },

    /** Options to prove oneself again with one of one's own passkeys. */
    async startReauthentication({ session, browser }: { session: CallerSession; browser?: string }) {
      const own = await passkeyStore(db).listOf(session.userId);
      const { id, challenge } = await newChallenge('reauthentication', browser, session);
      const allow = own.length > 0 ? own.map(known) : undefined;
      return {
        id,
        ...TIMES,
        options: requestOptions({ rp: webauthn.rp, policy: await webauthn.policy(), challenge, allow }),
      };
    },

    /**
     * Proves the signed-in person again with an answer to `startReauthentication`, or, without `response`, by a passkey sign-in less than a minute
     * ago; throws `reauthentication_required` when that is none. `proof` is the reauthentication cookie's value. With an answer the session is new
     * as well (`started`), and its `authTime` is now.
     */
    async reauthenticate(from: {
      id: string | undefined;
      session: CallerSession;
      response?: unknown;
      origin: Origin;
      sessionValue: string;
    }) {
      const { id, session, response, origin, sessionValue } = from;
      if (!id) throw new AppError('missing_session_id');
      if (response === undefined) {
        const fresh = session.amr.includes('phr') && session.authTime + JUST_SIGNED_IN_SECONDS > clock.now();
        if (!fresh) throw new AppError('reauthentication_required');
        return { proof: await newProof(db, session.userId, session.id, session.authTime), maxAge: PROOF_SECONDS, started: undefined };
      }
      const answer = readAssertion(response);
      const clientData = readClientData(answer.response.clientDataJSON);
      const claimed = claimedBy('reauthentication', id, clientData);
      const judged = await judge(claimed, answer, clientData, session);
      return db.transaction().execute(async (tx) => {
        await settle(tx, claimed, judged, origin);
        const started = await sessions.start(tx, { userId: session.userId, amr: ['phr'], origin, replaces: sessionValue || undefined });
        const proof = await newProof(tx, session.userId, started.session.id, started.session.authTime);
        return { proof, maxAge: PROOF_SECONDS, started };
      });
    },

    /** Removes what nobody can answer or use any more; answers how many rows. For a job: nothing depends on it. */
    sweep: (limit = 1000): Promise<number> => passkeyStore(db).sweep(clock.now(), limit),

    /**
     * Takes a proof (the reauthentication cookie's value) for a session: works once, within PROOF_SECONDS, for the session it was made in.
     * Answers when the person proved themselves.
     */
    async takeReauthentication(tx: Db, value: string, session: { id: string; userId: string }): Promise<{ authTime: number } | undefined> {
      const taken = await passkeyStore(tx).takeProof(sha256(value), session.userId, session.id, clock.now());
      return taken && { authTime: taken.auth_time };
    },
  };
}
export type Passkeys = ReturnType<typeof createPasskeys>;

const known = (row: PasskeyRow) => ({ credentialId: row.credential_id, transports: JSON.parse(row.transports) as string[] });

const usedDiffers = (row: Answered, verified: VerifiedAssertion, now: number) =>
  verified.counter > (row.counter as number) ||
  Number(verified.backupState) !== row.backup_state ||
  (row.last_used_at ?? 0) + LAST_USED_SECONDS <= now;
