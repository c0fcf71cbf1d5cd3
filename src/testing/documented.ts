import { readFileSync } from 'node:fs';

interface Operations {
  [method: string]: { responses: Record<string, { description: string }> } | undefined;
}
const document: { paths: Record<string, Operations> } = JSON.parse(
  readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
);
const PATHS = Object.keys(document.paths)
  // `/api/users/me` before `/api/users/{id}`.
  .sort((a, b) => a.split('{').length - b.split('{').length)
  .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`) }));

/** What any operation may answer; the document says so at its beginning. */
const ANYWHERE =
  /^(?:invalid_request|method_not_allowed|body_too_large|uri_too_long|body_encoding_not_supported|misdirected_request|rate_limited|headers_too_large|internal_error|unavailable)$/;

/** An answer whose status, or refusal whose code, the document does not name at its operation, as a sentence; undefined when it does, or is not about the REST API. */
export function undocumented(method: string, url: string, status: number, body: unknown): string | undefined {
  const code = status < 400 ? '' : (body as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string' || ANYWHERE.test(code)) return undefined;
  const pathname = url.split('?', 1)[0] as string;
  const path = PATHS.find(({ pattern }) => pattern.test(pathname))?.path;
  const name = method.toLowerCase() === 'head' ? 'get' : method.toLowerCase();
  const operation = path === undefined ? undefined : document.paths[path]?.[name];
  if (!operation || operation.responses[status]?.description.includes(code && `\`${code}\``)) return undefined;
  return `${method} ${path} answered ${status} ${code}, which docs/openapi.json does not say`;
}
