import { withoutEffect } from './config-elsewhere.ts';
import { type Files, systemFiles } from './config-files.ts';
import {
  database,
  download,
  flag,
  host,
  ipv6Ranges,
  oneOf,
  origin,
  passkeyTrouble,
  path,
  proxies,
  secret,
  ValueError,
  whole,
} from './config-values.ts';

/** What environment variables say, each a row of SETTINGS. */
interface Settings {
  appEnv: 'production' | 'development' | 'test';
  /** Lower case, no trailing slash, no path: the issuer and the only accepted WebAuthn origin. */
  appUrl: string;
  internalAppUrl: string;
  encryptionKey: string;
  /** A PostgreSQL URL, or a path for SQLite. */
  database: string;
  host: string;
  port: number;
  /** false: nobody; true: everybody; else the proxies' addresses and ranges. */
  trustProxy: boolean | string[];
  auditLogRetentionDays: number;
  allowInsecureCallbackUrls: boolean;
  uiConfigDisabled: boolean;
  disableRateLimiting: boolean;
  staticApiKey: string | undefined;
  geoliteDbPath: string;
  /** `%s` stands for the licence key. */
  geoliteDbUrl: string | undefined;
  maxmindLicenseKey: string | undefined;
  /** Networks that are at home, too. */
  localIpv6Ranges: string[] | undefined;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  logJson: boolean;
  /** Whether the request log shows query strings. */
  logQueryArgs: boolean;
}

/** The program's settings, read once at start. */
export interface Config extends Settings {
  /** Where the key was made in this very start; undefined when it was there before. */
  encryptionKeyMadeAt: string | undefined;
  /** What an operator should know about these settings; none stops the start. */
  notes: readonly string[];
  /**
   * The text of another variable (of the file that `<name>_FILE` names, with `fromFile`): with UI_CONFIG_DISABLED the application configuration.
   * Throws ConfigError when that file cannot be read.
   */
  variable?: (name: string, fromFile: boolean) => string | undefined;
}

interface Setting<T> {
  name: string;
  /** In the form of the variable; undefined: none. */
  default: string | undefined;
  sentence: string;
  secret?: true;
  /** `<name>_FILE` may name a file that holds the value. */
  file?: true;
  /** An empty value stops the start: going on as if it were unset would open another database, make another key, or believe no proxy. */
  neverEmpty?: true;
  parse(text: string): T;
}

