import { sql } from 'kysely';
import type { Db } from './open.ts';

/** Rows are looked through for full buckets, which are as good as none, once in so many requests. */
const CLEAN_EVERY = 1000;

/** How far the clocks of replicas may be apart, in milliseconds. */
const APART_MS = 60_000;

/** Token buckets that replicas on one PostgreSQL share; see `createRateLimits`. */
export function sharedBuckets(db: Db) {
  let taken = 0;
  return {
    async take(key: string, now: number, step: number, limit: number): Promise<boolean> {
      if (++taken % CLEAN_EVERY === 0) await db.deleteFrom('rate_limit').where('full_at', '<', now).execute();
      // No bucket is more than empty: a moment that far on was written before the clock was set back.
      const known = sql`greatest(case when rate_limit.full_at > ${now + limit + APART_MS}::bigint then 0 else rate_limit.full_at end, ${now}::bigint)`;
      const { rows } = await sql<{ full_at: number }>`
        insert into rate_limit (key, full_at) values (${key}, ${now + step})
        on conflict (key) do update set full_at = ${known} + ${step}::bigint
        where ${known} + ${step}::bigint <= ${now + limit}::bigint
        returning full_at`.execute(db);
      return rows.length > 0;
    },
  };
}
