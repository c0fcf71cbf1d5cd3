import type { Schema } from './examples.ts';

interface Media {
  content?: Record<string, { schema?: Schema }>;
}
interface Operation {
  responses?: Record<string, Media>;
  requestBody?: Media & { required?: boolean };
  parameters?: { name: string; in: string; required?: boolean }[];
}
interface Required extends Schema {
  required?: string[];
}
/** An OpenAPI document as far as compatibility is concerned. */
export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

const typesOf = (schema: Schema) => (schema.type === undefined ? [] : [schema.type].flat());

/** A schema and the components its references mean; the same reference twice in one chain is read once. */
function resolved(schema: Schema | undefined, document: Document): Required | undefined {
  const name = schema?.$ref?.split('/').at(-1);
  return name === undefined ? schema : resolved(document.components?.schemas?.[name], document);
}

/** What a reader of `before` can no longer rely on in `after`: fields that went, types that were not there, values that are new to an enumeration. */
function lost(
  before: Schema | undefined,
  after: Schema | undefined,
  documents: { before: Document; after: Document },
  place: string,
): string[] {
  const [b, a] = [resolved(before, documents.before), resolved(after, documents.after)];
  if (!b) return [];
  if (!a) return [`${place} has no form any more`];
  const added = typesOf(b).length > 0 ? typesOf(a).filter((type) => !typesOf(b).includes(type)) : [];
  if (added.length > 0) return [`${place} may now be ${added.join(' or ')}`];
  const fields = Object.entries(b.properties ?? {}).flatMap(([key, part]) => {
    const there = a.properties?.[key];
    if (!there) return [`${place}.${key} is gone`];
    if ((b.required ?? []).includes(key) && !(a.required ?? []).includes(key)) return [`${place}.${key} may now be absent`];
    return lost(part, there, documents, `${place}.${key}`);
  });
  return [...fields, ...(b.items ? lost(b.items, a.items, documents, `${place}[]`) : [])];
}

/** What a sender who follows `before` would now have refused: fields that became required, types that are taken no more. */
function refused(
  before: Schema | undefined,
  after: Schema | undefined,
  documents: { before: Document; after: Document },
  place: string,
): string[] {
  const [b, a] = [resolved(before, documents.before), resolved(after, documents.after)];
  if (!b || !a) return [];
  const gone = typesOf(a).length > 0 ? typesOf(b).filter((type) => !typesOf(a).includes(type)) : [];
  if (gone.length > 0) return [`${place} may no longer be ${gone.join(' or ')}`];
  const required = (a.required ?? []).filter((key) => !(b.required ?? []).includes(key)).map((key) => `${place}.${key} is now required`);
  const inner = Object.entries(b.properties ?? {}).flatMap(([key, part]) =>
    refused(part, a.properties?.[key], documents, `${place}.${key}`),
  );
  return [...required, ...inner, ...(b.items ? refused(b.items, a.items, documents, `${place}[]`) : [])];
}

const jsonOf = (media: Media | undefined) => media?.content?.['application/json']?.schema;

/** Every way in which a client that was written for one document could fail with another; empty when there is none. */
export function breakingChanges(before: Document, after: Document): string[] {
  const documents = { before, after };
  return Object.entries(before.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, was]) => {
      const place = `${method.toUpperCase()} ${path}`;
      const is = after.paths[path]?.[method];
      if (!is) return [`${place} is gone`];
      const answers = Object.entries(was.responses ?? {})
        .filter(([status]) => status.startsWith('2'))
        .flatMap(([status, response]) => {
          const now = is.responses?.[status];
          return now ? lost(jsonOf(response), jsonOf(now), documents, `${place} ${status}`) : [`${place} no longer answers ${status}`];
        });
      const parameters = (is.parameters ?? [])
        .filter((p) => p.required && !was.parameters?.some((other) => other.name === p.name && other.in === p.in && other.required))
        .map((p) => `${place} now needs ${p.in} ${p.name}`);
      const body = is.requestBody?.required && !was.requestBody?.required ? [`${place} now needs a body`] : [];
      return [...answers, ...parameters, ...body, ...refused(jsonOf(was.requestBody), jsonOf(is.requestBody), documents, `${place} body`)];
    }),
  );
}
