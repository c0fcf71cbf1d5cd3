/** One custom claim of a person: their own (`group` null), or one of a group they are in, with that group's name. */
export interface MergeableClaim {
  key: string;
  value: string;
  group: string | null;
}

const list = (value: string): unknown[] | undefined => {
  if (!value.trimStart().startsWith('[')) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
};

/** Ignoring case, so that "beta" does not come after "Zeta"; names that differ in case only keep a fixed order. */
const alphabetical = (a: string, b: string) => {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : a > b ? 1 : 0;
};

/**
 * Which of several claims of one key counts, whatever the order they were read in: the person's own wins over their groups'. Among groups, the
 * one named first in the alphabet wins; when its value is a JSON array, the arrays of the others are appended in alphabetical order, without
 * repeating an element. Values stay text; the caller parses those that are JSON.
 */
export function mergeClaims(claims: readonly MergeableClaim[]): Record<string, string> {
  const merged = new Map<string, string>();
  const ofGroups = claims.filter((claim) => claim.group !== null).sort((a, b) => alphabetical(a.group ?? '', b.group ?? ''));
  for (const { key, value } of ofGroups) {
    const before = merged.get(key);
    if (before === undefined) {
      merged.set(key, value);
      continue;
    }
    const [first, more] = [list(before), list(value)];
    if (!first || !more) continue;
    const seen = new Set(first.map((element) => JSON.stringify(element)));
    const added = more.filter((element) => !seen.has(JSON.stringify(element)));
    if (added.length > 0) merged.set(key, JSON.stringify([...first, ...added]));
  }
  for (const { key, value, group } of claims) if (group === null) merged.set(key, value);
  // fromEntries defines properties: a claim called `__proto__` is a claim like any other.
  return Object.fromEntries(merged);
}
