/** Beyond so many the list begins anew; what it names is then held twice for a while at worst. */
const MOST = 1000;

/**
 * The bytes of images that are just being sent to somebody, by their hash: a thousand clients that read one image slowly hold it once, and it is
 * read from the database once for all of them. What nobody reads any more is free.
 */
export function heldOnce() {
  const held = new Map<string, WeakRef<Uint8Array>>();
  return {
    find: (hash: string): Uint8Array | undefined => held.get(hash)?.deref(),
    keep(hash: string, bytes: Uint8Array): void {
      if (held.size >= MOST) held.clear();
      held.set(hash, new WeakRef(bytes));
    },
  };
}
