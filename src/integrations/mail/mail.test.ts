import assert from 'node:assert/strict';
import { test } from 'node:test';
import { personWithRole, withSession } from '../../testing/administration.ts';
import { person } from '../../testing/people.ts';
import { world } from '../../testing/world.ts';

const CONFIGURATION = '/api/application-configuration';
const codeOf = ({ status, body }: { status: number; body: { code: string } }) => [status, body.code];

test('an administrator who mails a code learns first what stands in the way', async (t) => {
  const { api } = await world(t);
  await api('PUT', CONFIGURATION, { requireUserEmail: 'false' });
  const { id: without } = (await api('POST', '/api/users', { username: 'nobody' })).body;
  const { id } = (await api('POST', '/api/users', { username: 'milton', email: 'milton@example.org' })).body;
  const mail = (user: string, body?: object) => api('POST', `/api/users/${user}/one-time-access-email`, body);
  assert.deepEqual(codeOf(await mail(id)), [403, 'one_time_access_disabled']);
  await api('PUT', CONFIGURATION, { emailOneTimeAccessAsAdminEnabled: 'true' });
  assert.deepEqual(codeOf(await mail('gone')), [404, 'user_not_found']);
  assert.deepEqual(codeOf(await mail(without)), [409, 'user_email_not_set']);
  assert.deepEqual(codeOf(await mail(id, { ttl: '32d' })), [400, 'validation_failed']);
  assert.deepEqual(codeOf(await mail(id, { ttl: '1h' })), [409, 'mail_disabled']);
  await api('PUT', CONFIGURATION, { smtpHost: 'mail.example.org' });
  assert.deepEqual(codeOf(await mail(id)), [409, 'mail_unavailable']);
});

test('whether somebody may be mailed is read, and nobody is held for it', async (t) => {
  const w = await world(t);
  await w.api('PUT', CONFIGURATION, { emailOneTimeAccessAsAdminEnabled: 'true' });
  const { id } = (await w.api('POST', '/api/users', { username: 'milton', email: 'milton@example.org' })).body;
  const before = w.statements.length;
  assert.deepEqual(codeOf(await w.api('POST', `/api/users/${id}/one-time-access-email`)), [409, 'mail_disabled']);
  const taken = w.statements.slice(before).filter((sql) => / where "user"\."id" = /.test(sql));
  assert.equal(taken.length, 1, taken.join('; '));
  assert.match(taken[0] ?? '', /^select /);
  assert.doesNotMatch(taken[0] ?? '', / for update/);
});

test('a user manager mails no code to an administrator', async (t) => {
  const w = await world(t);
  await w.api('PUT', CONFIGURATION, { emailOneTimeAccessAsAdminEnabled: 'true' });
  const boss = await person(w, { username: 'boss', admin: true });
  const manager = await withSession(await personWithRole(w, 'manager', 'user_manager'));
  assert.deepEqual(codeOf(await manager('POST', `/api/users/${boss.id}/one-time-access-email`)), [403, 'forbidden']);
});

test('a visitor who asks for a code by mail is told that it is off, and the same for every address where it is on', async (t) => {
  const w = await world(t);
  await w.api('POST', '/api/users', { username: 'milton', email: 'milton@example.org' });
  const ask = async (email: string) => {
    const headers = { 'content-type': 'application/json' };
    const response = await w.request('/api/one-time-access-email', { method: 'POST', headers, body: JSON.stringify({ email }) });
    return [response.status, ((await response.json()) as { code: string }).code];
  };
  assert.deepEqual(await ask('milton@example.org'), [403, 'one_time_access_disabled']);
  await w.api('PUT', CONFIGURATION, { emailOneTimeAccessAsUnauthenticatedEnabled: 'true' });
  assert.deepEqual(await ask('milton@example.org'), [409, 'mail_disabled']);
  assert.deepEqual(await ask('nobody@example.org'), [409, 'mail_disabled']);
  assert.deepEqual(await ask('no address'), [400, 'validation_failed']);
});

test('an address is proved by a link that was mailed, and none was', async (t) => {
  const w = await world(t);
  await w.api('PUT', CONFIGURATION, { requireUserEmail: 'false' });
  const ann = await withSession(await person(w, { username: 'ann' }));
  await ann('PUT', '/api/users/me', { email: '' });
  assert.deepEqual(codeOf(await ann('POST', '/api/users/me/send-email-verification')), [409, 'user_email_not_set']);
  await ann('PUT', '/api/users/me', { email: 'ann@example.org' });
  w.clock.advance(600);
  assert.deepEqual(codeOf(await ann('POST', '/api/users/me/send-email-verification')), [409, 'mail_disabled']);
  const verify = (body: object) => ann('POST', '/api/users/me/verify-email', body);
  assert.deepEqual(codeOf(await verify({ token: 'x' })), [400, 'invalid_email_verification_token']);
  assert.deepEqual(codeOf(await verify({})), [400, 'validation_failed']);
  assert.equal((await ann('GET', '/api/users/me')).body.emailVerified, false);
});

test('a test mail says what is missing', async (t) => {
  const { api } = await world(t);
  assert.deepEqual(codeOf(await api('POST', `${CONFIGURATION}/test-email`)), [409, 'mail_disabled']);
  await api('PUT', CONFIGURATION, { smtpHost: 'mail.example.org' });
  assert.deepEqual(codeOf(await api('POST', `${CONFIGURATION}/test-email`)), [409, 'mail_unavailable']);
});

test('mails are asked for as seldom as existing clients expect', async (t) => {
  const w = await world(t, { disableRateLimiting: false });
  const ann = await withSession(await person(w, { username: 'ann' }));
  const statuses = async (times: number, path: string, body?: object) => {
    const found: number[] = [];
    for (let i = 0; i < times; i++) found.push((await ann('POST', path, body)).status);
    return found.filter((status) => status === 429).length;
  };
  assert.equal(await statuses(3, '/api/users/me/send-email-verification'), 2);
  assert.equal(await statuses(6, '/api/users/me/verify-email', { token: 'x' }), 1);
  assert.equal(await statuses(6, '/api/one-time-access-email', { email: 'ann@example.org' }), 1);
});
