import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { acceptedEncoding, compress, type Encoding } from '#platform/http/compress.ts';

const TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' } as const;

interface Asset {
  path: string;
  type: string;
  body: Buffer<ArrayBuffer>;
  encoded: Record<Encoding, Buffer<ArrayBuffer>>;
}

const read = (file: string | URL): Buffer<ArrayBuffer> => readFileSync(new URL(file, import.meta.url)) as Buffer<ArrayBuffer>;

/** Without what is there for its readers, a tenth of a first visit. For files of ours: no string or pattern of theirs holds the beginning of a comment, or a line's end. */
const bare = (source: Buffer): Buffer<ArrayBuffer> =>
  Buffer.from(
    source
      .toString()
      .replace(/\/\*.*?\*\/ ?/gs, '')
      .replace(/^\s*\/\/.*$/gm, '')
      .replace(/^\s+/gm, ''),
  );

const asset = (name: string, extension: keyof typeof TYPES, body: Buffer<ArrayBuffer>): Asset => {
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
  const style = asset('style', 'css', bare(read('style.css')));
  const script = asset('page', 'js', bare(read('page.js')));
  const icon = asset('icon', 'svg', read('icon.svg'));
  const webauthn = asset(
    'webauthn',
    'js',
    read(new URL('../dist/bundle/index.umd.min.js', import.meta.resolve('@simplewebauthn/browser'))),
  );
  const byPath = new Map([style, script, icon, webauthn].map((each) => [each.path, each]));
  return {
    style: style.path,
    script: script.path,
    /** `@simplewebauthn/browser` as its authors bundle it; a classic script that makes `SimpleWebAuthnBrowser` global. */
    webauthn: webauthn.path,
    icon: icon.path,
    /** The file at a path under `/assets/`; undefined when there is none. */
    respond(path: string, acceptEncoding: string | undefined): Response | undefined {
      const found = byPath.get(path);
      if (!found) return undefined;
      const encoding = acceptedEncoding(acceptEncoding);
      const headers: Record<string, string> = {
        'Content-Type': found.type,
        'Cache-Control': 'public, max-age=31536000, immutable',
        Vary: 'Accept-Encoding',
        'X-Content-Type-Options': 'nosniff',
        'Cross-Origin-Resource-Policy': 'same-origin',
      };
      if (encoding) headers['Content-Encoding'] = encoding;
      return new Response(encoding ? found.encoded[encoding] : found.body, { headers });
    },
  };
}
export type Assets = ReturnType<typeof loadAssets>;
