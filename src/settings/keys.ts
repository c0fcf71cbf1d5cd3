import { uriPatternProblem } from '#oidc/checks/uri-pattern.ts';
import { parseColour } from '#platform/colour.ts';
import { email, line } from '#platform/text.ts';
import { CustomClaimInput, RESERVED_CLAIMS } from '../custom-claims/contract.ts';

/** One key of the application configuration. Values are text everywhere but inside the program. */
export interface SettingKey<T> {
  default: string;
  /** Anybody may read it: sign-in pages need it. */
  public?: true;
  /** A password: sealed in the database, and in clear only to a full administrator's API key. */
  sensitive?: true;
  /** `""` is refused; other keys take it as "back to the default". */
  required?: true;
  /** How many characters the text may have; `problem` says so too. */
  max?: number;
  /** What is wrong with a text that is not empty, as the end of a sentence that begins with the key's name. */
  problem(text: string): string | undefined;
  parse(text: string): T;
}
type Options = Pick<SettingKey<unknown>, 'public' | 'sensitive' | 'required'>;
const shown = { public: true } as const;

const text = (
  standard = '',
  options: Options & { max?: number; check?: (text: string) => string | undefined } = {},
): SettingKey<string> => {
  const { max = 2000, check, ...rest } = options;
  return {
    default: standard,
    max,
    ...rest,
    problem: (value) =>
      [...value].length > max ? `must be at most ${max} characters long` : /\p{Cc}/u.test(value) ? 'is not valid' : check?.(value),
    parse: (value) => value,
  };
};
const flag = (standard: 'true' | 'false', options: Options = {}): SettingKey<boolean> => ({
  default: standard,
  required: true,
  ...options,
  problem: (value) => (value === 'true' || value === 'false' ? undefined : 'must be "true" or "false"'),
  parse: (value) => value === 'true',
});
const choice = <const T extends string>(words: readonly T[], options: Options = {}): SettingKey<T> => ({
  default: words[0] as string,
  required: true,
  ...options,
  problem: (value) => ((words as readonly string[]).includes(value) ? undefined : `must be one of ${words.join(', ')}`),
  parse: (value) => value as T,
});
const whole = (standard: string, least: number, most: number, options: Options = {}): SettingKey<number> => ({
  default: standard,
  ...options,
  problem: (value) =>
    /^\+?\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `must be a whole number from ${least} to ${most}`,
  parse: Number,
});
const list = <T>(
  item: (value: unknown) => string | undefined,
  of: string,
  together: (values: T[]) => string | undefined = () => undefined,
): SettingKey<T[]> => ({
  default: '[]',
  problem: (value) => {
    const found = parsed(value);
    if (!Array.isArray(found) || found.length > 1000) return `must be a JSON array of ${of}`;
    return found.map(item).find((problem) => problem !== undefined) ?? together(found as T[]);
  },
  parse: (value) => JSON.parse(value) as T[],
});
const parsed = (value: string): unknown => {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};

const notText = (of: string) => (value: unknown) => (typeof value === 'string' ? undefined : `must be a JSON array of ${of}`);
interface Claim {
  key: string;
  value: string;
}
const claim = (value: unknown) => {
  const { key, value: content } = (value ?? {}) as Record<string, unknown>;
  if (typeof key !== 'string' || typeof content !== 'string') return 'must be a JSON array of {"key", "value"} objects';
  if (RESERVED_CLAIMS.has(key)) return 'contains a claim whose key is reserved';
  return CustomClaimInput.safeParse({ key, value: content }).success ? undefined : 'contains a claim that nobody can be given';
};
/** What every new user is given must be something a user can have: otherwise nobody could be made any more. */
const eachOnce = (claims: Claim[]) => (new Set(claims.map(({ key }) => key)).size === claims.length ? undefined : 'contains a claim twice');
const pattern = (value: unknown) => {
  if (typeof value !== 'string') return 'must be a JSON array of URL patterns';
  return value === '*' || !uriPatternProblem(value, { allowInsecure: false }) ? undefined : 'contains a URL pattern that is not valid';
};
const colour = (value: string) =>
  value === 'default' || parseColour(value)
    ? undefined
    : 'must be "default" or a CSS colour: #3b82f6, a name, rgb(…), hsl(…), oklab(…) or oklch(…)';
