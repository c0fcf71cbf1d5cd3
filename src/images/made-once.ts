/** What is made when it is first asked for, by its key, and kept in memory: beyond `most` the list begins anew. */
export function madeOnce<T>(most: number) {
  const kept = new Map<string, Promise<T>>();
  return (key: string, make: () => Promise<T>): Promise<T> => {
    let made = kept.get(key);
    if (!made) {
      if (kept.size >= most) kept.clear();
      made = make();
      kept.set(key, made);
      // What went wrong once, memory for one, is not remembered for good.
      made.catch(() => kept.delete(key));
    }
    return made;
  };
}
