import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Env } from '#platform/http/context.ts';
import { type DocumentedRow, openApiDocument } from './document.ts';
import { REFERENCE_CSP, referencePage } from './reference.ts';

interface Deps {
  rows: readonly DocumentedRow[];
  version: string;
  appUrl: string;
}

/** Call it after every other feature has registered its routes: the document is made of them, when it is first asked for. */
export function openApiRoutes(app: OpenAPIHono<Env>, { rows, version, appUrl }: Deps): void {
  /** Bytes, so that all who read them slowly hold the same: of a text each would have a copy. */
  let made: { json: Uint8Array<ArrayBuffer>; html: Uint8Array<ArrayBuffer> } | undefined;
  const documents = () => {
    if (made) return made;
    const document = openApiDocument(app, rows, { version, appUrl });
    const bytes = (text: string) => new TextEncoder().encode(text);
    made = { json: bytes(JSON.stringify(document)), html: bytes(referencePage(document as Parameters<typeof referencePage>[0])) };
    return made;
  };
  const cached = { 'Cache-Control': 'public, max-age=300' };
  app.get('/api/openapi.json', (c) => c.body(documents().json, 200, { ...cached, 'Content-Type': 'application/json' }));
  app.get('/api/docs', (c) =>
    c.body(documents().html, 200, { ...cached, 'Content-Type': 'text/html; charset=UTF-8', 'Content-Security-Policy': REFERENCE_CSP }),
  );
}
