import { sql } from 'kysely';
import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

/** Grants and their tokens. A revoked grant stays as a row until it ends, so that a replay is told from an unknown value. */
export const grantStore = (db: Db) => ({
  insertGrant: (row: Row<'oauth_grant'>) => db.insertInto('oauth_grant').values(row).execute(),
  insertTokens: (rows: Row<'oauth_token'>[]) => db.insertInto('oauth_token').values(rows).execute(),

  /** Redeems in one statement, so that of two requests with one code only one gets an answer. */
  takeCode: (codeHash: string, now: number) =>
    db
      .updateTable('oauth_grant')
      .set({ code_used_at: now })
      .where('code_hash', '=', codeHash)
      .where('code_used_at', 'is', null)
      .where('revoked_at', 'is', null)
      .where('code_expires_at', '>', now)
      .returning('id')
      .executeTakeFirst(),

  /** Spends a refresh token in one statement. */
  takeRefreshToken: (tokenHash: string, now: number) =>
    db
      .updateTable('oauth_token')
      .set({ used_at: now })
      .where('token_hash', '=', tokenHash)
      .where('kind', '=', 'refresh')
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .returning('grant_id')
      .executeTakeFirst(),

  findToken: (tokenHash: string) => db.selectFrom('oauth_token').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst(),
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

  /** Rows nobody can use any more; `limit` bounds the batch. */
  sweepTokens: (now: number, limit: number) =>
    db
      .deleteFrom('oauth_token')
      .where('token_hash', 'in', db.selectFrom('oauth_token').select('token_hash').where('expires_at', '<', now).limit(limit))
      .executeTakeFirst(),
  sweepGrants: (now: number, limit: number) =>
    db
      .deleteFrom('oauth_grant')
      .where('id', 'in', db.selectFrom('oauth_grant').select('id').where('expires_at', '<', now).limit(limit))
      .executeTakeFirst(),
});
