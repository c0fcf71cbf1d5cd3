import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../platform/config.ts';
import { MASK } from '../platform/seal.ts';
import { auditRows, keyOf, withKey, withSession } from '../testing/administration.ts';
import { person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';
import { SETTING_NAMES, settingKey, variableOf } from './keys.ts';

const PATH = '/api/application-configuration';
type Listed = { key: string; value: string }[];
const values = (list: Listed) => Object.fromEntries(list.map(({ key, value }) => [key, value]));
const all = async ({ api }: Pick<World, 'api'>) => values((await api('GET', `${PATH}/all`)).body);

test('the whole configuration is a list of texts in a fixed order, with the defaults of Pocket ID', async (t) => {
  const { api } = await world(t);
  const list = (await api('GET', `${PATH}/all`)).body as (Listed[number] & { isPublic: boolean })[];
  assert.deepEqual(
    list.map(({ key }) => key),
    SETTING_NAMES,
  );
  for (const item of list) {
    assert.deepEqual(Object.keys(item), ['key', 'type', 'value', 'isPublic']);
    assert.equal(item.value, settingKey(item.key as (typeof SETTING_NAMES)[number]).default, item.key);
  }
  const { appName, sessionDuration, requireUserEmail, smtpTls, webauthnUserVerification } = values(list);
  assert.deepEqual(
    [appName, sessionDuration, requireUserEmail, smtpTls, webauthnUserVerification],
    ['Pocket ID', '60', 'true', 'none', 'required'],
  );
});

test('SEC-192 anybody may read the public keys, and no other', async (t) => {
  const w = await world(t);
  const list = (await (await w.request(PATH)).json()) as Listed;
  // The whole list, so that nothing joins it unnoticed.
  assert.deepEqual(
    list.map(({ key }) => key),
    [
      'appName',
      'homePageUrl',
      'accentColor',
      'disableAnimations',
      'allowOwnAccountEdit',
      'allowUserSignups',
      'requireUserEmail',
      'emailOneTimeAccessAsUnauthenticatedEnabled',
      'emailOneTimeAccessAsAdminEnabled',
      'emailVerificationEnabled',
      'ldapEnabled',
      'uiConfigDisabled',
      'tracingEnabled',
    ],
  );
  assert.equal((await w.request(`${PATH}/all`)).status, 401);
});

test('an update keeps what it does not name, sets what is empty back, and is all or nothing', async (t) => {
  const w = await world(t);
  const updated = await w.api('PUT', PATH, { appName: 'Home', accentColor: '#3b82f6', smtpHost: 'mail.example.org', unknownKey: 'x' });
  assert.equal(updated.status, 200);
  assert.deepEqual(values(updated.body), await all(w));
  await w.api('PUT', PATH, { sessionDuration: '120', accentColor: '', smtpHost: '' });
  const { appName, sessionDuration, accentColor, smtpHost } = await all(w);
  assert.deepEqual([appName, sessionDuration, accentColor, smtpHost], ['Home', '120', 'default', '']);
  const refused = await w.api('PUT', PATH, { appName: 'Other', sessionDuration: 'x' });
  assert.deepEqual([refused.status, refused.body.details.fields.map((f: { field: string }) => f.field)], [400, ['sessionDuration']]);
  assert.equal((await all(w)).appName, 'Home');
  const long = await w.api('PUT', PATH, { appName: 'x'.repeat(31) });
  assert.deepEqual(long.body.details.fields[0], {
    field: 'appName',
    code: 'too_long',
    message: 'App name must be at most 30 characters long',
  });
});

const REFUSED: Record<string, unknown[]> = {
  appName: ['', 'é'.repeat(31), '   ', '\u200b', 'a\u202eb', 7, { a: 1 }],
  sessionDuration: ['', '0', '-1', '1.5', 'sixty', '99999999'],
  homePageUrl: ['', '//evil.test', '/\\evil.test', 'javascript:alert(1)', 'settings'],
  emailsVerified: ['', 'True', '1', 'yes', true],
  accentColor: ['red;}body{display:none', 'url("x")', 'var(--x)', 'amberish', 'x'.repeat(101)],
  allowUserSignups: ['', 'withtoken'],
  signupDefaultUserGroupIDs: ['null', '[1]', '{}', 'x'],
  signupDefaultCustomClaims: [
    '{"department":"it"}',
    '[{"key":"department"}]',
    '[{"key":"department","value":1}]',
    '[null]',
    '[{"key":"sub","value":"x"}]',
    '[{"key":"","value":"x"}]',
    '[{"key":"a","value":""}]',
    '[{"key":"a","value":"1"},{"key":"a","value":"2"}]',
  ],
  smtpPort: ['0', '65536', 'smtp'],
  smtpFrom: ['Pocket ID <no-reply@example.com>', 'no-reply', 'a@b.test\r\nBcc: x@evil.test'],
  smtpTls: ['', 'STARTTLS'],
  smtpHost: ['mail\r\nx'],
  ldapUrl: ['http://ldap.example.org', 'ldap'],
  ldapSoftDeleteUsers: [''],
  webauthnUserVerification: ['', 'discouraged'],
  webauthnAuthenticatorAttachment: ['', 'roaming'],
  cimdUrlAllowlist: ['["javascript:alert(1)"]', '["example.com/client.json"]', 'null', '[7]'],
};
for (const [key, wrong] of Object.entries(REFUSED)) {
  test(`wrong values of ${key} are refused by name`, async (t) => {
    const { api } = await world(t);
    for (const value of wrong) {
      const refused = await api('PUT', PATH, { [key]: value });
      assert.deepEqual(
        [refused.status, refused.body.code, refused.body.details?.fields[0].field],
        [400, 'validation_failed', key],
        JSON.stringify(value),
      );
    }
  });
}

const ACCEPTED: Record<string, string[]> = {
  appName: ['é'.repeat(30), ' 家族の Cloud '],
  sessionDuration: ['1', '+61', '525600'],
  homePageUrl: ['/settings/apps', 'https://id.example.com'],
  accentColor: ['#abcdef', 'rgb(1, 2, 3)', 'oklch(60% 0.1 200 / 0.5)'],
  signupDefaultCustomClaims: ['[{"key":"department","value":"it"}]'],
  cimdUrlAllowlist: ['["https://*.example.com/*", "*"]', '["https://[::1]:*/client.json"]'],
  smtpFrom: ['no-reply@example.com'],
  smtpPort: ['587'],
  ldapUrl: ['ldaps://ldap.example.com:636'],
};
test('good values are stored and answered as they were sent', async (t) => {
  const w = await world(t);
  for (const [key, good] of Object.entries(ACCEPTED)) {
    for (const value of good) {
      assert.equal((await w.api('PUT', PATH, { [key]: value })).status, 200, `${key} ${value}`);
      assert.equal((await all(w))[key], value);
    }
  }
});

test('SEC-191 a password is sealed, hidden from everybody but a full administrator’s key, and kept when its mask comes back', async (t) => {
  const w = await world(t);
  const secret = 'correct horse battery staple';
  await w.api('PUT', PATH, { smtpPassword: secret, ldapBindPassword: secret });
  const stored = await w.database.db.selectFrom('setting').selectAll().execute();
  assert.deepEqual([stored.length, JSON.stringify(stored).includes(secret)], [2, false]);
  const boss = await person(w, { username: 'boss', admin: true });
  const session = await withSession(boss);
  const callers = {
    session,
    reading: withKey(w, await keyOf(w, boss, { scopes: ['read'] })),
    limited: withKey(w, await keyOf(w, boss, { scopes: ['settings:write'] })),
  };
  for (const [name, call] of Object.entries(callers)) {
    const { smtpPassword, ldapBindPassword } = values((await call('GET', `${PATH}/all`)).body);
    assert.deepEqual([smtpPassword, ldapBindPassword], [MASK, MASK], name);
  }
  // The whole list goes back, as a settings page or Ansible sends it.
  const list = values((await session('GET', `${PATH}/all`)).body);
  assert.equal((await session('PUT', PATH, { ...list, appName: 'Home' })).status, 200);
  assert.equal((await all(w)).smtpPassword, secret, 'automation compares what is there with what it wants');
  await session('PUT', PATH, { smtpPassword: '' });
  assert.equal((await all(w)).smtpPassword, '');
  assert.equal(JSON.stringify([await auditRows(w, 'SETTINGS_UPDATED'), w.log.lines]).includes(secret), false);
});

test('a change is told in the audit log, of passwords only that they changed', async (t) => {
  const w = await world(t);
  await w.api('PUT', PATH, { appName: 'Home', smtpPassword: 'one' });
  const [row] = await auditRows(w, 'SETTINGS_UPDATED');
  assert.deepEqual(JSON.parse(row!.data.before!), { appName: 'Pocket ID', smtpPassword: '' });
  assert.deepEqual(JSON.parse(row!.data.after!), { appName: 'Home', smtpPassword: '(set anew)' });
});

test('another program’s change is seen within five seconds', async (t) => {
  const w = await world(t);
  const { settings } = w.app.services;
  assert.equal(settings.get('sessionDuration'), 60);
  await w.database.db.insertInto('setting').values({ key: 'sessionDuration', value: '5' }).execute();
  w.clock.advance(5);
  await w.request('/api/application-configuration');
  assert.equal(settings.get('sessionDuration'), 5);
});

test('another program’s change is seen also after the clock was set back', async (t) => {
  const w = await world(t);
  await w.database.db.insertInto('setting').values({ key: 'sessionDuration', value: '5' }).execute();
  w.clock.advance(-3600);
  await w.request(PATH);
  assert.equal(w.app.services.settings.get('sessionDuration'), 5);
});

test('a request reads the configuration from the database at most every few seconds', async (t) => {
  const w = await world(t);
  const reads = () => w.statements.filter((sql) => /from "setting"/.test(sql)).length;
  const before = reads();
  for (let i = 0; i < 10; i++) await w.request(PATH);
  assert.equal(reads(), before);
  w.clock.advance(5);
  for (let i = 0; i < 10; i++) await w.request(PATH);
  assert.equal(reads(), before + 1);
});

test('a shorter session duration ends idle sessions', async (t) => {
  const w = await world(t);
  const call = await withSession(await person(w, { username: 'ann' }));
  await w.api('PUT', PATH, { sessionDuration: '1' });
  assert.equal((await call('GET', '/api/users/me')).status, 200);
  w.clock.advance(61);
  assert.equal((await call('GET', '/api/users/me')).status, 401);
});

const fromEnvironment = (variables: Record<string, string>) => ({ uiConfigDisabled: true, variable: (name: string) => variables[name] });

test('with UI_CONFIG_DISABLED the configuration is the environment’s, and cannot be changed', async (t) => {
  const w = await world(
    t,
    fromEnvironment({ APP_NAME: 'Fixed', EMAILS_VERIFIED: 'yes', SMTP_PASSWORD: 'hidden', SIGNUP_DEFAULT_USER_GROUP_IDS: '["x"]' }),
  );
  const { appName, emailsVerified, smtpPassword, ldapBindPassword, sessionDuration, signupDefaultUserGroupIDs } = await all(w);
  assert.deepEqual([appName, emailsVerified, smtpPassword, ldapBindPassword], ['Fixed', 'true', MASK, '']);
  assert.deepEqual([sessionDuration, signupDefaultUserGroupIDs], ['60', '["x"]']);
  const refused = await w.api('PUT', PATH, { appName: 'Other' });
  assert.deepEqual([refused.status, refused.body.code], [403, 'ui_config_disabled']);
  assert.match(refused.body.error, /UI configuration is disabled/);
  assert.equal(values(await (await w.request(PATH)).json()).uiConfigDisabled, 'true');
});

test('a wrong value in the environment stops the start with the variable’s name and not its value', async (t) => {
  await assert.rejects(
    () => world(t, fromEnvironment({ SESSION_DURATION: 'forever', SMTP_TLS: 'hunter2' })),
    (cause: Error) => /SESSION_DURATION/.test(cause.message) && /SMTP_TLS/.test(cause.message) && !/forever|hunter2/.test(cause.message),
  );
});

test('REL-30 a password file that cannot be read stops the start with the variable’s name, beside what else is wrong', async (t) => {
  const { variable } = readConfig({
    ENCRYPTION_KEY: 'an encryption key of enough length',
    SMTP_PASSWORD_FILE: '/nowhere/secret',
    SESSION_DURATION: 'secret',
  });
  await assert.rejects(world(t, { uiConfigDisabled: true, variable }), ({ message }: Error) => {
    assert.match(message, /SMTP_PASSWORD cannot be read: the file that SMTP_PASSWORD_FILE names does not exist/);
    assert.match(message, /SESSION_DURATION must be/);
    assert.doesNotMatch(message, /secret/);
    return true;
  });
});

test('every key has its environment variable', () => {
  const names = {
    signupDefaultUserGroupIDs: 'SIGNUP_DEFAULT_USER_GROUP_IDS',
    smtpTls: 'SMTP_TLS',
    ldapBindDn: 'LDAP_BIND_DN',
    cimdUrlAllowlist: 'CIMD_URL_ALLOWLIST',
  };
  for (const [key, name] of Object.entries(names)) assert.equal(variableOf(key as (typeof SETTING_NAMES)[number]), name);
  assert.equal(new Set(SETTING_NAMES.map(variableOf)).size, SETTING_NAMES.length);
});

test('what is configured but does not act yet says so', async (t) => {
  const { api } = await world(t);
  const off = await api('POST', `${PATH}/sync-ldap`);
  assert.deepEqual([off.status, off.body.code], [409, 'ldap_disabled']);
  await api('PUT', PATH, { ldapEnabled: 'true' });
  const on = await api('POST', `${PATH}/sync-ldap`);
  assert.deepEqual([on.status, on.body.code], [409, 'ldap_unavailable']);
});
