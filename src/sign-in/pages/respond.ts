import { acceptedEncoding, compress } from '#platform/http/compress.ts';
import type { Ctx } from '#platform/http/context.ts';
import type { Random } from '#platform/random.ts';
import type { Assets } from './assets.ts';
import { pageHeaders } from './headers.ts';
import { type LanguageSource, languageOf } from './language.ts';
import { documentOf, type Look, type Page } from './layout.ts';
import { translator } from './messages.ts';
import type { Site } from './site.ts';

interface Deps {
  appUrl: string;
  random: Random;
  assets: Assets;
  /** How the installation looks at the moment. */
  site: () => Promise<Site>;
}

/** Turns a page into a response. A page is a function of the request's look, so that its words are in the reader's language. */
export function createRenderer({ appUrl, random, assets, site }: Deps) {
  const secure = appUrl.startsWith('https:');
  return {
    async render(c: Ctx, make: (look: Look) => Page, source: LanguageSource = {}): Promise<Response> {
      const nonce = random.secret().slice(0, 22);
      const language = languageOf(c, secure, source);
      const { pathname, search } = new URL(c.req.url);
      const here = c.req.method === 'GET' ? pathname + search : (source.here ?? '/login');
      const look: Look = { t: translator(language), site: await site(), appUrl, here, nonce, assets };
      const page = make(look);
      const body = Buffer.from(String(await documentOf(look, page)));
      const encoding = page.incompressible ? undefined : acceptedEncoding(c.req.header('accept-encoding'));
      const headers = {
        ...pageHeaders({ nonce, appUrl }, page.needs),
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Language': language,
        Vary: 'Accept-Encoding, Accept-Language, Cookie',
        ...(encoding ? { 'Content-Encoding': encoding } : {}),
      };
      return c.body(encoding ? compress(body, encoding, 4) : (body as Buffer<ArrayBuffer>), {
        status: (page.status ?? 200) as 200,
        headers,
      });
    },
  };
}
export type Renderer = ReturnType<typeof createRenderer>;
