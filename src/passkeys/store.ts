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

/** SQL of passkeys, challenges and reauthentication proofs. */
export const passkeyStore = (db: Db) => {
  const passkeys = () => db.selectFrom('passkey').selectAll();
  return {
    insertChallenge: (row: Row<'webauthn_challenge'>) => db.insertInto('webauthn_challenge').values(row).execute(),

    /** The challenge if it may still be answered, with the credential that answers it and its person: all a sign-in is decided by, in one statement. */
    answered: ({ challenge, browserHash, ceremony, now }: Claimed, credentialId: string) =>
      db
        .selectFrom('webauthn_challenge as asked')
        .leftJoin('passkey', (join) => join.on('passkey.credential_id', '=', credentialId))
        .leftJoin('user', 'user.id', 'passkey.user_id')
        .select(['asked.user_id as asked_user_id', 'asked.session_id as asked_session_id'])
        .select(['passkey.id', 'passkey.user_id', 'passkey.credential_id', 'passkey.public_key', 'passkey.counter', 'passkey.name'])
        .select(['passkey.backup_eligible', 'passkey.backup_state', 'passkey.last_used_at', 'user.username', 'user.disabled'])
        .where('asked.challenge', '=', challenge)
        .where('asked.browser_hash', '=', browserHash)
        .where('asked.ceremony', '=', ceremony)
        .where('asked.expires_at', '>', now)
        .executeTakeFirst(),

    /** Reads and removes in one statement, so that of two answers at once one wins. */
    takeChallenge: ({ challenge, browserHash, ceremony, now }: Claimed) =>
      db
        .deleteFrom('webauthn_challenge')
        .where('challenge', '=', challenge)
        .where('browser_hash', '=', browserHash)
        .where('ceremony', '=', ceremony)
        .where('expires_at', '>', now)
        .returning(['user_id', 'session_id'])
        .executeTakeFirst(),

    noteUse: (id: string, used: Pick<Row<'passkey'>, 'counter' | 'backup_state' | 'last_used_at'>) =>
      db.updateTable('passkey').set(used).where('id', '=', id).execute(),

    /** Undefined when the credential id is taken, whoever has it. */
    insert: (row: Row<'passkey'>) =>
      db
        .insertInto('passkey')
        .values(row)
        .onConflict((conflict) => conflict.column('credential_id').doNothing())
        .returning('id')
        .executeTakeFirst(),

    listOf: (userId: string) => passkeys().where('user_id', '=', userId).orderBy('created_at').orderBy('id').execute(),
    find: (id: string, userId: string) => passkeys().where('id', '=', id).where('user_id', '=', userId).executeTakeFirst(),
    rename: (id: string, userId: string, name: string) =>
      db.updateTable('passkey').set({ name }).where('id', '=', id).where('user_id', '=', userId).returningAll().executeTakeFirst(),
    remove: (id: string, userId: string) =>
      db.deleteFrom('passkey').where('id', '=', id).where('user_id', '=', userId).returningAll().executeTakeFirst(),

    person: (userId: string) =>
      db.selectFrom('user').select(['id', 'username', 'display_name']).where('id', '=', userId).executeTakeFirst(),

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
