import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

/** Devices that wait for a person. */
export const deviceStore = (db: Db) => ({
  insert: (row: Row<'device_request'>) => db.insertInto('device_request').values(row).execute(),

  find: (deviceHash: string, clientId: string) =>
    db.selectFrom('device_request').selectAll().where('device_hash', '=', deviceHash).where('client_id', '=', clientId).executeTakeFirst(),

  /** The request behind a user code, living ones only. */
  byUserCode: (userCodeHash: string, now: number) =>
    db
      .selectFrom('device_request')
      .selectAll()
      .where('user_code_hash', '=', userCodeHash)
      .where('status', '=', 'pending')
      .where('expires_at', '>', now)
      .executeTakeFirst(),

  notePoll: (deviceHash: string, values: { last_polled_at: number; poll_seconds: number }) =>
    db.updateTable('device_request').set(values).where('device_hash', '=', deviceHash).execute(),

  /** The first person who opens a user code has it; answers false when somebody else does. */
  claim: async (userCodeHash: string, userId: string, now: number) =>
    (await db
      .updateTable('device_request')
      .set({ claimed_by: userId })
      .where('user_code_hash', '=', userCodeHash)
      .where('status', '=', 'pending')
      .where('expires_at', '>', now)
      .where((e) => e.or([e('claimed_by', 'is', null), e('claimed_by', '=', userId)]))
      .returning('device_hash')
      .executeTakeFirst()) !== undefined,

  /** Takes the request to approve it, in one statement: of two approvals only one grants. */
  takeClaimed: (userCodeHash: string, userId: string, now: number) =>
    db
      .deleteFrom('device_request')
      .where('user_code_hash', '=', userCodeHash)
      .where('status', '=', 'pending')
      .where('claimed_by', '=', userId)
      .where('expires_at', '>', now)
      .returningAll()
      .executeTakeFirst(),

  deny: async (userCodeHash: string, userId: string, now: number) =>
    (await db
      .updateTable('device_request')
      .set({ status: 'denied' })
      .where('user_code_hash', '=', userCodeHash)
      .where('status', '=', 'pending')
      .where('claimed_by', '=', userId)
      .where('expires_at', '>', now)
      .returning('device_hash')
      .executeTakeFirst()) !== undefined,

  sweep: (now: number, limit: number) =>
    db
      .deleteFrom('device_request')
      .where('device_hash', 'in', db.selectFrom('device_request').select('device_hash').where('expires_at', '<', now).limit(limit))
      .executeTakeFirst(),
});
