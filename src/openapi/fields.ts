import type { Schema } from './examples.ts';

/** What a reader needs to know of one member of a body. */
export interface Field {
  name: string;
  /** In words: "text, 1–50 characters", "list of text, or null". */
  kind: string;
  required: boolean;
  description: string;
}
type Schemas = Readonly<Record<string, Schema>>;

const WORDS: Readonly<Record<string, string>> = { string: 'text', integer: 'whole number', boolean: 'true or false' };
const resolved = (schema: Schema, schemas: Schemas): Schema => schemas[schema.$ref?.split('/').at(-1) ?? ''] ?? schema;

const between = (least: number | undefined, most: number | undefined, of: string): string[] =>
  most === undefined
    ? least === undefined
      ? []
      : [`at least ${least}${of}`]
    : [least === undefined ? `at most ${most}${of}` : `${least}–${most}${of}`];

/** A schema in words. */
export function kindOf(schema: Schema, schemas: Schemas): string {
  const { type, anyOf, items, format, minLength, maxLength, minimum, maximum, ...rest } = resolved(schema, schemas);
  if (anyOf) return [...new Set(anyOf.map((part) => kindOf(part, schemas)))].join(' or ');
  const types = [type ?? []].flat();
  const orNull = types.includes('null') ? ['or null'] : [];
  const words = rest.enum?.filter((word) => word !== null);
  if (words) return [words.map((word) => JSON.stringify(word)).join(', '), ...orNull].join(', ');
  const main = types.find((name) => name !== 'null');
  if (main === 'array') return [`list of ${items ? kindOf(items, schemas) : 'anything'}`, ...orNull].join(', ');
  const plain = format === undefined ? (WORDS[main ?? ''] ?? main ?? 'anything') : format;
  return [plain, ...between(minLength, maxLength, ' characters'), ...between(minimum, maximum, ''), ...orNull].join(', ');
}

/** The members of an object, of all its parts; of a list those of its entries. */
export function fieldsOf(given: Schema, schemas: Schemas): Field[] {
  const schema = resolved(given, schemas);
  if (schema.allOf) return schema.allOf.flatMap((part) => fieldsOf(part, schemas));
  if (schema.items) return fieldsOf(schema.items, schemas);
  return Object.entries(schema.properties ?? {}).map(([name, part]) => ({
    name,
    kind: kindOf(part, schemas),
    required: schema.required?.includes(name) ?? false,
    description: part.description ?? '',
  }));
}
