import assert from 'node:assert/strict';
import { test } from 'node:test';
import { person } from '../testing/people.ts';
import { world } from '../testing/world.ts';

test('a person sees the browsers they are signed in with and the one they look from', async (t) => {
  const w = await world(t);
  const ann = await person(w, { username: 'ann' });
  await ann.signIn();
  await ann.otherBrowser().signIn();
  const listed = (await (await ann.request('/api/users/me/sessions')).json()) as { current: boolean }[];
  assert.deepEqual(listed.map((s) => s.current).sort(), [false, true]);
});
