/** What differs at one place of an answer. `place` is like `data.0.createdAt`; '' is the whole, `status` the HTTP status. */
export interface Difference {
  place: string;
  kind: 'added' | 'missing' | 'changed' | 'type';
  recorded: unknown;
  ours: unknown;
}

/** Values that differ from run to run, recorded → ours: ids, secrets, codes. The same recorded value must always be the same of ours. */
export class Names {
  readonly #ours = new Map<string, string>();

  /** Notes or checks a pair; false when the recorded value already stands for another one. */
  pair(recorded: string, ours: string): boolean {
    const known = this.#ours.get(recorded);
    if (known === undefined) this.#ours.set(recorded, ours);
    return known === undefined || known === ours;
  }

  /** The same value with every recorded name replaced by ours, for requests. */
  translate<T>(value: T): T {
    if (typeof value === 'string') return (this.#ours.get(value) ?? value) as T;
    if (Array.isArray(value)) return value.map((item) => this.translate(item)) as T;
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.translate(item)])) as T;
  }

  translatePath(path: string): string {
    return path
      .split(/([/?=&])/)
      .map((part) => this.translate(part))
      .join('');
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/;
const MADE_BY_SERVER = new Set(['secret', 'token']);

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value);
const typeOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

/** Whether two texts say the same, given that ids, times and generated secrets differ between runs. */
function sameText(recorded: string, ours: string, key: string, sent: ReadonlySet<string>, names: Names): boolean {
  if (UUID.test(recorded)) return UUID.test(ours) && names.pair(recorded, ours);
  if (recorded === ours) return true;
  // A time that the client chose is echoed; one that the server noted only has to be a time.
  if (DATE.test(recorded) && !sent.has(recorded)) return DATE.test(ours);
  if (MADE_BY_SERVER.has(key) && !sent.has(recorded))
    return ours.length === recorded.length && /^[A-Za-z0-9]+$/.test(ours) && names.pair(recorded, ours);
  return names.translate(recorded) === ours;
}

/** Every difference between two answers; the order of arrays counts, that of fields does not. `sent`: all texts of the request. */
export function compare(recorded: unknown, ours: unknown, names: Names, sent: ReadonlySet<string>, place = ''): Difference[] {
  const at = (key: string | number) => (place === '' ? String(key) : `${place}.${key}`);
  if (typeOf(recorded) !== typeOf(ours)) return [{ place, kind: 'type', recorded, ours }];
  if (typeof recorded === 'string' && typeof ours === 'string') {
    const key = place.split('.').at(-1) ?? '';
    return sameText(recorded, ours, key, sent, names) ? [] : [{ place, kind: 'changed', recorded, ours }];
  }
  if (Array.isArray(recorded) && Array.isArray(ours)) {
    const items =
      recorded.length === ours.length ? [] : [{ place, kind: 'changed' as const, recorded: recorded.length, ours: ours.length }];
    return [...items, ...recorded.slice(0, ours.length).flatMap((item, i) => compare(item, ours[i], names, sent, at(i)))];
  }
  if (isRecord(recorded) && isRecord(ours)) {
    const added = Object.keys(ours).filter((key) => !Object.hasOwn(recorded, key));
    return [
      ...added.map((key) => ({ place: at(key), kind: 'added' as const, recorded: undefined, ours: ours[key] })),
      ...Object.keys(recorded).flatMap((key) =>
        Object.hasOwn(ours, key)
          ? compare(recorded[key], ours[key], names, sent, at(key))
          : [{ place: at(key), kind: 'missing' as const, recorded: recorded[key], ours: undefined }],
      ),
    ];
  }
  return recorded === ours ? [] : [{ place, kind: 'changed', recorded, ours }];
}

/** Every text anywhere in a value. */
export function textsOf(value: unknown, into = new Set<string>()): Set<string> {
  if (typeof value === 'string') into.add(value);
  else if (Array.isArray(value)) for (const item of value) textsOf(item, into);
  else if (isRecord(value)) for (const item of Object.values(value)) textsOf(item, into);
  return into;
}
