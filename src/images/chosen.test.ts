import assert from 'node:assert/strict';
import test from 'node:test';
import { testDatabase } from '../platform/testing/database.ts';
import { settableClock } from '../testing/world.ts';
import { createChosenImages } from './chosen.ts';

test('an image that another program replaced is seen also after the clock was set back', async (t) => {
  const clock = settableClock();
  const { db, close } = await testDatabase(clock, undefined, { reuse: true });
  t.after(close);
  const chosen = createChosenImages({ db, clock });
  assert.deepEqual(await chosen.list(), {});
  const image = {
    key: 'app/favicon',
    user_id: null,
    client_id: null,
    type: 'image/png',
    bytes: Buffer.from('x'),
    hash: 'h',
    updated_at: 1,
  };
  await db.insertInto('image').values(image).execute();
  clock.advance(-3600);
  assert.deepEqual(await chosen.list(), { favicon: { hash: 'h', type: 'image/png' } });
});
