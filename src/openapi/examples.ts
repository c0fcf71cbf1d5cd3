/** A JSON schema as far as examples and the reference need it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  example?: unknown;
}

const ID = '7b1f3a0e-3c55-4c0c-9f1e-52f0f0a6a2b1';
const AT = '2026-11-22T08:00:00Z';
const LATER = '2027-11-22T08:00:00Z';
const APP = 'https://paperless.example.org';

/** What fields of these names look like in a household that uses PocketID. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  id: ID,
  userID: ID,
  sessionId: ID,
  createdAt: AT,
  lastSeenAt: AT,
  lastUsedAt: AT,
  lastSyncedAt: AT,
  expiresAt: LATER,
  username: 'milton',
  actorUsername: 'holo',
  email: 'milton@example.org',
  firstName: 'Milton',
  lastName: 'Example',
  displayName: 'Milton Example',
  locale: 'en',
  ldapId: null,
  friendlyName: 'Familia',
  name: 'Paperless',
  description: 'Documents',
  key: 'department',
  value: 'engineering',
  prefix: 'Dt2t',
  secret: 'Dt2tXjrBxeBJURvGSN3WIrKajUbNGB9Z',
  token: 'Dt2tXjrBxeBJURvGSN3WIrKajUbNGB9Z',
  callbackURLs: [`${APP}/accounts/oidc/callback/`],
  logoutCallbackURLs: [`${APP}/`],
  launchURL: APP,
  logoUrl: `${APP}/logo.png`,
  darkLogoUrl: `${APP}/logo-dark.png`,
  endpoint: `${APP}/scim/v2`,
  resource: 'https://api.example.org',
  issuer: 'https://issuer.example.org',
  subject: 'repo:home/paperless',
  audience: 'https://auth.example.org',
  jwks: 'https://issuer.example.org/keys',
  oidcClientId: 'paperless',
  accessTokenDurationMinutes: 60,
  refreshTokenDurationMinutes: 43_200,
  ipAddress: '203.0.113.9',
  ip: '203.0.113.9',
  country: 'Spain',
  city: 'Madrid',
  device: 'Firefox on Linux',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  event: 'CLIENT_AUTHORIZATION',
  ttl: '15m',
  scope: '["openid","profile"]',
  userCode: 'PRZFPMCQ',
  verificationUri: 'https://auth.example.org/device',
  verificationUriComplete: 'https://auth.example.org/device?user_code=PRZFPMCQ',
  redirectPath: '/account',
  challenge: 'wYUuvv0dpOEtxywGQCrgtc9YpJM7JZ1Um8Q5l2C9yJg',
  credentialID: '7b-CEgPo1eZfeIx-97dDgLM-QaUApqu0GdQJcSxe7u8',
  attestationType: 'none',
  // Of a setting: Pocket ID leaves it empty.
  type: '',
  error: 'Username is already in use',
  code: 'already_in_use',
  request_id: '58d7bba6-7341-4bdf-a51f-1ca1df3e3d63',
  field: 'username',
  message: 'Username is required',
};

const typeOf = (schema: Schema) => (Array.isArray(schema.type) ? schema.type.find((type) => type !== 'null') : schema.type);
const fits = (value: unknown, schema: Schema): boolean => {
  const type = typeOf(schema);
  if (value === null) return Array.isArray(schema.type) && schema.type.includes('null');
  if (Array.isArray(value)) return type === 'array';
  return type === 'integer' ? typeof value === 'number' : type === undefined || typeof value === type;
};

/** An example of a schema: its own, else one made of its parts and of what fields of their names look like. */
export function exampleOf(schema: Schema, schemas: Readonly<Record<string, Schema>>, name = ''): unknown {
  if (schema.example !== undefined) return schema.example;
  const referred = schema.$ref?.split('/').at(-1);
  if (referred !== undefined) return exampleOf(schemas[referred] ?? {}, schemas, name);
  if (Object.hasOwn(SAMPLES, name) && fits(SAMPLES[name], schema)) return SAMPLES[name];
  if (schema.enum) return schema.enum.find((value) => value !== null);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => exampleOf(part, schemas, name)));
  if (schema.anyOf?.[0]) return exampleOf(schema.anyOf[0], schemas, name);
  switch (typeOf(schema)) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, part]) => [key, exampleOf(part, schemas, key)]));
    case 'array':
      return schema.items && typeOf(schema.items) !== 'string'
        ? [exampleOf(schema.items, schemas, name)]
        : name.endsWith('Ids')
          ? [ID]
          : [];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'string':
      return schema.format === 'date-time' ? LATER : schema.format === 'uuid' ? ID : 'text';
    default:
      return {};
  }
}
