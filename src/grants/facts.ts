import { CompiledQuery } from 'kysely';
import type {
  ApiAccess,
  ApiPermission,
  ClaimsMapping,
  Client,
  ClientDocuments,
  Facts,
  Grant,
  GrantRequest,
  Ledger,
  Lookup,
  Person,
  Session,
  SigningAlg,
  Token,
} from '#oidc/ports.ts';
import { run } from '#platform/db/in-place.ts';
import type { Db, DbKind } from '#platform/db/open.ts';
import { sha256 } from '#platform/random.ts';
import { tokenKey } from './token-key.ts';

/** One custom claim of a person, their own (`group` null) or of one of their groups. */
export interface ClaimRow {
  key: string;
  value: string;
  group: string | null;
}
/** Decides which of several claims of one key counts. */
export type MergeClaims = (rows: readonly ClaimRow[]) => Record<string, string>;

const CLIENT_COLUMNS = `c.id as c_id, c.name as c_name, c.client_type as c_type, c.is_public, c.callback_urls, c.logout_callback_urls, c.pkce_enabled, c.pkce_supported,
  c.requires_par, c.requires_reauthentication, c.skip_consent, c.is_group_restricted, c.federated_identities, c.id_token_alg, c.access_token_alg,
  c.minimal_id_token, c.claims_mapping, c.access_token_minutes, c.refresh_token_minutes, c.launch_url`;
const GRANT_COLUMNS = `g.id as g_id, g.client_id as g_client_id, g.user_id as g_user_id, g.session_id as g_session_id, g.kind as g_kind, g.scope as g_scope, g.resource,
  g.auth_time as g_auth_time, g.amr as g_amr, g.request, g.code_expires_at, g.code_used_at, g.created_at as g_created_at, g.expires_at as g_expires_at, g.revoked_at`;
const TOKEN_COLUMNS =
  't.kind as t_kind, t.grant_id, t.jti, t.scope as t_scope, t.audience, t.issued_at, t.expires_at as t_expires_at, t.used_at';
const SESSION_COLUMNS = `s.id as s_id, s.user_id as s_user_id, s.auth_time as s_auth_time, s.amr as s_amr, s.created_at as s_created_at, s.last_seen_at as s_last_seen_at,
  s.expires_at as s_expires_at`;
const PERSON_COLUMNS = `u.id as u_id, u.username, u.email, u.email_verified, u.first_name, u.last_name, u.display_name, u.locale, u.disabled, u.updated_at as u_updated_at,
  k.scopes as consented, k.last_used_at as consent_used_at`;

/** The two databases' words for "these rows as one JSON text". */
const JSON_WORDS = {
  sqlite: { array: (item: string) => `json_group_array(${item})`, object: 'json_object' },
  postgres: { array: (item: string) => `cast(coalesce(json_agg(${item}), '[]') as text)`, object: 'json_build_object' },
} as const;

