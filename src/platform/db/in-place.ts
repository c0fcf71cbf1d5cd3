import type { CompiledQuery, QueryResult } from 'kysely';
import type { Db } from './open.ts';

/** At least one statement. */
type Batch = readonly [CompiledQuery, ...CompiledQuery[]];

/** What a database that runs in our own process can do at once, where Kysely passes a statement through a dozen promises. */
export interface InPlace {
  run<R>(query: CompiledQuery): Promise<QueryResult<R>>;
  /** Absent in a transaction, which reads as Kysely does. */
  firstCells?(query: CompiledQuery): Promise<unknown[] | undefined>;
  /** Absent in a transaction. */
  together?(batch: Batch): Promise<boolean>;
}

/** By the database's or the transaction's executor, which is its own. */
const offered = new WeakMap<object, InPlace>();

/** Says that statements for this database or transaction may go around Kysely. */
export const offerInPlace = (db: Db, inPlace: InPlace): void => void offered.set(db.getExecutor(), inPlace);

const inPlaceOf = (db: Db): InPlace | undefined => offered.get(db.getExecutor());

/** Runs a statement that is built already. */
export function run<R>(db: Db, query: CompiledQuery): Promise<QueryResult<R>> {
  const inPlace = inPlaceOf(db);
  return inPlace ? inPlace.run<R>(query) : db.executeQuery<R>(query as CompiledQuery<R>);
}

/** The values of a reading statement's first row, in the order of `columns`, which are all it has. */
export async function firstCells(db: Db, query: CompiledQuery, columns: readonly string[]): Promise<readonly unknown[] | undefined> {
  const inPlace = inPlaceOf(db);
  if (inPlace?.firstCells) return inPlace.firstCells(query);
  const { rows } = await db.executeQuery<Record<string, unknown>>(query as CompiledQuery<Record<string, unknown>>);
  const [row] = rows;
  return row && columns.map((column) => row[column]);
}

const changed = ({ rows, numAffectedRows }: QueryResult<unknown>) => rows.length > 0 || (numAffectedRows ?? 0n) > 0n;

/** Rolls a transaction back without being a failure. */
class Nothing extends Error {}

/**
 * Runs statements as one transaction: the first takes or makes something, and where it changes no row none of the others runs. Answers whether
 * it did; resolves when the work is durable. For transactions in which nothing is decided between two statements.
 */
export async function together(db: Db, batch: Batch): Promise<boolean> {
  const inPlace = inPlaceOf(db);
  if (inPlace?.together) return inPlace.together(batch);
  const [first, ...others] = batch;
  const work = async (tx: Db) => {
    if (!changed(await tx.executeQuery(first))) throw new Nothing();
    for (const query of others) await tx.executeQuery(query);
  };
  try {
    await (db.isTransaction ? work(db) : db.transaction().execute(work));
    return true;
  } catch (cause) {
    if (cause instanceof Nothing) return false;
    throw cause;
  }
}