/** The one table of settings: docs/config.md is made from it. Names and meanings are Pocket ID's. */
export const SETTINGS: { readonly [K in keyof Settings]: Setting<Settings[K]> } = {
  appUrl: {
    name: 'APP_URL',
    default: 'http://localhost:1411',
    sentence:
      'The address people open, without a path. Passkeys belong to its host name: changing that makes every registered passkey useless. With only PORT set it is `http://localhost:PORT`.',
    parse: origin,
  },
  internalAppUrl: {
    name: 'INTERNAL_APP_URL',
    default: undefined,
    sentence:
      'Base of the endpoints in the discovery document that servers call (token, userinfo, keys, …), when applications reach PocketID by another address. Default: APP_URL.',
    parse: origin,
  },
  encryptionKey: {
    name: 'ENCRYPTION_KEY',
    default: undefined,
    sentence:
      'What signing keys and stored secrets are encrypted with; at least 16 bytes. When unset, a key is made at the first start in `data/encryption.key`: keep a copy of it, a database without its key cannot be used.',
    secret: true,
    file: true,
    neverEmpty: true,
    parse: secret(16),
  },
  database: {
    name: 'DB_CONNECTION_STRING',
    default: 'data/pocket-id.db',
    sentence: 'The path of an SQLite file on a local disk, or a `postgres://` URL.',
    secret: true,
    file: true,
    neverEmpty: true,
    parse: database,
  },
  host: { name: 'HOST', default: '0.0.0.0', sentence: 'The address to listen on.', parse: host },
  port: { name: 'PORT', default: '1411', sentence: 'The port to listen on.', parse: whole(1, 65535) },
  trustProxy: {
    name: 'TRUST_PROXY',
    default: 'false',
    sentence:
      'Whose `X-Forwarded-For` is believed: `true` for every peer, or addresses and ranges of your reverse proxies separated by commas.',
    neverEmpty: true,
    parse: proxies,
  },
  staticApiKey: {
    name: 'STATIC_API_KEY',
    default: undefined,
    sentence: 'A key with an administrator’s rights for the REST API, for automation on an empty database; at least 16 characters.',
    secret: true,
    file: true,
    parse: secret(16),
  },
  auditLogRetentionDays: {
    name: 'AUDIT_LOG_RETENTION_DAYS',
    default: '90',
    sentence: 'Days after which audit rows are removed.',
    parse: whole(1, 36500),
  },
  geoliteDbPath: {
    name: 'GEOLITE_DB_PATH',
    default: 'data/GeoLite2-City.mmdb',
    sentence:
      'A database in MaxMind’s format (GeoLite2 City, DB-IP City Lite, …) that says in the audit log where addresses are. Where there is none, the packaged countries by [DB-IP](https://db-ip.com) are used. It is read into memory.',
    parse: path,
  },
  maxmindLicenseKey: {
    name: 'MAXMIND_LICENSE_KEY',
    default: undefined,
    sentence: 'With it GeoLite2 City is fetched from MaxMind to GEOLITE_DB_PATH, daily, once somebody comes from the internet.',
    secret: true,
    file: true,
    parse: secret(8),
  },
  geoliteDbUrl: {
    name: 'GEOLITE_DB_URL',
    default: undefined,
    sentence: 'Where else to fetch it: the address of a `.tar.gz`, in which `%s` stands for the licence key.',
    parse: download,
  },
  localIpv6Ranges: {
    name: 'LOCAL_IPV6_RANGES',
    default: undefined,
    sentence: 'IPv6 networks separated by commas (`2001:db8:1::/48`) whose addresses the audit log calls the internal network.',
    parse: ipv6Ranges,
  },
  allowInsecureCallbackUrls: {
    name: 'ALLOW_INSECURE_CALLBACK_URLS',
    default: 'false',
    sentence: 'Whether `http` callback URLs are accepted outside loopback and private addresses and names.',
    parse: flag,
  },
  uiConfigDisabled: {
    name: 'UI_CONFIG_DISABLED',
    default: 'false',
    sentence: 'Whether the application configuration comes from environment variables alone.',
    parse: flag,
  },
  disableRateLimiting: {
    name: 'DISABLE_RATE_LIMITING',
    default: 'false',
    sentence: 'Turns every rate limit off. For tests behind one address.',
    parse: flag,
  },
  logLevel: {
    name: 'LOG_LEVEL',
    default: 'info',
    sentence: 'The least important lines to log: debug, info, warn or error.',
    parse: oneOf('debug', 'info', 'warn', 'error'),
  },
  logJson: { name: 'LOG_JSON', default: 'false', sentence: 'Whether log lines are JSON objects instead of text.', parse: flag },
  logQueryArgs: {
    name: 'LOG_QUERY_ARGS',
    default: 'false',
    sentence: 'Whether the request log shows query strings. They can contain one-time codes.',
    parse: flag,
  },
  appEnv: {
    name: 'APP_ENV',
    default: 'production',
    sentence: 'production, development or test. `test` turns rate limits off.',
    parse: oneOf('production', 'development', 'test'),
  },
};

/** The start must stop: each problem begins with the variable's name and contains no value. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`error in the configuration: ${problems.join('; ')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Variables = Record<string, string | undefined>;

/** Where the key is made when none is configured. */
export const KEY_FILE = 'data/encryption.key';

/**
 * Reads every setting from `env`, a `.env` file and the files that `_FILE` variables name. Where no key is there, `key` says what happens: `make`
 * one, `need` it, or `ignore` that (the key is then empty). Throws ConfigError with everything that is wrong.
 */
