import { globSync } from 'node:fs';
import { join } from 'node:path';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { systemClock } from '#platform/clock.ts';
import { type Db, type DbKind, openDatabase } from '#platform/db/open.ts';
import type { Tables } from '#platform/db/tables.ts';
import { createLedger } from '../src/grants/facts.ts';

/** docs/queries.sql: every statement of every store, made by calling each of its functions with values that mean nothing on a database that only listens. */

type Columns = ReadonlyMap<string, readonly string[]>;

/** A database that compiles, writes down and answers (almost) nothing. */
function listening(kind: DbKind): { db: Db; heard: string[] } {
  const heard: string[] = [];
  const connection: DatabaseConnection = {
    executeQuery: async <R>({ sql }: CompiledQuery): Promise<QueryResult<R>> => {
      heard.push(sql);
      // A list counts before it reads.
      return { rows: (/^select count/.test(sql) ? [{ total: 1 }] : []) as R[], numAffectedRows: 1n };
    },
    streamQuery: () => {
      throw new Error('nothing streams');
    },
  };
  const sqlite = kind === 'sqlite';
  const dialect: Dialect = {
    createAdapter: () => (sqlite ? new SqliteAdapter() : new PostgresAdapter()),
    createIntrospector: (db) => (sqlite ? new SqliteIntrospector(db) : new PostgresIntrospector(db)),
    createQueryCompiler: () => (sqlite ? new SqliteQueryCompiler() : new PostgresQueryCompiler()),
    createDriver: () => ({
      init: async () => {},
      acquireConnection: async () => connection,
      beginTransaction: async () => {},
      commitTransaction: async () => {},
      rollbackTransaction: async () => {},
      releaseConnection: async () => {},
      destroy: async () => {},
    }),
  };
  return { db: new Kysely<Tables>({ dialect }), heard };
}

async function columnsOfTables(): Promise<Columns> {
  const { db, close } = await openDatabase(':memory:', { clock: systemClock });
  const { rows } = await db.executeQuery<{ table: string; column: string }>(
    CompiledQuery.raw(
      `select m.name as "table", c.name as "column" from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`,
    ),
  );
  await close();
  const columns = new Map<string, string[]>();
  for (const { table, column } of rows) if (column !== 'search_key') columns.set(table, [...(columns.get(table) ?? []), column]);
  return columns;
}

const LIST = { page: 1, limit: 20, search: 'x', filters: {} };
const COUNTS = { worthKeeping: 1, total: (_: string, countBetween: (span: object) => Promise<number>) => countBetween({ from: 1 }) };
const NUMBERS = /^(now|limit|until|before|time|most|length|maxFailures|seenBefore|seenAfter)$/;
const OTHERS: Readonly<Record<string, unknown>> = {
  options: LIST,
  pairs: [{ apiId: 'x', clientId: 'x' }],
  claims: [{ id: 'x', key: 'x', value: 'x' }],
  owner: 'user_id',
  claimed: { challenge: 'x', browserHash: 'x', ceremony: 'login', now: 1 },
  to: { stage: 'x', ends_at: 1 },
  tokens: [{}],
  used: { counter: 1, backup_state: 1, last_used_at: 1 },
  counts: COUNTS,
  asked: { options: { ...LIST, sort: { column: 'ipAddress', direction: 'asc' } } },
  known: {
    counts: COUNTS,
    orders: {
      most: 500,
      first: async (_: string, read: (upTo: number) => Promise<string[]>) => {
        await read(1);
        return { ids: ['x', 'y'], upTo: 1 };
      },
    },
  },
};

/** A value for a parameter, judged by its name and by the table the function writes to. */
function valueFor(parameter: string, source: string, columns: Columns): unknown {
  const name = /^\w+/.exec(parameter)?.[0] ?? '';
  const table = /(?:insertInto|updateTable)\('(\w+)'\)/.exec(source)?.[1] ?? '';
  const row = () => Object.fromEntries((columns.get(table) ?? ['id']).map((column) => [column, 'x']));
  // Of what is taken apart any name may be asked, but only a row has the rest of them.
  if (parameter.startsWith('{')) return /^[^)]*\.\.\.\w+ *\}/.test(source) ? row() : new Proxy({}, { get: () => 'x', has: () => true });
  if (name === 'row') return row();
  if (name === 'rows') return [row()];
  if (name === 'set' || name === 'values') return Object.fromEntries(Object.entries(row()).slice(1, 2));
  if (/ids$|^keys$/i.test(name)) return ['x', 'y'];
  return OTHERS[name] ?? (NUMBERS.test(name) ? 1 : 'x');
}

