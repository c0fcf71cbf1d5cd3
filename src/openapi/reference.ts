import { createHash } from 'node:crypto';
import type { Schema } from './examples.ts';
import { fieldsOf } from './fields.ts';

interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: { name: string; in: string; required?: boolean; description?: string }[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: Schema }> }>;
}
interface Document {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1d2733;--soft:#5b6875;--line:#d9dee4;--paper:#fff;--tint:#f4f6f8;--get:#1f6f50;--post:#284463;--put:#8a5a00;--delete:#a32a2a;--patch:#6a3b8a}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaee;--soft:#a3afba;--line:#36414c;--paper:#151b22;--tint:#1d252e;--get:#6fcf9f;--post:#9cc2ee;--put:#f0c46a;--delete:#f29a9a;--patch:#cfa5ec}}
body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main,header,nav{max-width:60rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2rem}h1{margin:0}h2{margin:2.5rem 0 .5rem;padding-top:.5rem;border-top:1px solid var(--line)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none}
a{color:inherit}code,pre{font:14px/1.45 ui-monospace,monospace}code{overflow-wrap:anywhere}
pre{background:var(--tint);padding:.75rem 1rem;border-radius:.4rem;overflow:auto;margin:.4rem 0 1rem}
details{border-bottom:1px solid var(--line)}summary{padding:.55rem 0;cursor:pointer;display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline}
summary:focus-visible,a:focus-visible{outline:2px solid var(--post);outline-offset:2px}
summary b{font:600 13px ui-monospace,monospace;width:4rem}summary span{color:var(--soft)}
.get b{color:var(--get)}.post b{color:var(--post)}.put b{color:var(--put)}.delete b{color:var(--delete)}.patch b{color:var(--patch)}
details>div{padding:0 0 1rem}h3{font-size:1rem;margin:1rem 0 .2rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-top:1px solid var(--line)}td:first-child{min-width:8rem}`;

/** The policy of the page: its own style and nothing else. */
export const REFERENCE_CSP = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] as string);

/** The little of Markdown that our descriptions use: paragraphs, **strong**, *emphasis* and `code`. */
const prose = (text: string) =>
  text
    .split(/\n{2,}/)
    .map(
      (paragraph) =>
        `<p>${escaped(paragraph)
          .replace(/`([^`]+)`/g, '<code>$1</code>')
          .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
          .replace(/\*([^*]+)\*/g, '<em>$1</em>')}</p>`,
    )
    .join('');

const anchor = (text: string) => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
const nameOf = (schema: Schema | undefined) => schema?.$ref?.split('/').at(-1);

/** A reference for people, made of the document; without script, so that nothing has to be fetched or allowed. */
export function referencePage(document: Document): string {
  const exampleOf = (schema: Schema | undefined): unknown => {
    const name = nameOf(schema);
    if (name !== undefined) return document.components.schemas[name]?.example;
    if (schema?.type === 'array') return [exampleOf(schema.items)];
    return schema?.properties
      ? Object.fromEntries(Object.entries(schema.properties).map(([key, part]) => [key, exampleOf(part) ?? part.example]))
      : schema?.example;
  };
  const shown = (title: string, content: Record<string, { schema?: Schema }> | undefined) => {
    const [type, media] = Object.entries(content ?? {})[0] ?? [];
    if (!type || !media) return '';
    const example = type === 'application/json' ? exampleOf(media.schema) : undefined;
    return `<h3>${title}</h3><p><code>${escaped(type)}</code></p>${example === undefined ? '' : `<pre tabindex="0">${escaped(JSON.stringify(example, null, 2))}</pre>`}`;
  };
  const table = (rows: string[]) => (rows.length > 0 ? `<table>${rows.join('')}</table>` : '');
  const fields = (content: Record<string, { schema?: Schema }> | undefined) =>
    table(
      fieldsOf(content?.['application/json']?.schema ?? {}, document.components.schemas).map(
        ({ name, kind, required, description }) =>
          `<tr><td><code>${escaped(name)}</code></td><td>${escaped(kind)}${required ? '' : '; optional'}</td><td>${prose(description)}</td></tr>`,
      ),
    );
  const operation = (
    method: string,
    path: string,
    { summary = '', description = '', parameters = [], requestBody, responses }: Operation,
  ) => {
    const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
    const bad = Object.entries(responses).filter(([status]) => !status.startsWith('2'));
    const rows = parameters.map(
      (p) =>
        `<tr><td><code>${escaped(p.name)}</code></td><td>${p.in}${p.required ? '' : ', optional'}</td><td>${prose(p.description ?? '')}</td></tr>`,
    );
    return `<details class="${method}" id="${anchor(`${method} ${path}`)}"><summary><b>${method.toUpperCase()}</b><code>${escaped(path)}</code><span>${escaped(summary)}</span></summary><div>
${prose(description)}
${rows.length > 0 ? `<h3>Parameters</h3>${table(rows)}` : ''}
${shown('Body', requestBody?.content)}${fields(requestBody?.content)}
${good.map(([status, response]) => shown(`Answer ${status}`, response.content) || `<h3>Answer ${status}</h3>${prose(response.description)}`).join('')}
${bad.length > 0 ? `<h3>Refusals</h3><table>${bad.map(([status, response]) => `<tr><td>${status}</td><td>${prose(response.description)}</td></tr>`).join('')}</table>` : ''}
</div></details>`;
  };

  const byTag = new Map<string, string[]>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, entry] of Object.entries(operations)) {
      const tag = entry.tags?.[0] ?? 'Other';
      byTag.set(tag, [...(byTag.get(tag) ?? []), operation(method, path, entry)]);
    }
  }
  const tags = [...byTag].sort(([a], [b]) => (a < b ? -1 : 1));
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(document.info.title)} API</title><style>${STYLE}</style></head><body>
<header><h1>${escaped(document.info.title)} API ${escaped(document.info.version)}</h1>${prose(document.info.description ?? '')}<p><a href="/api/openapi.json">openapi.json</a></p></header>
<nav aria-label="Sections"><ul>${tags.map(([tag]) => `<li><a href="#${anchor(tag)}">${escaped(tag)}</a></li>`).join('')}</ul></nav>
<main>${tags.map(([tag, list]) => `<section><h2 id="${anchor(tag)}">${escaped(tag)}</h2>${list.join('')}</section>`).join('')}</main></body></html>`;
}
