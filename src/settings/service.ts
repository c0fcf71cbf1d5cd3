import type { Actor } from '#access/actor.ts';
import { changes } from '#platform/changes.ts';
import type { Clock } from '#platform/clock.ts';
import { ConfigError } from '#platform/config.ts';
import type { Db } from '#platform/db/open.ts';
import { AppError, type FieldError, invalidFields } from '#platform/errors.ts';
import type { Log } from '#platform/log.ts';
import { MASK, type Seal } from '#platform/seal.ts';
import { spoken } from '#platform/spoken.ts';
import { within } from '#platform/within.ts';
import type { Audit } from '../audit/service.ts';
import type { PublicSetting, Setting } from './contract.ts';
import { SETTING_KEYS, SETTING_NAMES, type SettingName, type SettingValue, settingKey, variableOf } from './keys.ts';
import { settingStore } from './store.ts';

type Texts = Record<SettingName, string>;

/** Another replica's change is seen at most so many seconds later. */
const FRESH_SECONDS = 4;
/** How long requests wait for that, before they go on with what was read before. */
const PATIENCE_MS = 500;
const DEFAULTS = Object.fromEntries(SETTING_NAMES.map((name) => [name, settingKey(name).default])) as Texts;
const purpose = (name: SettingName) => `setting ${name}`;

interface Deps {
  db: Db;
  clock: Clock;
  seal: Seal;
  audit: Audit;
  log: Log;
  /** With UI_CONFIG_DISABLED: the text of an environment variable. Undefined: the configuration is in the database. */
  variable: ((name: string, fromFile: boolean) => string | undefined) | undefined;
}

/** The application configuration, from the database or from environment variables. Throws ConfigError when one of those is wrong. */
export async function createSettings({ db, clock, seal, audit, log, variable }: Deps) {
  const fixed = variable && fromVariables(variable);
  let texts: Texts = fixed ?? DEFAULTS;
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<unknown> | undefined;

  const clear = (name: SettingName, stored: string) => (settingKey(name).sensitive ? seal.open(purpose(name), stored) : stored);
  const read = async (of: Db): Promise<Texts> => {
    const found = { ...DEFAULTS };
    // A key of an older or newer version is left alone.
    for (const { key, value } of await settingStore(of).all())
      if (Object.hasOwn(SETTING_KEYS, key)) found[key as SettingName] = clear(key as SettingName, value);
    return found;
  };
  const load = async () => {
    if (fixed) return;
    texts = await read(db);
    loadedAt = clock.now();
  };
  await load();

  const isSet = (name: SettingName) => texts[name] !== '';
  const listed = (passwords: 'clear' | 'masked'): Setting[] =>
    SETTING_NAMES.map((name) => {
      const hidden = settingKey(name).sensitive && isSet(name) && (passwords === 'masked' || fixed !== undefined);
      return { key: name, type: '', value: hidden ? MASK : texts[name], isPublic: settingKey(name).public === true };
    });

  return {
    /** A value as of this request (see `refresh`). */
    get: <K extends SettingName>(name: K): SettingValue<K> => settingKey(name).parse(texts[name]) as SettingValue<K>,

    /** Reads again what is older than a few seconds; called at the start of every request. A database that does not answer leaves the old values. */
    async refresh(): Promise<void> {
      // A clock that was set back says nothing of how old they are.
      if (fixed || Math.abs(clock.now() - loadedAt) < FRESH_SECONDS) return;
      loading ??= within(
        PATIENCE_MS,
        load()
          .catch((cause: unknown) =>
            log.error('error reading the application configuration, going on with what was read before', { detail: String(cause) }),
          )
          .finally(() => {
            loading = undefined;
          }),
      );
      await loading;
    },

    publicList: (): PublicSetting[] => [
      ...SETTING_NAMES.filter((name) => settingKey(name).public).map((name) => ({ key: name, type: '', value: texts[name] })),
      { key: 'uiConfigDisabled', type: 'boolean', value: String(fixed !== undefined) },
      { key: 'tracingEnabled', type: '', value: 'false' },
    ],

    list: listed,

    /** Changes the keys that are given, all or none. Throws `ui_config_disabled`, or `validation_failed` naming every wrong key. */
    async update(actor: Actor, given: Readonly<Record<string, unknown>>): Promise<void> {
      if (fixed) throw new AppError('ui_config_disabled');
      const wanted = checked(given);
      await db.transaction().execute(async (tx) => {
        const before = await read(tx);
        const store = settingStore(tx);
        const after = { ...before };
        for (const [name, value] of wanted) {
          const key = settingKey(name);
          if (key.sensitive && value === MASK) continue;
          after[name] = value === '' ? key.default : value;
          if (after[name] === before[name]) continue;
          if (after[name] === key.default) await store.remove(name);
          else await store.put(name, key.sensitive ? seal.seal(purpose(name), value) : value);
        }
        const data = changes(told(before, before), told(after, before));
        if (data) await audit.administered(tx, actor, { event: 'SETTINGS_UPDATED', data });
      });
      await load();
    },
  };
}
export type Settings = Awaited<ReturnType<typeof createSettings>>;

