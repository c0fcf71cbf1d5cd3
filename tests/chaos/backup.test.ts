import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import test from 'node:test';
import { API_KEY, workplace } from '../../src/testing/server-process.ts';

const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };

// PostgreSQL has its own means, which are not ours to test.
test('REL-15 a copy that SQLite makes while the server writes has all that was acknowledged before, and is served when it is put back', async (t) => {
  const place = await workplace(t);
  const server = await place.start();
  let made = 0;
  const write = async () => {
    const body = JSON.stringify({ name: `group-${made}`, friendlyName: 'Group' });
    assert.equal((await fetch(`${server.url}/api/user-groups`, { method: 'POST', headers, body })).status, 201);
    made++;
  };
  for (let n = 0; n < 20; n++) await write();

  const copy = join(place.directory, 'backup.db');
  const before = made;
  let copied = false;
  const writing = (async () => {
    while (!copied || made === before) await write();
  })();
  const source = new DatabaseSync(place.database, { readOnly: true });
  await backup(source, copy);
  copied = true;
  await writing;
  server.child.kill('SIGTERM');
  await server.ended;

  source.close();
  for (const suffix of ['-wal', '-shm']) rmSync(place.database + suffix, { force: true });
  copyFileSync(copy, place.database);
  const again = await place.start();
  const list = (await (await fetch(`${again.url}/api/user-groups?limit=1`, { headers })).json()) as { pagination: { totalItems: number } };
  const { totalItems } = list.pagination;
  assert.ok(totalItems >= before && totalItems <= made, `${before} before, ${totalItems} in the copy, ${made} in all`);
});