/** The parameters of an arrow function or method, by name; Node has taken the types out. */
function parametersOf(source: string): string[] {
  const list = /^(?:async\s*)?(?:\w+\s*)?\(([^)]*)\)/.exec(source)?.[1] ?? '';
  return list
    .replace(/\{[^}]*\}/g, '{}')
    .split(',')
    .map((parameter) => parameter.trim())
    .filter(Boolean);
}

type Store = Readonly<Record<string, (...values: unknown[]) => unknown>>;

const isStatement = (answer: unknown): answer is CompiledQuery =>
  typeof answer === 'object' && answer !== null && typeof (answer as Partial<CompiledQuery>).sql === 'string';

async function heardOf(kind: DbKind, make: (db: Db) => Store, name: string, columns: Columns): Promise<string[]> {
  const { db, heard } = listening(kind);
  const call = make(db)[name]!;
  const source = call.toString();
  try {
    const answer = await call(...parametersOf(source).map((parameter) => valueFor(parameter, source, columns)));
    // A statement that somebody else runs, together with others.
    if (isStatement(answer)) heard.push(answer.sql);
  } catch {
    // An empty answer ends some functions early; what they asked before is heard.
  }
  return heard;
}

const same = (sql: string) => sql.replace(/\$\d+/g, '?');

async function section(title: string, make: (db: Db) => Store, columns: Columns): Promise<string> {
  const parts: string[] = [];
  for (const name of Object.keys(make(listening('sqlite').db))) {
    const [sqlite, postgres] = await Promise.all([heardOf('sqlite', make, name, columns), heardOf('postgres', make, name, columns)]);
    const lines = [...new Set(sqlite)].map((sql) => `${sql};`);
    const differs = sqlite.map(same).join('\n') !== postgres.map(same).join('\n');
    if (differs) lines.push('-- on PostgreSQL', ...[...new Set(postgres)].map((sql) => `${sql};`));
    if (lines.length === 0) throw new Error(`${title}.${name} asked nothing: give its parameters better values in scripts/queries.ts`);
    parts.push(`-- ${name}\n${lines.join('\n')}`);
  }
  return `-- ${title} ${'-'.repeat(Math.max(0, 100 - title.length))}\n\n${parts.join('\n\n')}\n`;
}

/** One read for everything a request is decided by, for each thing it may be asked with. */
async function facts(columns: Columns): Promise<string> {
  const lookups = {
    'authorize: client and session': { clientId: 'x', session: 'x' },
    'token endpoint: client and code': { clientId: 'x', code: 'x' },
    'token endpoint, introspection, revocation: client and token': { clientId: 'x', token: 'x' },
    'userinfo: token': { token: 'x' },
    'client credentials: client': { clientId: 'x' },
  };
  const make = (kind: DbKind) => (db: Db) => {
    const ledger = createLedger({ db, kind, merge: () => ({}), documents: { admits: () => true } });
    return Object.fromEntries(Object.entries(lookups).map(([name, lookup]) => [name, () => ledger.read(lookup)]));
  };
  const parts: string[] = [];
  for (const name of Object.keys(lookups)) {
    const sqlite = await heardOf('sqlite', make('sqlite'), name, columns);
    const postgres = await heardOf('postgres', make('postgres'), name, columns);
    parts.push(`-- ${name}\n${sqlite.join(';\n')};\n-- on PostgreSQL\n${postgres.join(';\n')};`);
  }
  return `-- src/grants/facts.ts ${'-'.repeat(80)}\n\n${parts.join('\n\n')}\n`;
}

/** The page. Deterministic: the order of the files and of the functions in them. */
export async function queriesText(): Promise<string> {
  const columns = await columnsOfTables();
  const root = join(import.meta.dirname, '..');
  const files = globSync('src/**/*store.ts', { cwd: root })
    .filter((file) => /(^|[-/])store\.ts$/.test(file))
    .sort();
  const sections: string[] = [];
  for (const file of files) {
    const exported = Object.entries((await import(join(root, file))) as Record<string, unknown>);
    for (const [name, make] of exported.sort())
      if (name.endsWith('Store') && typeof make === 'function')
        sections.push(await section(`${file} ${name}`, make as (db: Db) => Store, columns));
  }
  return `-- Made by scripts/queries.ts from every store: run npm run docs. For reading and for query plans; the program does not use it.\n\n${[...sections, await facts(columns)].join('\n')}`;
}
