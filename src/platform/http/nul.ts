type Path = readonly (string | number)[];
interface Place {
  value: object;
  name?: string | number;
  within?: Place;
}

const pathTo = ({ name, within }: Place): Path => (name === undefined ? [] : [...(within ? pathTo(within) : []), name]);
/** What JSON is made of, and not a file or the like. */
const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && (Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value)));

/** Where in the data a text or a name has a NUL, which no text of ours has and PostgreSQL does not keep. However deep, without a stack that ends. */
export function nulIn(data: unknown): Path | undefined {
  const places: Place[] = isPlain(data) ? [{ value: data }] : [];
  for (const place of places) {
    for (const [key, value] of Object.entries(place.value)) {
      const name = Array.isArray(place.value) ? Number(key) : key;
      if (typeof name === 'string' && name.includes('\0')) return pathTo(place);
      if (typeof value === 'string' && value.includes('\0')) return [...pathTo(place), name];
      if (isPlain(value)) places.push({ value, name, within: place });
    }
  }
  return undefined;
}