export function readConfig(
  env: Variables,
  { files = systemFiles(), key = 'make' }: { files?: Files; key?: 'make' | 'need' | 'ignore' } = {},
): Config {
  const problems: string[] = [];
  const notes: string[] = [];
  const variables = { ...files.dotEnv((problem) => problems.push(problem)), ...withoutUndefined(env) };
  const values = {} as Record<keyof Settings, unknown>;
  for (const key of Object.keys(SETTINGS) as (keyof Settings)[]) {
    const setting = SETTINGS[key];
    try {
      const text = textOf(setting, variables, files, notes) ?? setting.default;
      values[key] = text === undefined ? undefined : setting.parse(text);
    } catch (cause) {
      if (!(cause instanceof ValueError)) throw cause;
      problems.push(`${setting.name} ${cause.message}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const settings = values as unknown as Settings;
  if (!variables.APP_URL && variables.PORT) settings.appUrl = `http://localhost:${settings.port}`;
  settings.internalAppUrl ??= settings.appUrl;
  if (settings.appEnv === 'test') settings.disableRateLimiting = true;
  const trouble = passkeyTrouble(settings.appUrl);
  if (trouble) notes.push(`APP_URL ${trouble}`);
  if (settings.trustProxy === true) notes.push('TRUST_PROXY is true: anybody who reaches this port directly can claim any address');
  // Silence would deceive: somebody believes that data lies elsewhere, or that another door is closed.
  const idle = withoutEffect(variables);
  if (idle.length > 0) notes.push(`variables that are set and have no effect here: ${idle.join(', ')}`);
  for (const { name, file } of Object.values<Setting<unknown>>(SETTINGS))
    if (!file && variables[`${name}_FILE`]) notes.push(`${name}_FILE is set, but ${name} is not read from a file: set it directly`);
  const variable = (name: string, fromFile: boolean) => {
    try {
      return textOf({ name, file: fromFile || undefined }, variables, files, []);
    } catch (cause) {
      throw cause instanceof ValueError ? new ConfigError([`${name} ${cause.message}`]) : cause;
    }
  };
  return { ...settings, ...keyOf(settings, files, key, notes), notes, variable };
}

/** Whether log lines are to be JSON, as far as can be told where the rest of the settings cannot be used. */
export function logsJson(env: Variables, files: Files = systemFiles()): boolean {
  try {
    return flag(env.LOG_JSON ?? files.dotEnv(() => {}).LOG_JSON ?? '');
  } catch {
    return false;
  }
}

const withoutUndefined = (env: Variables) => Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));

/** The setting's text from its variable or from the file that `<name>_FILE` names; undefined when neither is set. */
function textOf(
  setting: Pick<Setting<unknown>, 'name' | 'file' | 'neverEmpty'>,
  variables: Variables,
  files: Files,
  notes: string[],
): string | undefined {
  const direct = variables[setting.name];
  const path = setting.file ? variables[`${setting.name}_FILE`] : undefined;
  if (path) {
    if (direct) throw new ValueError(`and ${setting.name}_FILE are both set: remove one`);
    const found = files.read(path);
    if (typeof found === 'string') throw new ValueError(`cannot be read: the file that ${setting.name}_FILE names ${found}`);
    if (found.mode & 0o037) notes.push(`${setting.name}_FILE can be read by others: chmod 600 the file`);
    const text = found.text.trim();
    if (text === '') throw new ValueError(`is empty in the file that ${setting.name}_FILE names`);
    return text;
  }
  if (direct === undefined) {
    if (path === '' && setting.neverEmpty) throw new ValueError(`is not set: ${setting.name}_FILE is set but empty`);
    return undefined;
  }
  const text = direct.trim();
  if (text === '' && setting.neverEmpty) throw new ValueError('is set but empty: give it a value or remove it');
  return text === '' ? undefined : text;
}

/** The configured key, or the one in KEY_FILE, made now when there is none. */
function keyOf(
  settings: Settings,
  files: Files,
  missing: 'make' | 'need' | 'ignore',
  notes: string[],
): Pick<Config, 'encryptionKey' | 'encryptionKeyMadeAt'> {
  if (settings.encryptionKey) return { encryptionKey: settings.encryptionKey, encryptionKeyMadeAt: undefined };
  try {
    const found = files.read(KEY_FILE);
    if (typeof found !== 'string' && found.mode & 0o037) notes.push(`${KEY_FILE} can be read by others: chmod 600 the file`);
    if (typeof found !== 'string') return { encryptionKey: keyIn(found.text), encryptionKeyMadeAt: undefined };
    if (found !== 'does not exist') throw new ValueError(`is not set, and ${KEY_FILE} ${found}`);
    if (missing === 'ignore') return { encryptionKey: '', encryptionKeyMadeAt: undefined };
    if (missing === 'need') throw new ValueError(`is not set, and ${KEY_FILE} does not exist`);
    // A new key beside an old database would only be refused later, with the old key's place taken by a useless one.
    if (!/^postgres(ql)?:/i.test(settings.database) && files.holdsData(settings.database))
      throw new ValueError(`is not set and ${KEY_FILE} is missing, but the database exists: put back the key it was made with`);
    return { encryptionKey: files.makeKey(KEY_FILE), encryptionKeyMadeAt: KEY_FILE };
  } catch (cause) {
    if (cause instanceof ValueError) throw new ConfigError([`ENCRYPTION_KEY ${cause.message}`]);
    throw cause;
  }
}

/** What KEY_FILE holds. Who never set ENCRYPTION_KEY has to hear which file is wrong. */
function keyIn(text: string): string {
  try {
    return SETTINGS.encryptionKey.parse(text.trim());
  } catch (cause) {
    throw cause instanceof ValueError ? new ValueError(`is not set, and the key in ${KEY_FILE} ${cause.message}`) : cause;
  }
}
