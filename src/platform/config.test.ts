import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type Config, ConfigError, readConfig } from './config.ts';
import { systemFiles } from './config-files.ts';

const KEY = 'an encryption key of enough length';

/** A working directory of its own, and what reading the configuration there answers. */
function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-config-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const read = (env: Record<string, string> = {}): Config => readConfig(env, { files: systemFiles(directory) });
  const problems = (env: Record<string, string>): string => {
    try {
      read(env);
    } catch (cause) {
      assert.ok(cause instanceof ConfigError);
      return cause.problems.join('\n');
    }
    return assert.fail('the configuration was accepted');
  };
  const file = (name: string, text: string | Buffer, mode = 0o600) => {
    writeFileSync(join(directory, name), text, { mode });
    return join(directory, name);
  };
  return { directory, read, problems, file };
}

test('with nothing set it runs: localhost, SQLite in data/, and a key that only its owner can read', (t) => {
  const { directory, read } = place(t);
  const config = read();
  assert.equal(config.appUrl, 'http://localhost:1411');
  assert.equal(config.internalAppUrl, config.appUrl);
  assert.equal(config.database, 'data/pocket-id.db');
  assert.deepEqual([config.host, config.port, config.trustProxy, config.allowInsecureCallbackUrls], ['0.0.0.0', 1411, false, false]);
  assert.equal(config.encryptionKeyMadeAt, 'data/encryption.key');
  assert.equal(statSync(join(directory, 'data/encryption.key')).mode & 0o777, 0o600);
  assert.equal(statSync(join(directory, 'data')).mode & 0o777, 0o700);

  const again = read();
  assert.equal(again.encryptionKey, config.encryptionKey, 'the key stays');
  assert.equal(again.encryptionKeyMadeAt, undefined);
});

test('where only PORT is set, APP_URL follows it', (t) => {
  assert.equal(place(t).read({ PORT: '8080' }).appUrl, 'http://localhost:8080');
  assert.equal(place(t).read({ PORT: '8080', APP_URL: 'https://ID.Example.com/' }).appUrl, 'https://id.example.com');
});

test('a key is not made beside a database that was made with another', (t) => {
  const { problems, file } = place(t);
  const path = file('pocket-id.db', 'data');
  assert.match(problems({ DB_CONNECTION_STRING: path }), /^ENCRYPTION_KEY .*the database exists/);
});

test('where no key can be written the start stops, and leaves no draft of one behind', (t) => {
  const { directory, problems } = place(t);
  mkdirSync(join(directory, 'data'));
  symlinkSync('/nowhere/key', join(directory, 'data/encryption.key'));
  assert.match(problems({}), /^ENCRYPTION_KEY is not set, and no key can be written to .*data\/encryption\.key \(EEXIST\)$/);
  assert.deepEqual(readdirSync(join(directory, 'data')), ['encryption.key']);
});

test('.env is read, and the environment wins over it', (t) => {
  const { read, file } = place(t);
  file('.env', '\ufeffAPP_URL="https://a.test"\nexport PORT=9000\n# LOG_JSON=true\n');
  assert.deepEqual([read().appUrl, read().port, read().logJson], ['https://a.test', 9000, false]);
  assert.equal(read({ APP_URL: 'https://b.test' }).appUrl, 'https://b.test');
});

test('a secret comes from the file that _FILE names, without what surrounds it', (t) => {
  const { read, file } = place(t);
  const config = read({
    ENCRYPTION_KEY_FILE: file('key', `\n  ${KEY}\r\n`),
    STATIC_API_KEY_FILE: file('api', 'sixteen characters\n', 0o644),
  });
  assert.equal(config.encryptionKey, KEY);
  assert.equal(config.staticApiKey, 'sixteen characters');
  assert.ok(config.notes.some((note) => /STATIC_API_KEY_FILE can be read by others/.test(note)));
  assert.ok(!config.notes.some((note) => note.includes('ENCRYPTION_KEY')));
});

