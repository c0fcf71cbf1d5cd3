import type { OpenAPIHono } from '@hono/zod-openapi';
import { ENDPOINTS } from '#oidc/discovery.ts';
import type { Env } from '#platform/http/context.ts';
import { shareAnswer } from '#platform/http/exchange.ts';
import { JWKS_MAX_AGE_SECONDS } from './service.ts';

/** RFC 7517 section 5: the keys our tokens verify with, for anybody. */
export function signingKeyRoutes(
  app: OpenAPIHono<Env>,
  { signingKeys }: { signingKeys: { jwksBytes(): Promise<Uint8Array<ArrayBuffer>> } },
): void {
  app.get(ENDPOINTS.jwks, async (c) => {
    shareAnswer(c, 1);
    c.header('Content-Type', 'application/json');
    c.header('Cache-Control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`);
    return c.body(await signingKeys.jwksBytes());
  });
}
