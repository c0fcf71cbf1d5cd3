import assert from 'node:assert/strict';
import test from 'node:test';
import { recordingLog, settableClock } from '#src/testing/world.ts';
import { systemRandom as random } from '../random.ts';
import { createSeal } from '../seal.ts';
import { StartError } from '../start-error.ts';
import { testDatabase } from '../testing/database.ts';
import { recogniseInstallation } from './installation.ts';

test('a database is refused to another ENCRYPTION_KEY, and the row of the installation stays as it was', async (t) => {
  const { db, close } = await testDatabase(settableClock());
  t.after(close);
  const start = (key: string) =>
    recogniseInstallation(db, { seal: createSeal(key), appUrl: 'https://a.test', random, log: recordingLog() });
  await start('the key of this installation');
  const before = await db.selectFrom('installation').selectAll().execute();
  assert.doesNotMatch(JSON.stringify(before), /the key of/);
  await assert.rejects(
    start('another key of enough length'),
    (cause) => cause instanceof StartError && /ENCRYPTION_KEY is not the key/.test(cause.message),
  );
  assert.deepEqual(await db.selectFrom('installation').selectAll().execute(), before);
  await start('the key of this installation');
});

test('REL-30 moving APP_URL to another host warns that passkeys will not work, moving its port does not', async (t) => {
  const { db, close } = await testDatabase(settableClock());
  t.after(close);
  const seal = createSeal('the key of this installation');
  const warnings = async (appUrl: string) => {
    const log = recordingLog();
    await recogniseInstallation(db, { seal, appUrl, random, log });
    return log.lines
      .filter((line) => line.level === 'warn')
      .map((line) => [line.message.includes('passkeys'), line.fields.before, line.fields.now]);
  };
  assert.deepEqual(await warnings('https://a.test'), []);
  assert.deepEqual(await warnings('https://a.test:8443'), []);
  assert.deepEqual(await warnings('https://b.test'), [[true, 'https://a.test:8443', 'https://b.test']]);
  assert.deepEqual(await warnings('https://b.test'), []);
});

test('a command whose APP_URL is not its server’s leaves the installation as the server has it', async (t) => {
  const { db, close } = await testDatabase(settableClock());
  t.after(close);
  const seal = createSeal('the key of this installation');
  const log = recordingLog();
  const command = () => recogniseInstallation(db, { seal, appUrl: 'http://localhost:1411', random, log, visiting: true });
  await assert.rejects(command(), /start the server first/);
  await recogniseInstallation(db, { seal, appUrl: 'https://a.test', random, log });
  await command();
  assert.deepEqual(await db.selectFrom('installation').select('app_url').execute(), [{ app_url: 'https://a.test' }]);
  assert.deepEqual(log.lines, []);
});
