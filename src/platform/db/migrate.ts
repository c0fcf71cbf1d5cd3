import { sql } from 'kysely';
import type { Clock } from '../clock.ts';
import { StartError } from '../start-error.ts';
import { MIGRATIONS } from './migrations/list.ts';
import type { Database, Db } from './open.ts';

/** The newest schema this program knows. */
export const NEWEST = MIGRATIONS.at(-1)?.version ?? 0;

/** Why a database that a later version of the program has brought up to date is left alone. */
export const isNewer = (version: number) =>
  new StartError(
    `the database is at version ${version}, newer than this program knows (${NEWEST}): start the newer program, or put back the copy that was made before its migration`,
  );

export const isOfAnotherVersion = (what: string) =>
  new StartError(`${what} belongs to another version of this program: start that version's server once`);

/** Applies what is outstanding, in one transaction; replicas that start together take turns. Throws StartError when the database is newer. */
export async function migrate({ db, kind }: Pick<Database, 'db' | 'kind'>, clock: Clock): Promise<void> {
  await db.transaction().execute(async (tx) => {
    if (kind === 'postgres') {
      // Nor are there those that somebody gave the database or its user.
      await sql`set local statement_timeout = 0`.execute(tx);
      await sql`set local lock_timeout = 0`.execute(tx);
      await sql`select pg_advisory_xact_lock(1411)`.execute(tx);
    }
    await sql`create table if not exists schema_version (version integer primary key, name text not null, applied_at bigint not null)`.execute(
      tx,
    );
    const done = await tx.selectFrom('schema_version').select('version').execute();
    const version = Math.max(0, ...done.map((row) => row.version));
    if (version > NEWEST) throw isNewer(version);
    for (const migration of MIGRATIONS.filter((m) => m.version > version)) {
      for (const statement of [...migration.statements, ...(migration[kind] ?? [])]) await sql.raw(statement).execute(tx);
      await tx.insertInto('schema_version').values({ version: migration.version, name: migration.name, applied_at: clock.now() }).execute();
    }
  });
}

/** For those who look at a PostgreSQL beside its server, and change nothing: throws StartError when no server of this version has prepared it. */
export async function standsAt(db: Db): Promise<void> {
  const { rows } = await sql<{ known: string | null }>`select to_regclass('schema_version') as known`.execute(db);
  if (!rows[0]?.known) throw new StartError('there is nothing in the database yet: start the server first');
  const done = await db.selectFrom('schema_version').select('version').execute();
  if (Math.max(0, ...done.map((row) => row.version)) !== NEWEST) throw isOfAnotherVersion('the database');
}
