import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROUTES } from '../routes.ts';
import { auditRows, keyOf, personWithRole, withKey, withSession } from '../testing/administration.ts';
import { person } from '../testing/people.ts';
import { world } from '../testing/world.ts';

const REFUSED = 'ADMINISTRATION_REFUSED';

test('SEC-195 an administrative call that is refused has one row: who, with which key, from where, what, and why', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const target = await person(w, { username: 'target' });
  const call = await withSession(milton);
  assert.equal((await call('PUT', `/api/users/${target.id}`, { firstName: 'x' })).status, 403);
  const [row, ...others] = await auditRows(w, REFUSED);
  assert.equal(others.length, 0);
  assert.deepEqual([row?.user_id, row?.username, row?.ip, row?.reason], [milton.id, 'milton', '127.0.0.1', 'forbidden']);
  assert.deepEqual(row?.data, { method: 'PUT', route: '/api/users/{id}', path: `/api/users/${target.id}` });

  const admin = await person(w, { username: 'admin', admin: true });
  const key = await keyOf(w, admin, { scopes: ['read'] });
  assert.equal((await withKey(w, key)('DELETE', `/api/users/${target.id}`)).body.code, 'api_key_scope');
  const byKey = (await auditRows(w, REFUSED)).find(({ reason }) => reason === 'api_key_scope');
  const { id } = await w.database.db.selectFrom('api_key').select('id').where('user_id', '=', admin.id).executeTakeFirstOrThrow();
  assert.deepEqual([byKey?.username, byKey?.data.apiKeyId, byKey?.data.method], ['admin', id, 'DELETE']);
});

test('SEC-195 what a rule behind the door refuses has its row, too', async (t) => {
  const w = await world(t);
  const manager = await personWithRole(w, 'manager', 'user_manager');
  const admin = await person(w, { username: 'admin', admin: true });
  const call = await withSession(manager);
  assert.equal((await call('PUT', `/api/users/${admin.id}`, { firstName: 'x' })).status, 403);
  const rows = await auditRows(w, REFUSED);
  assert.deepEqual(
    rows.map(({ username, data }) => [username, data.path]),
    [['manager', `/api/users/${admin.id}`]],
  );
});

test('SEC-195 a flood of refused calls makes a row for each route and minute, and no more than twenty in it', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const call = await withSession(milton);
  const rows = async () => (await auditRows(w, REFUSED)).length;
  for (let n = 0; n < 5; n++) await call('GET', '/api/users');
  await call('GET', `/api/users/${'a'.repeat(300)}`);
  assert.equal(await rows(), 2);
  const lines = w.log.lines.filter(({ message, fields }) => message.includes('unauthorized') && fields.reason === 'forbidden');
  assert.equal(lines.length, 6, 'the log has a line for each');
  w.clock.advance(60);
  await call('GET', '/api/users');
  assert.equal(await rows(), 3);

  w.clock.advance(60);
  for (const { method, path, who, anyBody } of ROUTES)
    if (who === 'admin' && !anyBody) await call(method.toUpperCase(), path, method === 'get' || method === 'delete' ? undefined : {});
  assert.equal(await rows(), 3 + 20);
});

test('SEC-195 what is allowed, what is not administration and what nobody signed in asks makes no row', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const call = await withSession(milton);
  assert.equal((await call('GET', '/api/users/me')).status, 200);
  assert.equal((await w.api('GET', '/api/users')).status, 200);
  assert.equal((await w.api('POST', '/api/api-keys', { name: 'x' })).status, 403, 'an API key makes none, whoever has it');
  assert.equal((await w.request('/api/users')).status, 401);
  assert.deepEqual(await auditRows(w, REFUSED), []);
});

test('SEC-195 a row that cannot be written leaves the refusal as it is', async (t) => {
  const w = await world(t);
  const call = await withSession(await person(w, { username: 'milton' }));
  await w.database.db.schema.alterTable('audit_log').renameTo('audit_log_away').execute();
  const answer = await call('GET', '/api/users');
  await w.database.db.schema.alterTable('audit_log_away').renameTo('audit_log').execute();
  assert.deepEqual([answer.status, answer.body.code], [403, 'forbidden']);
  assert.ok(w.log.lines.some(({ message }) => message === 'audit row error'));
});
