import type { DbKind } from '#platform/db/open.ts';

/** What each part of a row is read from, by its name in `facts.ts`. The first of a part is null when the part is not there. */
const TOKEN = {
  kind: 't.kind',
  grantId: 't.grant_id',
  jti: 't.jti',
  scope: 't.scope',
  audience: 't.audience',
  issuedAt: 't.issued_at',
  expiresAt: 't.expires_at',
  usedAt: 't.used_at',
} as const;
const GRANT = {
  id: 'g.id',
  clientId: 'g.client_id',
  userId: 'g.user_id',
  sessionId: 'g.session_id',
  kind: 'g.kind',
  scope: 'g.scope',
  resource: 'g.resource',
  authTime: 'g.auth_time',
  amr: 'g.amr',
  request: 'g.request',
  codeExpiresAt: 'g.code_expires_at',
  codeUsedAt: 'g.code_used_at',
  createdAt: 'g.created_at',
  expiresAt: 'g.expires_at',
  revokedAt: 'g.revoked_at',
} as const;
const SESSION = {
  id: 's.id',
  userId: 's.user_id',
  authTime: 's.auth_time',
  amr: 's.amr',
  createdAt: 's.created_at',
  lastSeenAt: 's.last_seen_at',
  expiresAt: 's.expires_at',
} as const;
const CLIENT = {
  id: 'c.id',
  name: 'c.name',
  type: 'c.client_type',
  isPublic: 'c.is_public',
  redirectUris: 'c.callback_urls',
  postLogoutRedirectUris: 'c.logout_callback_urls',
  pkceEnabled: 'c.pkce_enabled',
  pkceSupported: 'c.pkce_supported',
  requirePar: 'c.requires_par',
  requireReauthentication: 'c.requires_reauthentication',
  skipConsent: 'c.skip_consent',
  groupRestricted: 'c.is_group_restricted',
  federatedIdentities: 'c.federated_identities',
  idTokenAlg: 'c.id_token_alg',
  accessTokenAlg: 'c.access_token_alg',
  minimalIdToken: 'c.minimal_id_token',
  claimsMapping: 'c.claims_mapping',
  accessTokenMinutes: 'c.access_token_minutes',
  refreshTokenMinutes: 'c.refresh_token_minutes',
  launchUrl: 'c.launch_url',
  secrets: '',
  allowedGroupIds: '',
  apis: '',
} as const;
const PERSON = {
  id: 'u.id',
  username: 'u.username',
  email: 'u.email',
  emailVerified: 'u.email_verified',
  firstName: 'u.first_name',
  lastName: 'u.last_name',
  displayName: 'u.display_name',
  locale: 'u.locale',
  disabled: 'u.disabled',
  updatedAt: 'u.updated_at',
  groups: '',
  claims: '',
} as const;
const CONSENT = { scopes: 'k.scopes', lastUsedAt: 'k.last_used_at' } as const;
const PARTS = { token: TOKEN, grant: GRANT, session: SESSION, client: CLIENT, person: PERSON, consent: CONSENT } as const;
type Parts = typeof PARTS;

/** Where the values of a part stand in a row. */
export type Places<P extends keyof Parts> = Readonly<Record<keyof Parts[P], number>>;

export interface FactsStatement {
  sql: string;
  /** Its columns' names, in their order. */
  columns: readonly string[];
  /** The parts it reads. */
  places: { readonly [P in keyof Parts]?: Places<P> };
}

/** What a request is known by. */
export interface Shape {
  clientId: boolean;
  session: boolean;
  grantBy: 'code' | 'token' | undefined;
}

/** The two databases' words for "these rows as one JSON text". */
const JSON_WORDS = {
  sqlite: { array: (item: string) => `json_group_array(${item})`, object: 'json_object' },
  postgres: { array: (item: string) => `cast(coalesce(json_agg(${item}), '[]') as text)`, object: 'json_build_object' },
} as const;

