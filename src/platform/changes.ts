/** Any flat description of an object, without secrets. */
export type Described = Readonly<Record<string, unknown>>;

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/**
 * What an administrative change did, for an audit row: `before` and `after` as JSON texts of the fields that differ (all of them when the other
 * side is missing). Undefined when nothing changed. Describe objects without their secrets: all of it is stored.
 */
export function changes(before: Described | undefined, after: Described | undefined): { before?: string; after?: string } | undefined {
  if (!before || !after)
    return { ...(before ? { before: JSON.stringify(before) } : {}), ...(after ? { after: JSON.stringify(after) } : {}) };
  const differing = Object.keys({ ...before, ...after }).filter((key) => !same(before[key], after[key]));
  if (differing.length === 0) return undefined;
  const part = (of: Described) => JSON.stringify(Object.fromEntries(differing.map((key) => [key, of[key]])));
  return { before: part(before), after: part(after) };
}
