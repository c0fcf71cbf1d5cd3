interface Held {
  hash: string;
  bytes: Uint8Array;
}

/** Beyond so many the list begins anew; what it names is then held twice for a while at worst. */
const MOST = 1000;

/**
 * Gives the bytes of an image that is just being sent to somebody instead of a second copy of them: a thousand clients that read one image slowly
 * would otherwise hold it a thousand times. What nobody reads any more is free.
 */
export function heldOnce() {
  const held = new Map<string, WeakRef<Uint8Array>>();
  return <T extends Held>(image: T): T => {
    const bytes = held.get(image.hash)?.deref();
    if (bytes) return { ...image, bytes };
    if (held.size >= MOST) held.clear();
    held.set(image.hash, new WeakRef(image.bytes));
    return image;
  };
}
