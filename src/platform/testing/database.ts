import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Clock } from '../clock.ts';
import { MIGRATIONS } from '../db/migrations/list.ts';
import { type Database, openDatabase } from '../db/open.ts';

const TABLES = MIGRATIONS.flatMap(({ statements }) =>
  statements.flatMap((sql) => /^create table (?:if not exists )?("?\w+"?)/.exec(sql)?.[1] ?? []),
);
const WIPE = `set session_replication_role = replica; ${TABLES.map((table) => `delete from ${table}`).join('; ')}`;

/** Schemas of this process whose test has ended. Making one costs more than most tests: thirty tables and their indexes. */
const free: string[] = [];

async function asAdmin(server: string, schema: string, sql: string): Promise<void> {
  const admin = new Client({ connectionString: server, options: `-c search_path=${schema}` });
  await admin.connect();
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
}

async function emptySchema(server: string): Promise<string> {
  const used = free.pop();
  if (used) {
    await asAdmin(server, used, WIPE);
    return used;
  }
  const schema = `t_${randomBytes(8).toString('hex')}`;
  await asAdmin(server, schema, `create schema ${schema}`);
  return schema;
}

const within = (server: string, schema: string) => {
  const url = new URL(server);
  url.searchParams.set('options', `-c search_path=${schema}`);
  return url;
};

/** An address at which nothing is yet: in TEST_DATABASE_URL's PostgreSQL, or a file in `directory`. */
export async function emptyPlace(directory: string): Promise<string> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) return join(directory, 'data', 'pocket-id.db');
  const schema = `t_${randomBytes(8).toString('hex')}`;
  await asAdmin(server, schema, `create schema ${schema}`);
  return within(server, schema).href;
}

/** The same place for a stranger, who may look and make nothing; undefined on SQLite, where files have owners instead. */
export async function forStranger(place: string): Promise<string | undefined> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) return undefined;
  const url = new URL(place);
  const [, schema = ''] = url.searchParams.get('options')?.split('=') ?? [];
  await asAdmin(server, schema, `create role ${schema} login password '${schema}'; grant usage on schema ${schema} to ${schema}`);
  url.username = schema;
  url.password = schema;
  return url.href;
}

/** A database of its own in another encoding than UTF-8, and how to drop it; undefined on SQLite, which knows no other. */
export async function inLatin1(): Promise<{ place: string; drop(): Promise<void> } | undefined> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) return undefined;
  const name = `t_${randomBytes(8).toString('hex')}`;
  await asAdmin(server, 'public', `create database ${name} template template0 encoding 'LATIN1' locale 'C'`);
  const url = new URL(server);
  url.pathname = name;
  return { place: url.href, drop: () => asAdmin(server, 'public', `drop database ${name}`) };
}

/**
 * A fresh database for one test: SQLite in memory or in `file`, or a schema of its own in TEST_DATABASE_URL's PostgreSQL. With `reuse` the schema is another
 * test's once this one has closed the database: not for tests whose own processes go on with it.
 */
export async function testDatabase(
  clock: Clock,
  onQuery?: (sql: string) => void,
  { reuse = false, file = ':memory:' } = {},
): Promise<Database & { url: string }> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) return { ...(await openDatabase(file, { clock, onQuery })), url: file };
  const schema = await emptySchema(server);
  const url = within(server, schema);
  const database = await openDatabase(url.href, { clock, onQuery });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= database.close().then(() => {
      if (reuse) free.push(schema);
    });
    return closed;
  };
  return { ...database, close, url: url.href };
}