const TITLE = 30;
/** It heads every page, and is what authenticators and mails call us. */
const title = (value: string) =>
  line({ min: 1, max: TITLE }).safeParse(value).success ? undefined : 'must be a line of text that can be seen';
const address = (value: string) => (email().safeParse(value).success ? undefined : 'must be a plain e-mail address');
/** Where people land after signing in: here, or on the web. */
const landing = (value: string) => {
  if (/^\/(?![/\\])/.test(value)) return undefined;
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) ? undefined : 'must be a path or an http(s) URL';
};
const directory = (value: string) => (/^ldaps?:\/\/[^\s]+$/i.test(value) ? undefined : 'must begin with ldap:// or ldaps://');

/** Every key, in the order of answers. Names, defaults and limits are Pocket ID's. */
export const SETTING_KEYS = {
  appName: text('Pocket ID', { ...shown, required: true, max: TITLE, check: title }),
  sessionDuration: whole('60', 1, 5_256_000, { required: true }),
  homePageUrl: text('/settings/account', { ...shown, required: true, check: landing }),
  emailsVerified: flag('false'),
  accentColor: text('default', { ...shown, check: colour }),
  disableAnimations: flag('false', shown),
  allowOwnAccountEdit: flag('true', shown),
  allowUserSignups: choice(['disabled', 'withToken', 'open'], shown),
  signupDefaultUserGroupIDs: list<string>(notText('group ids'), 'group ids'),
  signupDefaultCustomClaims: list<Claim>(claim, '{"key", "value"} objects', eachOnce),
  requireUserEmail: flag('true', shown),
  smtpHost: text(),
  smtpPort: text('', { check: (value) => whole('', 1, 65_535).problem(value) }),
  smtpFrom: text('', { check: address }),
  smtpUser: text(),
  smtpPassword: text('', { sensitive: true }),
  smtpTls: choice(['none', 'starttls', 'tls']),
  smtpSkipCertVerify: flag('false'),
  emailLoginNotificationEnabled: flag('false'),
  emailOneTimeAccessAsUnauthenticatedEnabled: flag('false', shown),
  emailOneTimeAccessAsAdminEnabled: flag('false', shown),
  emailApiKeyExpirationEnabled: flag('false'),
  emailVerificationEnabled: flag('false', shown),
  ldapEnabled: flag('false', shown),
  ldapUrl: text('', { check: directory }),
  ldapBindDn: text(),
  ldapBindPassword: text('', { sensitive: true }),
  ldapBase: text(),
  ldapUserSearchFilter: text('(objectClass=person)'),
  ldapUserGroupSearchFilter: text('(objectClass=groupOfNames)'),
  ldapSkipCertVerify: flag('false'),
  ldapAttributeUserUniqueIdentifier: text(),
  ldapAttributeUserUsername: text(),
  ldapAttributeUserEmail: text(),
  ldapAttributeUserFirstName: text(),
  ldapAttributeUserLastName: text(),
  ldapAttributeUserDisplayName: text('cn'),
  ldapAttributeUserProfilePicture: text(),
  ldapAttributeGroupMember: text('member'),
  ldapAttributeGroupUniqueIdentifier: text(),
  ldapAttributeGroupName: text(),
  ldapAdminGroupName: text(),
  ldapSoftDeleteUsers: flag('true'),
  webauthnUserVerification: choice(['required', 'preferred']),
  webauthnAllowSyncedPasskeys: flag('true'),
  webauthnAuthenticatorAttachment: choice(['any', 'platform', 'cross-platform']),
  cimdUrlAllowlist: list<string>(pattern, 'URL patterns'),
};
export type SettingName = keyof typeof SETTING_KEYS;
export type SettingValue<K extends SettingName> = ReturnType<(typeof SETTING_KEYS)[K]['parse']>;
export const SETTING_NAMES = Object.keys(SETTING_KEYS) as SettingName[];
export const settingKey = (name: SettingName): SettingKey<unknown> => SETTING_KEYS[name];

/** The environment variable of a key: `smtpHost` → `SMTP_HOST`. */
export const variableOf = (name: SettingName): string => name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
