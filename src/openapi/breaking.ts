import type { Schema } from './examples.ts';

interface Media {
  content?: Record<string, { schema?: Form }>;
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: Form;
}
interface Operation {
  responses?: Record<string, Media>;
  requestBody?: Media & { required?: boolean };
  parameters?: Parameter[];
}
interface Form extends Schema {
  required?: string[];
  properties?: Record<string, Form>;
  items?: Form;
  allOf?: Form[];
  anyOf?: Form[];
  additionalProperties?: Form | boolean;
}
/** An OpenAPI document as far as compatibility is concerned. */
export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Form> };
}

const typesOf = (form: Form): string[] => (form.type === undefined ? [] : [form.type].flat());
const common = (lists: readonly string[][]) => (lists[0] ?? []).filter((key) => lists.every((list) => list.includes(key)));

/** The form a reference means, its parts put together: all fields of `allOf`, all fields of `anyOf` with those required that every one requires. */
function whole(form: Form | undefined, document: Document): Form | undefined {
  const name = form?.$ref?.split('/').at(-1);
  if (name !== undefined) return whole(document.components?.schemas?.[name], document);
  if (!form?.allOf && !form?.anyOf) return form;
  const all = (form.allOf ?? []).flatMap((part) => whole(part, document) ?? []);
  const any = (form.anyOf ?? []).flatMap((part) => whole(part, document) ?? []);
  const types = [...new Set([form, ...all, ...any].flatMap(typesOf))];
  return {
    ...form,
    type: types.length > 0 ? types : undefined,
    properties: Object.assign({}, form.properties, ...[...all, ...any].map((part) => part.properties)),
    required: [...(form.required ?? []), ...all.flatMap((part) => part.required ?? []), ...common(any.map((part) => part.required ?? []))],
  };
}

type Documents = Record<'before' | 'after', Document>;
const inner = ({ additionalProperties: rest }: Form): Form | undefined => (typeof rest === 'object' ? rest : undefined);
const worded = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join(', ');

/** What a reader of `before` can no longer rely on in `after`: fields that went, types and formats that were not there, new values of an enumeration. */
function lost(before: Form | undefined, after: Form | undefined, documents: Documents, place: string): string[] {
  const [b, a] = [whole(before, documents.before), whole(after, documents.after)];
  if (!b) return [];
  if (!a) return [`${place} has no form any more`];
  if (typesOf(b).length > 0 && typesOf(a).length === 0) return [`${place} may now be anything`];
  const added = typesOf(b).length > 0 ? typesOf(a).filter((type) => !typesOf(b).includes(type)) : [];
  if (added.length > 0) return [`${place} may now be ${added.join(' or ')}`];
  if (b.format !== undefined && a.format !== b.format) return [`${place} is no longer of the format ${b.format}`];
  const values = b.enum === undefined ? [] : (a.enum ?? ['something else']).filter((value) => !b.enum?.includes(value));
  if (values.length > 0) return [`${place} may now be ${worded(values)}`];
  const fields = Object.entries(b.properties ?? {}).flatMap(([key, part]) => {
    const there = a.properties?.[key];
    if (!there) return [`${place}.${key} is gone`];
    if (b.required?.includes(key) && !a.required?.includes(key)) return [`${place}.${key} may now be absent`];
    return lost(part, there, documents, `${place}.${key}`);
  });
  const items = b.items ? lost(b.items, a.items, documents, `${place}[]`) : [];
  return [...fields, ...items, ...(inner(b) ? lost(inner(b), inner(a), documents, `${place}.*`) : [])];
}

/** What a sender who follows `before` would now have refused or overlooked: fields, types and values that are taken no more, fields that became required. */
function refused(before: Form | undefined, after: Form | undefined, documents: Documents, place: string): string[] {
  const [b, a] = [whole(before, documents.before), whole(after, documents.after)];
  if (!b || !a) return [];
  const gone = typesOf(a).length > 0 ? typesOf(b).filter((type) => !typesOf(a).includes(type)) : [];
  if (gone.length > 0) return [`${place} may no longer be ${gone.join(' or ')}`];
  const values = a.enum === undefined ? [] : (b.enum ?? ['anything']).filter((value) => !a.enum?.includes(value));
  if (values.length > 0) return [`${place} may no longer be ${worded(values)}`];
  const required = (a.required ?? []).filter((key) => !b.required?.includes(key)).map((key) => `${place}.${key} is now required`);
  const fields = Object.entries(b.properties ?? {}).flatMap(([key, part]) => {
    const there = a.properties?.[key];
    return there ? refused(part, there, documents, `${place}.${key}`) : [`${place}.${key} is no longer taken`];
  });
  return [...required, ...fields, ...(b.items ? refused(b.items, a.items, documents, `${place}[]`) : [])];
}

function parametersOf(was: Operation, is: Operation, documents: Documents, place: string): string[] {
  const same = (one: Parameter) => (other: Parameter) => other.name === one.name && other.in === one.in;
  const needed = (is.parameters ?? [])
    .filter((p) => p.required && !was.parameters?.find(same(p))?.required)
    .map((p) => `${place} now needs ${p.in} ${p.name}`);
  const taken = (was.parameters ?? []).flatMap((p) => {
    const there = is.parameters?.find(same(p));
    const named = `${place} ${p.in} ${p.name}`;
    return there ? refused(p.schema, there.schema, documents, named) : [`${named} is no longer taken`];
  });
  return [...needed, ...taken];
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
      const answers = Object.entries(was.responses ?? {}).flatMap(([status, response]) => {
        const now = is.responses?.[status];
        if (now) return lost(jsonOf(response), jsonOf(now), documents, `${place} ${status}`);
        // A refusal that does not come any more breaks nobody.
        return status.startsWith('2') ? [`${place} no longer answers ${status}`] : [];
      });
      const body = is.requestBody?.required && !was.requestBody?.required ? [`${place} now needs a body`] : [];
      const sent = refused(jsonOf(was.requestBody), jsonOf(is.requestBody), documents, `${place} body`);
      return [...answers, ...parametersOf(was, is, documents, place), ...body, ...sent];
    }),
  );
}