/** The one statement for a kind of lookup. Its placeholders: code or token, session, client. */
export function factsStatement(kind: DbKind, { clientId, session, grantBy }: Shape): FactsStatement {
  const { array, object } = JSON_WORDS[kind];
  let placeholders = 0;
  const mark = () => (kind === 'postgres' ? `$${++placeholders}` : '?');
  const selected: string[] = [];
  const columns: string[] = [];
  const places: Record<string, Record<string, number>> = {};
  const joins: string[] = [];
  const read = <P extends keyof Parts>(part: P, further: Partial<Record<keyof Parts[P], string>> = {}) => {
    const at: Record<string, number> = {};
    for (const [name, column] of Object.entries({ ...PARTS[part], ...further })) {
      at[name] = columns.length;
      columns.push(`${part}_${name}`);
      selected.push(`${column} as "${part}_${name}"`);
    }
    places[part] = at;
  };
  if (grantBy === 'token') {
    read('token');
    joins.push(`left join oauth_token t on t.token_hash = ${mark()}`, 'left join oauth_grant g on g.id = t.grant_id');
  } else if (grantBy === 'code') joins.push(`left join oauth_grant g on g.code_hash = ${mark()}`);
  if (grantBy) read('grant');
  if (session) {
    read('session');
    joins.push(`left join session s on s.session_hash = ${mark()}`);
  }
  const hasClient = clientId || grantBy !== undefined;
  if (hasClient) {
    read('client', {
      secrets: `(select ${array(`${object}('hash', x.secret_hash, 'expiresAt', x.expires_at)`)} from client_secret x where x.client_id = c.id)`,
      allowedGroupIds: `(select ${array('a.group_id')} from client_allowed_group a where a.client_id = c.id)`,
      apis: `(select ${array(API_ROW(object))} from (${API_ROWS}) v)`,
    });
    joins.push(`left join client c on c.id = ${clientId ? mark() : 'g.client_id'}`);
  }
  if (session || grantBy) {
    read('person', {
      groups: `(select ${array(`${object}('id', y.id, 'name', y.name)`)} from user_group_member m join user_group y on y.id = m.group_id where m.user_id = u.id)`,
      claims: `(select ${array(`${object}('key', v.key, 'value', v.value, 'group', v.grp)`)} from (
        select q.key, q.value, null as grp, q.position from custom_claim q where q.user_id = u.id
        union all select q.key, q.value, y.name, q.position from user_group_member m join user_group y on y.id = m.group_id join custom_claim q on q.group_id = m.group_id where m.user_id = u.id
      ) v)`,
    });
    const owner = session && grantBy ? 'coalesce(s.user_id, g.user_id)' : session ? 's.user_id' : 'g.user_id';
    joins.push(`left join "user" u on u.id = ${owner}`);
    if (hasClient) {
      read('consent');
      joins.push('left join consent k on k.user_id = u.id and k.client_id = c.id');
    }
  }
  return { sql: `select ${selected.join(', ')} from (select 1 as one) o ${joins.join(' ')}`, columns, places };
}

/** One row for every permission a client may ask for, and one without for an API it may use bare. */
const API_ROWS = `select a.resource, a.name as api, g.user_access, g.client_access, x.kind, p.key, p.name, p.description, p.position
    from api_grant g join api a on a.id = g.api_id
    left join api_grant_permission x on x.api_id = g.api_id and x.client_id = g.client_id left join api_permission p on p.id = x.permission_id
    where g.client_id = c.id
  union all select a.resource, a.name, 1, 0, 'user', p.key, p.name, p.description, p.position
    from api a left join api_permission p on p.api_id = a.id and p.allow_cimd = 1 where a.allow_cimd = 1 and c.client_type = 'cimd'`;
const API_ROW = (object: string) =>
  `${object}('resource', v.resource, 'api', v.api, 'user', v.user_access, 'client', v.client_access, 'kind', v.kind, 'key', v.key, 'name', v.name, 'description', v.description, 'position', v.position)`;
