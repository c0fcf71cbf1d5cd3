import assert from 'node:assert/strict';
import test from 'node:test';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Env } from './context.ts';
import { directEndpoints } from './endpoints.ts';
import type { Row } from './front-door.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function endpointsOf(rows: readonly Row[]) {
  const app = new OpenAPIHono<Env>();
  return directEndpoints({ app, rows, before: async () => {}, judge: async () => {}, log: silent });
}
const answer = async () => ({ status: 200, headers: {}, body: '' });

test('what goes around the front door may be called by anybody, or stops the start', () => {
  const open = { method: 'post', path: '/open', anybody: true };
  const endpoints = endpointsOf([open, { method: 'post', path: '/guarded' }, { method: 'get', path: '/guarded', anybody: false }]);
  endpoints.add('post', '/open', answer);
  assert.ok(endpoints.find('POST', '/open'));
  for (const [method, path] of [
    ['post', '/guarded'],
    ['get', '/guarded'],
    ['get', '/open'],
    ['post', '/nowhere'],
  ] as const)
    assert.throws(() => endpoints.add(method, path, answer), /is no row that lets anybody in/, `${method} ${path}`);
  assert.equal(endpoints.find('POST', '/guarded'), undefined);
});
