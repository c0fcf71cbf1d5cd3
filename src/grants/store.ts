import { sql } from 'kysely';
import { compileOnce, insertOnce } from '#platform/db/compile-once.ts';
import { together } from '#platform/db/in-place.ts';
import { keeping } from '#platform/db/lock.ts';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

const GRANT_COLUMNS = [
  'id',
  'client_id',
  'user_id',
  'session_id',
  'kind',
  'scope',
  'resource',
  'auth_time',
  'amr',
  'request',
  'code_hash',
  'code_expires_at',
  'code_used_at',
  'created_at',
  'expires_at',
  'revoked_at',
] as const;
const insertGrants = insertOnce('oauth_grant', GRANT_COLUMNS);
/** `session_id` and `user_id` are compared with, so they are never null here. */
type RowOfSession = Row<'oauth_grant'> & { session_id: string; user_id: string };
// The person's row first, as everybody does who holds it and then ends sessions: none of two waits crosswise.
const insertInSession = compileOnce((db, row: RowOfSession) =>
  db
    .insertInto('oauth_grant')
    .columns(GRANT_COLUMNS)
    .expression(
      keeping(
        db,
        db
          .selectFrom('session')
          .innerJoin('user', 'user.id', 'session.user_id')
          .select(GRANT_COLUMNS.map((column) => sql.val(row[column]).as(column)))
          .where('session.id', '=', row.session_id)
          .where('session.user_id', '=', row.user_id)
          .where('user.disabled', '=', 0),
        ['user', 'session'],
      ),
    ),
);
const insertTokens = insertOnce('oauth_token', [
  'token_hash',
  'kind',
  'grant_id',
  'jti',
  'scope',
  'audience',
  'issued_at',
  'expires_at',
  'used_at',
]);
// By the id, which grows with time: its pages are those that were read just now, those of a hash lie anywhere.
const takeCode = compileOnce((db, { grantId, codeHash, now }: { grantId: string; codeHash: string; now: number }) =>
  db
    .updateTable('oauth_grant')
    .set({ code_used_at: now })
    .where('id', '=', grantId)
    .where('code_hash', '=', codeHash)
    .where('code_used_at', 'is', null)
    .where('revoked_at', 'is', null)
    .where('code_expires_at', '>', now),
);
const takeRefreshToken = compileOnce((db, { tokenHash, now }: { tokenHash: string; now: number }) =>
  db
    .updateTable('oauth_token')
    .set({ used_at: now })
    .where('token_hash', '=', tokenHash)
    .where('kind', '=', 'refresh')
    .where('used_at', 'is', null)
    .where('expires_at', '>', now),
);

const removeAccessTokens = compileOnce((db, { grantId }: { grantId: string }) =>
  db.deleteFrom('oauth_token').where('grant_id', '=', grantId).where('kind', '=', 'access'),
);
const removeExpired = compileOnce((db, { grantId, now }: { grantId: string; now: number }) =>
  db.deleteFrom('oauth_token').where('grant_id', '=', grantId).where('kind', '=', 'refresh').where('expires_at', '<', now),
);

/** Grants and their tokens. A revoked grant stays as a row until it ends, so that a replay is told from an unknown value. */
export const grantStore = (db: Db) => ({
  /**
   * Stores a grant while the session it is given in stands and its person is not disabled; false when that is over. On PostgreSQL both rows are kept
   * until the transaction ends: who ends the session, disables the person or takes back a consent in this moment waits, and then finds the grant.
   */
  insertInSession: async (row: RowOfSession): Promise<boolean> => ((await insertInSession(db, row)).numAffectedRows ?? 0n) > 0n,
  insertTokens: (rows: Row<'oauth_token'>[]) => insertTokens(db, rows),

  /** A grant with its first tokens. */
  insertWithTokens: (row: Row<'oauth_grant'>, tokens: Row<'oauth_token'>[]) =>
    together(db, [insertGrants.with(db, [row]), insertTokens.with(db, tokens)]),
  /** Redeems in one statement, so that of two requests with one code only one gets an answer: false for the other. */
  redeemCode: (codeHash: string, grantId: string, tokens: Row<'oauth_token'>[], now: number) =>
    together(db, [takeCode.with(db, { grantId, codeHash, now }), insertTokens.with(db, tokens)]),
  /**
   * Spends a refresh token in one statement and stores what follows it; false when somebody else has spent it. The grant's access tokens end with it, and
   * what has expired is cleared away: cheaper than an index by time, which every token would have to be written into.
   */
  rotate: (
    tokenHash: string,
    grantId: string,
    tokens: Row<'oauth_token'>[],
    now: number,
    { mayHaveExpired }: { mayHaveExpired: boolean },
  ) =>
    together(db, [
      takeRefreshToken.with(db, { tokenHash, now }),
      removeAccessTokens.with(db, { grantId }),
      insertTokens.with(db, tokens),
      ...(mayHaveExpired ? [removeExpired.with(db, { grantId, now })] : []),
    ]),

  deleteToken: (tokenHash: string) => db.deleteFrom('oauth_token').where('token_hash', '=', tokenHash).execute(),

  revoke: (grantId: string, now: number) =>
    db.updateTable('oauth_grant').set({ revoked_at: now }).where('id', '=', grantId).where('revoked_at', 'is', null).execute(),

  revokeOfSession: (sessionId: string, now: number, { keepOffline }: { keepOffline: boolean }) => {
    const all = db.updateTable('oauth_grant').set({ revoked_at: now }).where('session_id', '=', sessionId).where('revoked_at', 'is', null);
    return (keepOffline ? all.where(sql`' ' || scope || ' '`, 'not like', '% offline_access %') : all).execute();
  },
  revokeOfSessionAndClient: (sessionId: string, clientId: string, now: number) =>
    db
      .updateTable('oauth_grant')
      .set({ revoked_at: now })
      .where('session_id', '=', sessionId)
      .where('client_id', '=', clientId)
      .where('revoked_at', 'is', null)
      .execute(),
  revokeOfUserAndClient: (userId: string, clientId: string, now: number) =>
    db
      .updateTable('oauth_grant')
      .set({ revoked_at: now })
      .where('user_id', '=', userId)
      .where('client_id', '=', clientId)
      .where('revoked_at', 'is', null)
      .execute(),

  /** Grants that are over, with their tokens; `limit` bounds the batch. */
  sweep: (now: number, limit: number) =>
    db
      .deleteFrom('oauth_grant')
      .where('id', 'in', db.selectFrom('oauth_grant').select('id').where('expires_at', '<', now).limit(limit))
      .executeTakeFirst(),
});
