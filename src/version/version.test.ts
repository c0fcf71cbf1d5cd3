import assert from 'node:assert/strict';
import { test } from 'node:test';
import { world } from '../testing/world.ts';

test('our version is at least 3.0.0, so that clients take the newer form of the API; it is told to those who are signed in', async (t) => {
  const { api, request } = await world(t);
  const { status, body } = await api('GET', '/api/version/current');
  assert.equal(status, 200);
  assert.match(body.currentVersion, /^[3-9]\.\d+\.\d+/);
  assert.equal((await request('/api/version/current')).status, 401);
});

test('nothing calls home for a newer version', async (t) => {
  const { request } = await world(t);
  const response = await request('/api/version/latest');
  assert.deepEqual([response.status, await response.json()], [200, { latestVersion: '' }]);
  assert.equal(response.headers.get('cache-control'), 'public, max-age=300, stale-while-revalidate=900');
});