test('a key that others can read is told', (t) => {
  const { directory, read } = place(t);
  assert.deepEqual(read().notes, []);
  assert.deepEqual(read().notes, []);
  chmodSync(join(directory, 'data/encryption.key'), 0o644);
  assert.match(read().notes.join(), /^data\/encryption\.key can be read by others/);
});

test('TRUST_PROXY takes addresses and ranges', (t) => {
  assert.deepEqual(place(t).read({ TRUST_PROXY: '10.0.0.0/8, ::1,192.0.2.7' }).trustProxy, ['10.0.0.0/8', '::1', '192.0.2.7']);
  assert.equal(place(t).read({ TRUST_PROXY: 'TRUE' }).trustProxy, true);
});

test('networks at home and a geo database can be named', (t) => {
  const config = place(t).read({ LOCAL_IPV6_RANGES: '2001:db8:1::/48, 2001:db8:2::/64', MAXMIND_LICENSE_KEY: 'a licence key' });
  assert.deepEqual(config.localIpv6Ranges, ['2001:db8:1::/48', '2001:db8:2::/64']);
  assert.deepEqual([config.geoliteDbPath, config.geoliteDbUrl], ['data/GeoLite2-City.mmdb', undefined]);
});

test('an address may name a host of any kind: a name, one of a container, an address', (t) => {
  for (const url of [
    'http://localhost:1411',
    'https://xn--mnchen-3ya.example',
    'http://pocket_id:1411',
    'http://[::1]:1411',
    'http://192.168.1.5',
  ])
    assert.equal(place(t).read({ INTERNAL_APP_URL: url }).internalAppUrl, url);
});

test('an SQLite address may be a file: URI', (t) => {
  assert.equal(place(t).read({ DB_CONNECTION_STRING: 'file:data/other.db?_pragma=x' }).database, 'data/other.db');
  assert.equal(place(t).read({ DB_CONNECTION_STRING: 'file:///var/lib/id.db' }).database, '/var/lib/id.db');
});

test('what can work but surprises is told, not refused', (t) => {
  const notes = place(t).read({ APP_URL: 'http://192.168.1.5', TRUST_PROXY: 'true', ENCRYPTION_KEY: KEY }).notes.join('\n');
  assert.match(notes, /APP_URL is an IP address/);
  assert.match(notes, /TRUST_PROXY is true/);
  assert.match(place(t).read({ APP_URL: 'http://id.example.com' }).notes.join(), /APP_URL is not https/);
  assert.match(
    place(t).read({ APP_URL_FILE: '/run/secrets/url' }).notes.join(),
    /APP_URL_FILE is set, but APP_URL is not read from a file/,
  );
});

test('variables of Pocket ID that do nothing here are named in one line, without their values', (t) => {
  const { read, file } = place(t);
  file('.env', 'KEYS_STORAGE=hidden\nDB_PROVIDER=hidden\n');
  const set = {
    FILE_BACKEND: 's3',
    S3_SECRET_ACCESS_KEY_FILE: '/hidden',
    TLS_CERT_FILE: '/hidden',
    UNIX_SOCKET_MODE: '0660',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://hidden',
    METRICS_ENABLED: 'true',
  };
  const asIsHere = { OTEL_TRACES_EXPORTER: 'none', ALLOW_DOWNGRADE: 'false', PROXY_PROTOCOL: '', ANALYTICS_DISABLED: 'true' };
  const ofOthers = { PATH: '/bin', NODE_ENV: 'production', S3: 'x', TZ: 'Europe/Madrid', SMTP_HOST: 'mail' };
  assert.deepEqual(read({ ...set, ...asIsHere, ...ofOthers, ENCRYPTION_KEY: KEY }).notes, [
    'variables that are set and have no effect here: DB_PROVIDER, FILE_BACKEND, KEYS_STORAGE, METRICS_ENABLED, OTEL_EXPORTER_OTLP_ENDPOINT, ' +
      'S3_SECRET_ACCESS_KEY_FILE, TLS_CERT_FILE, UNIX_SOCKET_MODE',
  ]);
  assert.deepEqual(read({ ...asIsHere, ...ofOthers, ENCRYPTION_KEY: KEY, KEYS_STORAGE: '', DB_PROVIDER: '' }).notes, []);
});

