import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditRows } from '../testing/administration.ts';
import { person } from '../testing/people.ts';
import { world } from '../testing/world.ts';
import { RESERVED_CLAIMS } from './contract.ts';

test('claims are replaced as a whole, and answered in the order they were sent', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', groups: ['familia'] });
  const group = (await w.api('GET', '/api/user-groups')).body.data[0].id;
  const claims = [
    { key: 'b', value: '2' },
    { key: 'a', value: '["x"]' },
  ];
  for (const path of [`/api/custom-claims/user/${ann.id}`, `/api/custom-claims/user-group/${group}`]) {
    assert.deepEqual([(await w.api('PUT', path, claims)).status, (await w.api('PUT', path, claims)).body], [200, claims]);
  }
  assert.deepEqual((await w.api('GET', `/api/users/${ann.id}`)).body.customClaims, claims);
  assert.deepEqual((await w.api('GET', `/api/user-groups/${group}`)).body.customClaims, claims);
  assert.deepEqual((await w.api('GET', `/api/users/${ann.id}`)).body.userGroups[0].customClaims, claims);
  const cleared = await w.api('PUT', `/api/custom-claims/user/${ann.id}`, []);
  assert.deepEqual([cleared.status, cleared.body], [200, []]);
  assert.deepEqual((await w.api('GET', `/api/users/${ann.id}`)).body.customClaims, []);
  assert.equal((await auditRows(w, 'USER_CLAIMS_UPDATED')).length, 2);
  assert.equal((await auditRows(w, 'GROUP_CLAIMS_UPDATED')).length, 1);
});

test('reserved and repeated claims are refused, and nothing is changed', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const path = `/api/custom-claims/user/${ann.id}`;
  await w.api('PUT', path, [{ key: 'kept', value: '1' }]);
  assert.equal(RESERVED_CLAIMS.size, 22);
  for (const key of RESERVED_CLAIMS) {
    const refused = await w.api('PUT', path, [{ key, value: 'x' }]);
    assert.deepEqual([refused.status, refused.body.code], [400, 'reserved_claim'], key);
  }
  const twice = await w.api('PUT', path, [
    { key: 'a', value: '1' },
    { key: 'a', value: '2' },
  ]);
  assert.deepEqual([twice.status, twice.body.code], [400, 'duplicate_claim']);
  for (const body of [
    {},
    [{ key: 'a' }],
    [{ value: 'a' }],
    [{ key: '', value: 'a' }],
    [{ key: 'a', value: '' }],
    [{ key: 'a', value: 1 }],
    'x',
    null,
  ]) {
    assert.equal((await w.api('PUT', path, body)).status, 400, JSON.stringify(body));
  }
  assert.deepEqual((await w.api('GET', `/api/users/${ann.id}`)).body.customClaims, [{ key: 'kept', value: '1' }]);
});

test('suggestions are the keys in use, the most used first', async (t) => {
  const w = await world(t);
  const [ann, bea] = [await person(w, { username: 'ann' }), await person(w, { username: 'bea' })];
  const rare = { key: 'rare', value: '1' };
  const common = { key: 'common', value: '1' };
  await w.api('PUT', `/api/custom-claims/user/${ann.id}`, [rare, common]);
  await w.api('PUT', `/api/custom-claims/user/${bea.id}`, [common]);
  assert.deepEqual((await w.api('GET', '/api/custom-claims/suggestions')).body, ['common', 'rare']);
});

test('SEC-198 a claim called __proto__ is a claim like any other', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  const claims = [{ key: '__proto__', value: '{"isAdmin":true}' }];
  assert.deepEqual((await w.api('PUT', `/api/custom-claims/user/${ann.id}`, claims)).body, claims);
  assert.equal((await w.api('GET', `/api/users/${ann.id}`)).body.isAdmin, false);
  assert.equal(({} as Record<string, unknown>).isAdmin, undefined);
});
