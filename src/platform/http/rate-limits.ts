/** A token bucket: `burst` requests at once, then `count` in every `seconds`. */
export interface Bucket {
  count: number;
  seconds: number;
  burst: number;
}

/** What a bucket remembers between requests: when it will be full again, in milliseconds. One statement decides, so that replicas share it. */
export interface SharedBuckets {
  /** Moves the moment of `key` on by `step`, but not beyond `limit` after `now`; answers whether it moved. */
  take(key: string, now: number, step: number, limit: number): Promise<boolean>;
}

/** Clients remembered at once; beyond it the oldest are forgotten, so that many addresses cannot fill the memory. */
const MOST_KEYS = 50_000;

/** An IPv6 customer has a /64 at least: its addresses count as one. IPv4 counts by address. */
export function clientKey(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [head = '', tail] = ip.split('::');
  const left = head === '' ? [] : head.split(':');
  const groups =
    tail === undefined
      ? left
      : [...left, ...Array<string>(Math.max(0, 8 - left.length - (tail === '' ? 0 : tail.split(':').length))).fill('0')];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/**
 * Generic cell rate algorithm: one number for each key says when its bucket would be full. `clock` answers milliseconds. Buckets named in
 * `shared.names` are kept there, for all replicas; when that fails, the request passes.
 */
export function createRateLimits<Name extends string>({
  buckets,
  clock,
  shared,
}: {
  buckets: Readonly<Record<Name, Bucket>>;
  clock: () => number;
  shared?: { names: readonly Name[]; store: SharedBuckets };
}) {
  const full = new Map<string, number>();
  const stepOf = (bucket: Bucket) => (bucket.seconds * 1000) / bucket.count;

  /** Answers the seconds to wait when the bucket is empty, else undefined, and takes one. */
  const takeHere = (name: Name, ip: string): number | undefined => {
    const bucket = buckets[name];
    const step = stepOf(bucket);
    const now = clock();
    const key = `${name} ${clientKey(ip)}`;
    const known = full.get(key) ?? 0;
    // No bucket is more than empty: a moment further on was noted before the clock was set back.
    const before = known > now + step * bucket.burst ? now : known;
    const next = Math.max(before, now) + step;
    const excess = next - now - step * bucket.burst;
    // Set anew also when refused: whoever keeps coming stands at the end of the map, far from being forgotten.
    full.delete(key);
    full.set(key, excess > 0 ? before : next);
    if (excess > 0) return Math.ceil(excess / 1000);
    if (full.size > MOST_KEYS) full.delete(full.keys().next().value as string);
    return undefined;
  };

  return {
    takeHere,
    /** As `takeHere`, but for all replicas where the bucket is shared. */
    async take(name: Name, ip: string): Promise<number | undefined> {
      if (!shared?.names.includes(name)) return takeHere(name, ip);
      const bucket = buckets[name];
      const step = stepOf(bucket);
      const passed = await shared.store
        .take(`${name} ${clientKey(ip)}`, clock(), Math.round(step), Math.round(step * bucket.burst))
        .catch(() => true);
      return passed ? undefined : Math.ceil(step / 1000);
    },
  };
}