/** Each row: what is wrong, and the variable whose name the operator must see first. */
const WRONG: [string, Record<string, string>, string][] = [
  ['APP_URL with a path', { APP_URL: 'https://a.test/secret-path' }, 'APP_URL'],
  ['APP_URL with a query', { APP_URL: 'https://a.test/?secret=1' }, 'APP_URL'],
  ['APP_URL with a bare question mark', { APP_URL: 'https://a.test?' }, 'APP_URL'],
  ['APP_URL without a scheme', { APP_URL: 'secret.a.test' }, 'APP_URL'],
  ['APP_URL of another scheme', { APP_URL: 'ftp://secret.a.test' }, 'APP_URL'],
  ['APP_URL with a password', { APP_URL: 'https://u:secret@a.test' }, 'APP_URL'],
  ['APP_URL with a wildcard', { APP_URL: 'https://*.secret.test' }, 'APP_URL'],
  ['APP_URL whose host ends with a dot', { APP_URL: 'https://secret.test.' }, 'APP_URL'],
  ['INTERNAL_APP_URL with a path', { INTERNAL_APP_URL: 'http://secret/x' }, 'INTERNAL_APP_URL'],
  ['a short key', { ENCRYPTION_KEY: 'secret-too-sho' }, 'ENCRYPTION_KEY'],
  ['an empty key', { ENCRYPTION_KEY: '' }, 'ENCRYPTION_KEY'],
  ['a key of blanks', { ENCRYPTION_KEY: '   ' }, 'ENCRYPTION_KEY'],
  ['a key with a line break inside', { ENCRYPTION_KEY: 'secret secret\r\nsecret secret' }, 'ENCRYPTION_KEY'],
  ['a key file that is missing', { ENCRYPTION_KEY_FILE: '/nowhere/secret' }, 'ENCRYPTION_KEY'],
  ['a key and a key file', { ENCRYPTION_KEY: KEY, ENCRYPTION_KEY_FILE: '/nowhere/secret' }, 'ENCRYPTION_KEY'],
  ['a short API key', { STATIC_API_KEY: 'secret' }, 'STATIC_API_KEY'],
  ['an unknown word for a flag', { LOG_JSON: 'secret-yes' }, 'LOG_JSON'],
  ['an unknown level', { LOG_LEVEL: 'secret' }, 'LOG_LEVEL'],
  ['a port of letters', { PORT: 'secret' }, 'PORT'],
  ['port 0', { PORT: '0' }, 'PORT'],
  ['a port too high', { PORT: '65536' }, 'PORT'],
  ['a host with a port', { HOST: 'secret:80' }, 'HOST'],
  ['SEC-159 a proxy by name', { TRUST_PROXY: 'secret.proxy.test' }, 'TRUST_PROXY'],
  ['SEC-159 an IPv4 range in IPv6 form, which would be a range of everything', { TRUST_PROXY: '::ffff:10.0.0.0/8' }, 'TRUST_PROXY'],
  ['SEC-159 such a range spelled out', { TRUST_PROXY: '0:0:0:0:0:FFFF:0a00:0/104' }, 'TRUST_PROXY'],
  ['SEC-159 a range too wide for its family', { TRUST_PROXY: '10.0.0.0/33' }, 'TRUST_PROXY'],
  ['SEC-159 a range of everything', { TRUST_PROXY: '0.0.0.0/0' }, 'TRUST_PROXY'],
  ['SEC-159 such a range in another spelling', { TRUST_PROXY: '10.0.0.1,::/000' }, 'TRUST_PROXY'],
  ['SEC-159 an empty entry among proxies', { TRUST_PROXY: '10.0.0.1,' }, 'TRUST_PROXY'],
  ['SEC-159 an empty list of proxies', { TRUST_PROXY: '' }, 'TRUST_PROXY'],
  ['the name of no key file', { ENCRYPTION_KEY_FILE: '' }, 'ENCRYPTION_KEY'],
  ['the name of no file with the database', { DB_CONNECTION_STRING_FILE: '' }, 'DB_CONNECTION_STRING'],
  ['a database without its slashes', { DB_CONNECTION_STRING: 'postgres:u:secret@h/db' }, 'DB_CONNECTION_STRING'],
  ['an empty database', { DB_CONNECTION_STRING: '' }, 'DB_CONNECTION_STRING'],
  ['another database', { DB_CONNECTION_STRING: 'mysql://u:secret@h/db' }, 'DB_CONNECTION_STRING'],
  ['a broken PostgreSQL URL', { DB_CONNECTION_STRING: 'postgres://u:secret@h:port/db' }, 'DB_CONNECTION_STRING'],
  ['no days of retention', { AUDIT_LOG_RETENTION_DAYS: '0' }, 'AUDIT_LOG_RETENTION_DAYS'],
  ['a geo database that is a directory', { GEOLITE_DB_PATH: '/secret/' }, 'GEOLITE_DB_PATH'],
  ['a geo database that is fetched from nowhere', { GEOLITE_DB_URL: 'ftp://secret.example/db' }, 'GEOLITE_DB_URL'],
  ['a local network of IPv4', { LOCAL_IPV6_RANGES: '10.0.0.0/8' }, 'LOCAL_IPV6_RANGES'],
  ['a local address without its range', { LOCAL_IPV6_RANGES: 'fd00::/8,2001:db8::1' }, 'LOCAL_IPV6_RANGES'],
];

