import assert from 'node:assert/strict';
import test from 'node:test';
import { decide, decidePerson, type Question, type Reason } from './decide.ts';

const NOW = 1_000_000;
const allowed: Question = {
  now: NOW,
  client: { id: 'paperless', groupRestricted: true, allowedGroupIds: ['familia'], skipConsent: false },
  person: { id: 'milton', disabled: false, groupIds: ['familia', 'other'] },
  session: { userId: 'milton', createdAt: NOW - 10, lastSeenAt: NOW - 5, expiresAt: NOW + 100, idleSeconds: 60 },
  grant: { clientId: 'paperless', userId: 'milton', revoked: false, scopes: ['openid', 'email'] },
  consented: ['openid', 'email', 'profile'],
};
const client = (over: object) => ({ client: { ...allowed.client!, ...over } });
const person = (over: object) => ({ person: { ...allowed.person!, ...over } });
const session = (over: object) => ({ session: { ...allowed.session!, ...over } });
const grant = (over: object) => ({ grant: { ...allowed.grant!, ...over } });

const table: [row: string, change: Partial<Question>, outcome: Reason | 'allowed'][] = [
  ['everything holds', {}, 'allowed'],
  ['the client is unknown or was deleted', { client: undefined }, 'client-unknown'],
  ['no client is part of the question (an API key)', { client: null, grant: null }, 'allowed'],
  ['the session is unknown or was revoked', { session: undefined }, 'session-unknown'],
  ['no session is part of the question (a token)', { session: null }, 'allowed'],
  ['the session is at its absolute limit', session({ expiresAt: NOW }), 'session-expired'],
  ['the session is one second before its absolute limit', session({ expiresAt: NOW + 1 }), 'allowed'],
  ['the session was not used for the idle time', session({ lastSeenAt: NOW - 60 }), 'session-idle'],
  ['the session was used one second before the idle time ended', session({ lastSeenAt: NOW - 59 }), 'allowed'],
  ['the session is somebody else’s', session({ userId: 'holo' }), 'session-of-another-user'],
  ['the person is unknown or was deleted', { person: undefined }, 'user-unknown'],
  ['the person is disabled', person({ disabled: true }), 'user-disabled'],
  ['the person is in no allowed group', person({ groupIds: ['other'] }), 'not-in-allowed-group'],
  ['the person is in no group', person({ groupIds: [] }), 'not-in-allowed-group'],
  ['the client is restricted and allows no group at all', client({ allowedGroupIds: [] }), 'not-in-allowed-group'],
  ['the client is not restricted', { ...client({ groupRestricted: false }), ...person({ groupIds: [] }) }, 'allowed'],
  [
    'the client acts for itself: groups and consent are not asked about',
    { person: null, grant: { ...allowed.grant!, userId: null }, consented: null },
    'allowed',
  ],
  ['the grant is unknown', { grant: undefined }, 'grant-unknown'],
  ['the grant was revoked', grant({ revoked: true }), 'grant-revoked'],
  ['the grant is another client’s', grant({ clientId: 'grafana' }), 'grant-of-another-client'],
  ['the grant is another person’s', grant({ userId: 'holo' }), 'grant-of-another-user'],
  ['no consent stands', { consented: undefined }, 'consent-missing'],
  ['the consent is narrower than the grant', { consented: ['openid'] }, 'consent-missing'],
  ['the client needs no consent', { ...client({ skipConsent: true }), consented: undefined }, 'allowed'],
  ['consent is not asked about (authorize asks the person itself)', { consented: null }, 'allowed'],
  ['disabled and in no group: the first reason counts', person({ disabled: true, groupIds: [] }), 'user-disabled'],
];

for (const [row, change, outcome] of table) {
  test(`access: ${row} → ${outcome}`, () => {
    assert.equal(decide({ ...allowed, ...change }).reason, outcome);
    assert.equal(decide({ ...allowed, ...change }).allow, outcome === 'allowed');
  });
}

test('access: a part that was asked about and not found never allows', () => {
  for (const part of ['client', 'person', 'session', 'grant', 'consented'] as const)
    assert.equal(decide({ ...allowed, [part]: undefined }).allow, false, part);
});

test('somebody may act unless they are disabled, or gone', () => {
  assert.deepEqual(decidePerson({ id: 'milton', disabled: 0 }), { allow: true, reason: 'allowed' });
  assert.deepEqual(decidePerson({ id: 'milton', disabled: 1 }), { allow: false, reason: 'user-disabled' });
  assert.deepEqual(decidePerson(undefined), { allow: false, reason: 'user-unknown' });
});