/** The one statement for a kind of lookup. `mark(n)` is the n-th placeholder. */
function factsSql(kind: DbKind, asked: { clientId: boolean; session: boolean; grantBy: 'code' | 'token' | undefined }): string {
  const { array, object } = JSON_WORDS[kind];
  let placeholders = 0;
  const mark = () => (kind === 'postgres' ? `$${++placeholders}` : '?');
  const columns: string[] = [];
  const joins: string[] = [];
  if (asked.grantBy === 'token') {
    columns.push(TOKEN_COLUMNS);
    joins.push(`left join oauth_token t on t.token_hash = ${mark()}`, 'left join oauth_grant g on g.id = t.grant_id');
  } else if (asked.grantBy === 'code') joins.push(`left join oauth_grant g on g.code_hash = ${mark()}`);
  if (asked.grantBy) columns.push(GRANT_COLUMNS);
  if (asked.session) {
    columns.push(SESSION_COLUMNS);
    joins.push(`left join session s on s.session_hash = ${mark()}`);
  }
  if (asked.clientId || asked.grantBy) {
    columns.push(
      CLIENT_COLUMNS,
      `(select ${array(`${object}('hash', x.secret_hash, 'expiresAt', x.expires_at)`)} from client_secret x where x.client_id = c.id) as secrets`,
      `(select ${array('a.group_id')} from client_allowed_group a where a.client_id = c.id) as allowed_group_ids`,
      `(select ${array(API_ROW(object))} from (${API_ROWS}) v) as apis`,
    );
    joins.push(`left join client c on c.id = ${asked.clientId ? mark() : 'g.client_id'}`);
  }
  if (asked.session || asked.grantBy) {
    const owner = asked.session && asked.grantBy ? 'coalesce(s.user_id, g.user_id)' : asked.session ? 's.user_id' : 'g.user_id';
    columns.push(
      columns.includes(CLIENT_COLUMNS) ? PERSON_COLUMNS : PERSON_COLUMNS.replace(/\bk\.\w+/g, 'null'),
      `(select ${array(`${object}('id', y.id, 'name', y.name)`)} from user_group_member m join user_group y on y.id = m.group_id where m.user_id = u.id) as groups`,
      `(select ${array(`${object}('key', v.key, 'value', v.value, 'group', v.grp)`)} from (
        select q.key, q.value, null as grp, q.position from custom_claim q where q.user_id = u.id
        union all select q.key, q.value, y.name, q.position from user_group_member m join user_group y on y.id = m.group_id join custom_claim q on q.group_id = m.group_id where m.user_id = u.id
      ) v) as claims`,
    );
    joins.push(`left join "user" u on u.id = ${owner}`);
    if (columns.includes(CLIENT_COLUMNS)) joins.push('left join consent k on k.user_id = u.id and k.client_id = c.id');
  }
  return `select ${columns.join(', ')} from (select 1 as one) o ${joins.join(' ')}`;
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

interface ApiRow {
  resource: string;
  api: string;
  user: 0 | 1;
  client: 0 | 1;
  kind: 'user' | 'client' | null;
  key: string | null;
  name: string;
  description: string | null;
  position: number;
}

function toApis(rows: readonly ApiRow[]): ApiAccess[] {
  return [...new Set(rows.map((row) => row.resource))].map((resource) => {
    const here = rows.filter((row) => row.resource === resource);
    const permissions = (kind: 'user' | 'client'): ApiPermission[] | undefined => {
      if (!here.some((row) => row[kind] === 1)) return undefined;
      const granted = here.filter((row) => row.kind === kind && row.key !== null).sort((a, b) => a.position - b.position);
      const byKey = new Map(granted.map((row) => [row.key as string, row]));
      return [...byKey].map(([key, { name, description }]) => ({ key, name, ...(description ? { description } : {}) }));
    };
    return { resource, name: here[0]?.api ?? resource, forPeople: permissions('user'), forItself: permissions('client') };
  });
}

interface FactsRow {
  [column: string]: string | number | null;
}
const text = (row: FactsRow, column: string) => row[column] as string;
const number = (row: FactsRow, column: string) => row[column] as number;
const parsed = <T>(row: FactsRow, column: string) => JSON.parse(row[column] as string) as T;
const words = (value: string) => (value === '' ? [] : value.split(' '));

const toClient = (row: FactsRow): Client => ({
  id: text(row, 'c_id'),
  name: text(row, 'c_name'),
  type: text(row, 'c_type') as Client['type'],
  isPublic: row.is_public === 1,
  redirectUris: parsed<string[]>(row, 'callback_urls'),
  postLogoutRedirectUris: parsed<string[]>(row, 'logout_callback_urls'),
  requirePkce: row.pkce_enabled === 1 || row.is_public === 1,
  pkceSupported: row.pkce_supported === 1,
  requirePar: row.requires_par === 1,
  requireReauthentication: row.requires_reauthentication === 1,
  skipConsent: row.skip_consent === 1,
  groupRestricted: row.is_group_restricted === 1,
  allowedGroupIds: parsed<string[]>(row, 'allowed_group_ids'),
  secrets: parsed<Client['secrets']>(row, 'secrets'),
  federatedIdentities: parsed<Client['federatedIdentities']>(row, 'federated_identities'),
  idTokenAlg: text(row, 'id_token_alg') as SigningAlg,
  accessTokenAlg: text(row, 'access_token_alg') as SigningAlg,
  minimalIdToken: row.minimal_id_token === 1,
  claimsMapping: parsed<ClaimsMapping>(row, 'claims_mapping'),
  accessTokenSeconds: number(row, 'access_token_minutes') * 60,
  refreshTokenSeconds: number(row, 'refresh_token_minutes') * 60,
  launchUrl: row.launch_url as string | null,
  apis: row.apis === '[]' ? [] : toApis(parsed<ApiRow[]>(row, 'apis')),
});

const toGrant = (row: FactsRow): Grant => ({
  id: text(row, 'g_id'),
  clientId: text(row, 'g_client_id'),
  userId: row.g_user_id as string | null,
  sessionId: row.g_session_id as string | null,
  kind: text(row, 'g_kind') as Grant['kind'],
  scopes: words(text(row, 'g_scope')),
  resource: row.resource as string | null,
  authTime: row.g_auth_time as number | null,
  amr: parsed<string[]>(row, 'g_amr'),
  request: parsed<GrantRequest>(row, 'request'),
  codeExpiresAt: row.code_expires_at as number | null,
  codeUsedAt: row.code_used_at as number | null,
  createdAt: number(row, 'g_created_at'),
  expiresAt: number(row, 'g_expires_at'),
  revokedAt: row.revoked_at as number | null,
});

const toToken = (row: FactsRow): Token => ({
  kind: text(row, 't_kind') as Token['kind'],
  grantId: text(row, 'grant_id'),
  jti: text(row, 'jti'),
  scopes: words(text(row, 't_scope')),
  audience: parsed<string[]>(row, 'audience'),
  issuedAt: number(row, 'issued_at'),
  expiresAt: number(row, 't_expires_at'),
  usedAt: row.used_at as number | null,
});

const toSession = (row: FactsRow): Session => ({
  id: text(row, 's_id'),
  userId: text(row, 's_user_id'),
  authTime: number(row, 's_auth_time'),
  amr: parsed<string[]>(row, 's_amr'),
  createdAt: number(row, 's_created_at'),
  lastSeenAt: number(row, 's_last_seen_at'),
  expiresAt: number(row, 's_expires_at'),
});

const toPerson = (row: FactsRow, merge: MergeClaims): Person => ({
  id: text(row, 'u_id'),
  username: text(row, 'username'),
  email: row.email as string | null,
  emailVerified: row.email_verified === 1,
  firstName: text(row, 'first_name'),
  lastName: text(row, 'last_name'),
  displayName: text(row, 'display_name'),
  locale: row.locale as string | null,
  disabled: row.disabled === 1,
  updatedAt: number(row, 'u_updated_at'),
  groups: parsed<{ id: string; name: string }[]>(row, 'groups').sort((a, b) => (a.name < b.name ? -1 : 1)),
  customClaims: row.claims === '[]' ? {} : merge(parsed<ClaimRow[]>(row, 'claims')),
});

interface LedgerDeps {
  db: Db;
  kind: DbKind;
  merge: MergeClaims;
  /** A client that may not be used any more is as good as none. */
  documents: Pick<ClientDocuments, 'admits'>;
}

/**
 * Reads everything a request is decided by in one statement, so that the decision stands on one moment's facts and a token, userinfo or
 * introspection request costs one read.
 */
export function createLedger({ db, kind, merge, documents }: LedgerDeps): Ledger {
  const statements = new Map<string, string>();
  return {
    async read(lookup: Lookup): Promise<Facts> {
      const grantBy = lookup.token !== undefined ? 'token' : lookup.code !== undefined ? 'code' : undefined;
      const shape = `${lookup.clientId !== undefined} ${lookup.session !== undefined} ${grantBy}`;
      let sql = statements.get(shape);
      if (!sql) {
        sql = factsSql(kind, { clientId: lookup.clientId !== undefined, session: lookup.session !== undefined, grantBy });
        statements.set(shape, sql);
      }
      const values: string[] = [];
      if (lookup.token !== undefined) values.push(tokenKey(lookup.token));
      else if (lookup.code !== undefined) values.push(sha256(lookup.code));
      if (lookup.session !== undefined) values.push(sha256(lookup.session));
      if (lookup.clientId !== undefined) values.push(lookup.clientId);
      const { rows } = await run<FactsRow>(db, CompiledQuery.raw(sql, values));
      const row = rows[0];
      if (!row) throw new Error('the facts statement answered no row');
      const facts: Facts = {};
      const client = row.c_id != null ? toClient(row) : undefined;
      if (client && documents.admits(client)) facts.client = client;
      if (row.s_id != null) facts.session = toSession(row);
      if (row.g_id != null) facts.grant = toGrant(row);
      if (row.t_kind != null) facts.token = toToken(row);
      if (row.u_id != null) facts.person = toPerson(row, merge);
      if (row.consented != null) facts.consented = parsed<string[]>(row, 'consented');
      if (row.consent_used_at != null) facts.consentUsedAt = number(row, 'consent_used_at');
      return facts;
    },
  };
}
