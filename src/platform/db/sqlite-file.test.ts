import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { systemClock as clock } from '../clock.ts';
import { StartError } from '../start-error.ts';
import { openDatabase } from './open.ts';
import { createFile } from './sqlite-file.ts';

test('REL-28 a database whose disk is full before it is whole is not there, and is made whole once there is room', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-file-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'pocket-id.db');
  // What SQLite leaves behind when it closes a database and finds no room to bring its log into the file.
  const half = async (draft: string) => {
    writeFileSync(draft, 'the first pages');
    writeFileSync(`${draft}-wal`, 'and the rest of them');
  };
  await assert.rejects(
    createFile(path, half),
    (cause) => cause instanceof StartError && /no room to make the database/.test(cause.message),
  );
  assert.deepEqual(readdirSync(directory), []);
  const { db, close } = await openDatabase(path, { clock });
  t.after(close);
  assert.deepEqual(await db.selectFrom('user').select('id').execute(), []);
});
