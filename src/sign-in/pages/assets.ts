import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { acceptedEncoding, compress, type Encoding } from './compress.ts';

const TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' } as const;

interface Asset {
  path: string;
  type: string;
  body: Buffer<ArrayBuffer>;
  encoded: Record<Encoding, Buffer<ArrayBuffer>>;
}

const load = (file: URL, name: string, extension: keyof typeof TYPES): Asset => {
  const body = readFileSync(file) as Buffer<ArrayBuffer>;
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  return {
    path: `/assets/${name}.${hash}.${extension}`,
    type: TYPES[extension],
    body,
    encoded: { br: compress(body, 'br', 11), gzip: compress(body, 'gzip', 11) },
  };
};

/**
 * Style, script and icon of the server's pages. Their addresses hold a hash of their content, so a browser may keep them for ever and a new
 * version of the program is a new address. Compressed once, at start.
 */
export function loadAssets() {
  const style = load(new URL('style.css', import.meta.url), 'style', 'css');
  const script = load(new URL('page.js', import.meta.url), 'page', 'js');
  const icon = load(new URL('icon.svg', import.meta.url), 'icon', 'svg');
  const library = new URL('../dist/bundle/index.umd.min.js', import.meta.resolve('@simplewebauthn/browser'));
  const webauthn = load(library, 'webauthn', 'js');
  const byPath = new Map([style, script, icon, webauthn].map((asset) => [asset.path, asset]));
  return {
    style: style.path,
    script: script.path,
    /** `@simplewebauthn/browser` as its authors bundle it; a classic script that makes `SimpleWebAuthnBrowser` global. */
    webauthn: webauthn.path,
    icon: icon.path,
    /** The file at a path under `/assets/`; undefined when there is none. */
    respond(path: string, acceptEncoding: string | undefined): Response | undefined {
      const asset = byPath.get(path);
      if (!asset) return undefined;
      const encoding = acceptedEncoding(acceptEncoding);
      const headers: Record<string, string> = {
        'Content-Type': asset.type,
        'Cache-Control': 'public, max-age=31536000, immutable',
        Vary: 'Accept-Encoding',
        'X-Content-Type-Options': 'nosniff',
        'Cross-Origin-Resource-Policy': 'same-origin',
      };
      if (encoding) headers['Content-Encoding'] = encoding;
      return new Response(encoding ? asset.encoded[encoding] : asset.body, { headers });
    },
  };
}
export type Assets = ReturnType<typeof loadAssets>;
