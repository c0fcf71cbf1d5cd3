import assert from 'node:assert/strict';
import { test } from 'node:test';
import { person } from '../testing/people.ts';
import { world } from '../testing/world.ts';

test('one touch of a passkey signs a person in', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann', groups: ['familia'] });
  const response = await ann.login();
  assert.equal(response.status, 200, JSON.stringify(w.log.lines));
  const user = (await response.json()) as { id: string; userGroups: { name: string }[] };
  assert.equal(user.id, ann.id);
  assert.deepEqual(user.userGroups.map((g) => g.name), ['familia']);
  assert.equal((await ann.request('/api/users/me/sessions')).status, 200);
});

test('a signed-in person adds a passkey, which carries the name of its model', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.login();
  const response = await ann.register({ aaguid: 'd548826e-79b4-db40-a3d8-11116f7e8349', ignoreExcluded: true });
  assert.equal(response.status, 200, JSON.stringify(w.log.lines));
  assert.equal(((await response.json()) as { name: string }).name, 'Bitwarden Passkey');
});