/** For audit rows: of a password only whether it is there and whether it changed. */
const told = (texts: Texts, before: Texts) =>
  Object.fromEntries(
    SETTING_NAMES.map((name) => {
      if (!settingKey(name).sensitive || texts[name] === '') return [name, texts[name]];
      return [name, texts[name] === before[name] ? '(set)' : '(set anew)'];
    }),
  );

const problemOf = (name: SettingName, value: unknown): Omit<FieldError, 'field'> | undefined => {
  const key = settingKey(name);
  if (typeof value !== 'string') return { code: 'invalid_format', message: `${spoken(name)} must be text` };
  if (value === '') return key.required ? { code: 'required', message: `${spoken(name)} is required` } : undefined;
  const problem = key.sensitive && value === MASK ? undefined : key.problem(value);
  if (problem === undefined) return undefined;
  const code = key.max !== undefined && [...value].length > key.max ? 'too_long' : 'invalid_format';
  return { code, message: `${spoken(name)} ${problem}` };
};

/** The keys of a body that we know; unknown ones are passed over, as everywhere. */
function checked(given: Readonly<Record<string, unknown>>): [SettingName, string][] {
  const names = SETTING_NAMES.filter((name) => Object.hasOwn(given, name) && given[name] !== null);
  const fields = names.flatMap((name) => {
    const problem = problemOf(name, given[name]);
    return problem ? [{ field: name, ...problem }] : [];
  });
  if (fields.length > 0) throw invalidFields(fields);
  return names.map((name) => [name, given[name] as string]);
}

/** Booleans of the environment may also be `1`, `yes`, `on` and the like. */
const booleanWord = (text: string) => (/^(1|t|true|yes|on)$/i.test(text) ? 'true' : /^(0|f|false|no|off)$/i.test(text) ? 'false' : text);

function fromVariables(variable: (name: string, fromFile: boolean) => string | undefined): Texts {
  const problems: string[] = [];
  const texts = { ...DEFAULTS };
  const textOf = (name: SettingName, fromFile: boolean) => {
    try {
      return variable(variableOf(name), fromFile);
    } catch (cause) {
      if (!(cause instanceof ConfigError)) throw cause;
      problems.push(...cause.problems);
      return undefined;
    }
  };
  for (const name of SETTING_NAMES) {
    const key = settingKey(name);
    const given = textOf(name, key.sensitive === true);
    if (given === undefined || given === '') continue;
    const text = typeof key.parse(key.default) === 'boolean' ? booleanWord(given) : given;
    const problem = key.problem(text);
    if (problem) problems.push(`${variableOf(name)} ${problem}`);
    texts[name] = text;
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return texts;
}
