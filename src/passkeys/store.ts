import type { CompiledQuery } from 'kysely';
import { compileOnce, insertOnce } from '#platform/db/compile-once.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';
import type { Ceremony } from '#webauthn/challenge.ts';

/** The challenge an answer claims to be for, and what binds it. */
export interface Claimed {
  challenge: string;
  browserHash: string;
  ceremony: Ceremony;
  now: number;
}

// The statements of a sign-in are built once: the sign-in page runs two of them for each visitor.
const insertChallenge = insertOnce('webauthn_challenge', ['challenge', 'browser_hash', 'ceremony', 'user_id', 'session_id', 'expires_at']);

type Key = { challenge: string; browserHash: string; ceremony: string; now: number };
const answered = compileOnce((db, v: Key & { credentialId: string }) =>
  db
    .selectFrom('webauthn_challenge as asked')
    .leftJoin('passkey', (join) => join.on('passkey.credential_id', '=', v.credentialId))
    .leftJoin('user', 'user.id', 'passkey.user_id')
    .select(['asked.user_id as asked_user_id', 'asked.session_id as asked_session_id'])
    .select(['passkey.id', 'passkey.user_id', 'passkey.credential_id', 'passkey.public_key', 'passkey.counter', 'passkey.name'])
    .select(['passkey.backup_eligible', 'passkey.backup_state', 'passkey.last_used_at', 'user.username', 'user.disabled'])
    .where('asked.challenge', '=', v.challenge)
    .where('asked.browser_hash', '=', v.browserHash)
    .where('asked.ceremony', '=', v.ceremony)
    .where('asked.expires_at', '>', v.now),
);
const claimedChallenge = (db: Db, v: Key) =>
  db
    .deleteFrom('webauthn_challenge')
    .where('challenge', '=', v.challenge)
    .where('browser_hash', '=', v.browserHash)
    .where('ceremony', '=', v.ceremony)
    .where('expires_at', '>', v.now);
const takeChallenge = compileOnce((db, v: Key) => claimedChallenge(db, v).returning(['user_id', 'session_id', 'expires_at']));
// SQLite makes a table for what a statement returns, and nobody needs it here.
const spendChallenge = compileOnce(claimedChallenge);

type Use = Pick<Row<'passkey'>, 'id' | 'counter' | 'backup_state' | 'last_used_at'>;
const noteUse = compileOnce((db, { id, counter, backup_state, last_used_at }: Use) =>
  db.updateTable('passkey').set({ counter, backup_state, last_used_at }).where('id', '=', id),
);

/** SQL of passkeys, challenges and reauthentication proofs. */
export const passkeyStore = (db: Db) => {
  return {
    insertChallenge: (row: Row<'webauthn_challenge'>) => insertChallenge(db, [row]),

    /** The challenge if it may still be answered, with the credential that answers it and its person: all a sign-in is decided by, in one statement. */
    answered: async (claimed: Claimed, credentialId: string) => (await answered(db, { ...claimed, credentialId })).rows[0],

    /** Reads and removes in one statement, so that of two answers at once one wins. */
    takeChallenge: async (claimed: Claimed) => (await takeChallenge(db, { ...claimed })).rows[0],

    /** The statements, to be run with others. */
    taking: (claimed: Claimed): CompiledQuery => spendChallenge.with(db, { ...claimed }),
    notingUse: (use: Use): CompiledQuery => noteUse.with(db, use),

    /** Undefined when the credential id is taken, whoever has it. */
    insert: (row: Row<'passkey'>) =>
      db
        .insertInto('passkey')
        .values(row)
        .onConflict((conflict) => conflict.column('credential_id').doNothing())
        .returning('id')
        .executeTakeFirst(),

    listOf: (userId: string) =>
      db.selectFrom('passkey').selectAll().where('user_id', '=', userId).orderBy('created_at').orderBy('id').execute(),
    rename: (id: string, userId: string, name: string) =>
      db.updateTable('passkey').set({ name }).where('id', '=', id).where('user_id', '=', userId).returningAll().executeTakeFirst(),
    remove: (id: string, userId: string) =>
      db.deleteFrom('passkey').where('id', '=', id).where('user_id', '=', userId).returningAll().executeTakeFirst(),

    person: (userId: string) =>
      db.selectFrom('user').select(['id', 'username', 'display_name']).where('id', '=', userId).executeTakeFirst(),

    /** Saves space only: what has expired is never read. */
    async sweep(now: number, limit: number): Promise<number> {
      const unanswered = db.selectFrom('webauthn_challenge').select('challenge').where('expires_at', '<=', now).limit(limit);
      const challenges = await db.deleteFrom('webauthn_challenge').where('challenge', 'in', unanswered).executeTakeFirst();
      const unused = db.selectFrom('reauthentication').select('token_hash').where('expires_at', '<=', now).limit(limit);
      const proofs = await db.deleteFrom('reauthentication').where('token_hash', 'in', unused).executeTakeFirst();
      return Number(challenges.numDeletedRows + proofs.numDeletedRows);
    },

    insertProof: (row: Row<'reauthentication'>) => db.insertInto('reauthentication').values(row).execute(),
    takeProof: (tokenHash: string, userId: string, sessionId: string, now: number) =>
      db
        .deleteFrom('reauthentication')
        .where('token_hash', '=', tokenHash)
        .where('user_id', '=', userId)
        .where('session_id', '=', sessionId)
        .where('expires_at', '>', now)
        .returning('auth_time')
        .executeTakeFirst(),
  };
};
export type PasskeyRow = Row<'passkey'>;
