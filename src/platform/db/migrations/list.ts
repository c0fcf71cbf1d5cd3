import { foundation } from './0001-foundation.ts';
import { oneOrder } from './0002-one-order.ts';
import { byKindAndTime } from './0003-by-kind-and-time.ts';

export interface Migration {
  version: number;
  name: string;
  /** Statements that both SQLite and PostgreSQL understand; run in one transaction. */
  statements: string[];
  /** What only one of them needs, after the others and in the same transaction. */
  sqlite?: string[];
  postgres?: string[];
}

/** The one list for both databases. Append only: a released migration never changes. */
export const MIGRATIONS: readonly Migration[] = [foundation, oneOrder, byKindAndTime];
