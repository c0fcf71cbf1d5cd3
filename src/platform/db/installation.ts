import type { Log } from '../log.ts';
import { type Random, sha256 } from '../random.ts';
import type { Seal } from '../seal.ts';
import { StartError } from '../start-error.ts';
import type { Db } from './open.ts';

/** The database was made with another ENCRYPTION_KEY. */
export class OtherKey extends StartError {
  constructor() {
    super('ENCRYPTION_KEY is not the key this database was made with: put back that key, nothing in the database can be opened without it');
  }
}

/**
 * Makes or reads this installation's one row. Throws OtherKey when the database was made with another ENCRYPTION_KEY: with this one nothing in it
 * could be opened, and what is written now could not be read by the old one. Warns when APP_URL has moved to another host. `visiting`: changes
 * nothing, for a command's environment need not be its server's; throws StartError when there is no row yet.
 */
export async function recogniseInstallation(
  db: Db,
  { seal, appUrl, random, log, visiting = false }: { seal: Seal; appUrl: string; random: Random; log: Log; visiting?: boolean },
): Promise<void> {
  const check = sha256(seal.key('installation key check').toString('base64url'));
  if (!visiting)
    await db
      .insertInto('installation')
      .values({ id: 1, instance_id: random.uuid(), app_url: appUrl, key_check: check, setup_hash: null, setup_completed_at: null })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  const known = await db.selectFrom('installation').select(['app_url', 'key_check']).where('id', '=', 1).executeTakeFirst();
  if (!known) throw new StartError('there is nothing in the database yet: start the server first');
  if (known.key_check !== check) throw new OtherKey();
  if (visiting || known.app_url === appUrl) return;
  if (new URL(known.app_url).hostname !== new URL(appUrl).hostname)
    log.warn(
      'APP_URL has moved to another host: passkeys registered at the old one do not work here; set it back, or let everybody register anew',
      { before: known.app_url, now: appUrl },
    );
  await db.updateTable('installation').set({ app_url: appUrl }).where('id', '=', 1).execute();
}
