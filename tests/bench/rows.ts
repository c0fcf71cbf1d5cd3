import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Db } from '#platform/db/open.ts';
import type { NewRow, Tables } from '#platform/db/tables.ts';
import { systemRandom } from '#platform/random.ts';
import { keyOf, newStamped, stamped } from '#platform/stamped.ts';
import { searchKey } from '#platform/text.ts';
import { tokenKey } from '#src/grants/token-key.ts';
import { APPLICATION } from './scenarios.ts';

/** In the small installation. */
export const PEOPLE = 200;
/** Seconds: longer than any run. */
export const LONG = 86_400;
/** Whole seconds. */
export const now = () => Math.floor(Date.now() / 1000);

/** Inserts in batches that fit both databases' limit of parameters. */
export async function insertAll<T extends keyof Tables>(db: Db, table: T, rows: NewRow<T>[]): Promise<void> {
  for (let i = 0; i < rows.length; i += 500) {
    // Kysely cannot tell that rows of one table's type fit that table.
    const batch = rows.slice(i, i + 500) as never;
    await db.insertInto(table).values(batch).execute();
  }
}

/** The people of the small installation; the first is an administrator. */
export function people(): NewRow<'user'>[] {
  return Array.from({ length: PEOPLE }, (_, i) => {
    const username = i === 0 ? 'ann' : `person${i}`;
    const email = `${username}@example.com`;
    return {
      id: randomUUID(),
      username,
      username_key: username,
      email,
      email_key: email,
      email_verified: 1,
      first_name: 'Ann',
      last_name: 'Example',
      display_name: 'Ann Example',
      is_admin: i === 0 ? 1 : 0,
      role: '',
      locale: null,
      disabled: 0,
      ldap_id: null,
      is_static: 0,
      search_key: searchKey(username, email, 'Ann', 'Example'),
      created_at: now(),
      updated_at: now(),
    } as const;
  });
}

/** An application: a public client with PKCE, unless `columns` say otherwise. */
export const client = (id: string, columns: Partial<NewRow<'client'>> = {}): NewRow<'client'> => ({
  id,
  name: id,
  description: '',
  callback_urls: JSON.stringify([APPLICATION.callback]),
  logout_callback_urls: '[]',
  is_public: 1,
  pkce_enabled: 1,
  pkce_supported: 1,
  requires_reauthentication: 0,
  requires_par: 0,
  skip_consent: 0,
  is_group_restricted: 0,
  launch_url: null,
  federated_identities: '[]',
  access_token_minutes: 60,
  refresh_token_minutes: 43_200,
  id_token_alg: 'RS256',
  access_token_alg: 'ES256',
  minimal_id_token: 0,
  claims_mapping: '{}',
  client_type: 'standard',
  created_at: now(),
  updated_at: now(),
  ...columns,
});

/** Of the verifier that every code exchange sends. */
export const challenge = createHash('sha256').update(APPLICATION.verifier).digest('base64url');
const GRANT_REQUEST = JSON.stringify({
  redirectUri: APPLICATION.callback,
  redirectUriSent: true,
  nonce: 'a-nonce-of-the-bench',
  codeChallenge: challenge,
});

/** What a person granted an application; with a code, not redeemed yet. */
export const grant = (clientId: string, userId: string, code?: string): NewRow<'oauth_grant'> => ({
  id: systemRandom.rowId(),
  client_id: clientId,
  user_id: userId,
  session_id: null,
  kind: 'authorization_code',
  scope: APPLICATION.scopes,
  resource: null,
  auth_time: now() - 30,
  amr: '["phr"]',
  request: GRANT_REQUEST,
  code_hash: code === undefined ? null : keyOf(code),
  code_expires_at: code === undefined ? null : now() + LONG,
  code_used_at: null,
  created_at: now(),
  expires_at: now() + 180 * LONG,
  revoked_at: null,
});

/** A live token of a grant. */
export const token = (kind: 'access' | 'refresh', of: NewRow<'oauth_grant'>, value: string, audience: string[]): NewRow<'oauth_token'> => ({
  token_hash: tokenKey(value),
  kind,
  grant_id: of.id,
  jti: randomUUID(),
  scope: APPLICATION.scopes,
  audience: JSON.stringify(audience),
  issued_at: now(),
  expires_at: now() + LONG,
  used_at: null,
});

/** 256 random bits. */
export const secret = () => randomBytes(32).toString('base64url');
/** As many of them. */
export const values = (count: number) => Array.from({ length: count }, secret);

export const codesOf = (count: number): string[] => Array.from({ length: count }, () => newStamped(systemRandom));
export const refreshTokensOf = (count: number): string[] => values(count).map((value) => stamped(value, now()));

/** As long as a real one; who looks it up does not verify it. */
export function accessToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const about = {
    iss: 'http://localhost:1411',
    sub: randomUUID(),
    aud: ['rs256', 'http://localhost:1411'],
    client_id: 'rs256',
    jti: randomUUID(),
  };
  const claims = {
    ...about,
    iat: now(),
    exp: now() + 3600,
    auth_time: now(),
    scope: APPLICATION.scopes,
    scp: APPLICATION.scopes.split(' '),
  };
  return `${part({ alg: 'ES256', typ: 'at+jwt', kid: secret() })}.${part(claims)}.${randomBytes(64).toString('base64url')}`;
}