for (const [what, env, name] of WRONG)
  test(`REL-30 ${what} stops the start with the variable's name and never its value`, (t) => {
    const said = place(t).problems({
      ENCRYPTION_KEY: KEY,
      ...(name === 'ENCRYPTION_KEY' ? { ENCRYPTION_KEY: undefined as never } : {}),
      ...env,
    });
    assert.match(said, new RegExp(`^${name}\\b`));
    assert.doesNotMatch(said, /secret/);
  });

test('REL-30 a variable that stands twice in .env is refused, and every problem is told at once', (t) => {
  const { problems, file } = place(t);
  file('.env', `APP_URL=https://a.test\nAPP_URL=https://b.test\nPORT=x\nENCRYPTION_KEY=${KEY}\n`);
  assert.equal(problems({}), 'APP_URL stands twice in .env\nPORT must be a whole number from 1 to 65535');
});

test('REL-30 a .env in UTF-16, as some editors on Windows write it, is refused: none of its variables could be read', (t) => {
  const { problems, file } = place(t);
  file('.env', Buffer.from('\ufeffAPP_URL=https://a.test\r\nLOG_JSON=true\r\n', 'utf16le'));
  assert.equal(problems({}), '.env must be text in UTF-8');
});

for (const [what, text, why] of [
  ['empty', '', 'must have at least 16 bytes'],
  ['cut', 'abc\n', 'must have at least 16 bytes'],
  ['no text', Buffer.alloc(32, 0xf0), 'must be text in UTF-8: random bytes have to be written in base64 or hex'],
] as const)
  test(`REL-30 where data/encryption.key is ${what}, it is that file which is named`, (t) => {
    const { directory, problems, file } = place(t);
    mkdirSync(join(directory, 'data'));
    file('data/encryption.key', text as string | Buffer);
    assert.equal(problems({}), `ENCRYPTION_KEY is not set, and the key in data/encryption.key ${why}`);
  });

test('REL-30 a key file of random bytes is refused: read as text, different ones become the same', (t) => {
  const { problems, file } = place(t);
  assert.match(problems({ ENCRYPTION_KEY_FILE: file('key', Buffer.alloc(32, 0xf0)) }), /^ENCRYPTION_KEY must be text in UTF-8/);
});

test('an SQLite file whose name has a colon is named with its directory', (t) => {
  assert.equal(place(t).read({ DB_CONNECTION_STRING: './a:b.db' }).database, './a:b.db');
});

test('REL-30 a secret file of blanks is refused', (t) => {
  const { problems, file } = place(t);
  assert.match(problems({ ENCRYPTION_KEY_FILE: file('key', ' \r\n') }), /^ENCRYPTION_KEY is empty/);
});
