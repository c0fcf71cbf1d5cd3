import { createRoute, z } from '@hono/zod-openapi';
import { answer, problems } from '#platform/http/contract.ts';

export const currentVersion = createRoute({
  method: 'get',
  path: '/api/version/current',
  tags: ['Version'],
  summary: 'The version that runs',
  responses: { 200: answer(z.object({ currentVersion: z.string().openapi({ example: '3.0.0' }) })), ...problems('not_signed_in') },
});
export const latestVersion = createRoute({
  method: 'get',
  path: '/api/version/latest',
  tags: ['Version'],
  summary: 'Always empty: nothing here calls home',
  responses: { 200: answer(z.object({ latestVersion: z.string() })) },
});
