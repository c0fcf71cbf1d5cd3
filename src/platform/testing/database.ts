import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import type { Clock } from '../clock.ts';
import { type Database, openDatabase } from '../db/open.ts';

/** A fresh database for one test: in-memory SQLite, or a schema of its own in TEST_DATABASE_URL's PostgreSQL. */
export async function testDatabase(clock: Clock, onQuery?: (sql: string) => void): Promise<Database & { url: string }> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) return { ...(await openDatabase(':memory:', { clock, onQuery })), url: ':memory:' };
  const schema = `t_${randomBytes(8).toString('hex')}`;
  const admin = new Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create schema ${schema}`);
  await admin.end();
  const url = new URL(server);
  url.searchParams.set('options', `-c search_path=${schema}`);
  return { ...(await openDatabase(url.href, { clock, onQuery })), url: url.href };
}
