import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Row } from '../platform/db/tables.ts';
import { sha256 } from '../platform/random.ts';
import { keyOf } from '../platform/stamped.ts';
import type { World } from './world.ts';

export const CALLBACK = 'https://app.example.com/callback';

/** An application put into the database straight, with one secret unless it is public. */
export async function application({ database: { db }, clock }: World, over: Partial<Row<'client'>> & { groups?: string[] } = {}) {
  const { groups = [], ...columns } = over;
  const now = clock.now();
  const row: Omit<Row<'client'>, 'search_key'> = {
    id: randomUUID(),
    name: 'Paperless',
    description: '',
    callback_urls: JSON.stringify([CALLBACK]),
    logout_callback_urls: '[]',
    is_public: 0,
    pkce_enabled: 0,
    pkce_supported: 0,
    requires_reauthentication: 0,
    requires_par: 0,
    skip_consent: 0,
    is_group_restricted: groups.length > 0 ? 1 : 0,
    launch_url: null,
    federated_identities: '[]',
    access_token_minutes: 60,
    refresh_token_minutes: 43_200,
    id_token_alg: 'RS256',
    access_token_alg: 'ES256',
    minimal_id_token: 0,
    claims_mapping: '{}',
    client_type: 'standard',
    created_at: now,
    updated_at: now,
    ...columns,
  };
  await db.insertInto('client').values(row).execute();
  for (const name of groups) {
    const group = await db.selectFrom('user_group').select('id').where('name', '=', name).executeTakeFirstOrThrow();
    await db.insertInto('client_allowed_group').values({ client_id: row.id, group_id: group.id }).execute();
  }
  const secret = randomBytes(16).toString('hex');
  if (!row.is_public)
    await db
      .insertInto('client_secret')
      .values({
        id: randomUUID(),
        client_id: row.id,
        secret_hash: sha256(secret),
        prefix: secret.slice(0, 4),
        created_at: now,
        expires_at: null,
      })
      .execute();
  return { id: row.id, name: row.name, secret, isPublic: row.is_public === 1 };
}
export type Application = Awaited<ReturnType<typeof application>>;

export interface CodeInit {
  scopes?: string[];
  nonce?: string;
  /** A verifier; false: the request had no challenge. */
  verifier?: string | false;
  redirectUriSent?: boolean;
  sessionId?: string | null;
}

/** What stands after a person allowed the application: consent, and a code not redeemed yet. */
export async function codeFor({ database: { db }, clock }: World, app: Application, user: { id: string }, init: CodeInit = {}) {
  const now = clock.now();
  const scopes = init.scopes ?? ['openid', 'profile', 'email', 'groups'];
  const code = randomBytes(32).toString('base64url');
  const verifier = init.verifier === false ? undefined : (init.verifier ?? randomBytes(32).toString('base64url'));
  await db
    .insertInto('consent')
    .values({ user_id: user.id, client_id: app.id, scopes: JSON.stringify(scopes), created_at: now, last_used_at: now })
    .onConflict((c) => c.columns(['user_id', 'client_id']).doUpdateSet({ scopes: JSON.stringify(scopes) }))
    .execute();
  const id = randomUUID();
  await db
    .insertInto('oauth_grant')
    .values({
      id,
      client_id: app.id,
      user_id: user.id,
      session_id: init.sessionId ?? null,
      kind: 'authorization_code',
      scope: scopes.join(' '),
      resource: null,
      auth_time: now - 30,
      amr: '["phr"]',
      request: JSON.stringify({
        redirectUri: CALLBACK,
        redirectUriSent: init.redirectUriSent ?? true,
        nonce: init.nonce,
        codeChallenge: verifier && createHash('sha256').update(verifier).digest('base64url'),
      }),
      code_hash: keyOf(code),
      code_expires_at: now + 60,
      code_used_at: null,
      created_at: now,
      expires_at: now + 180 * 86_400,
      revoked_at: null,
    })
    .execute();
  return { code, verifier, grantId: id };
}

export const basic = ({ id, secret }: { id: string; secret: string }) =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

/** A form post to a protocol endpoint; `undefined` fields are left out. */
export async function post(world: World, path: string, fields: Record<string, string | undefined>, headers: Record<string, string> = {}) {
  const body = new URLSearchParams(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const response = await world.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: body.toString(),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

/** The token endpoint, as the application. */
export const token = (world: World, app: Application, fields: Record<string, string | undefined>) =>
  app.isPublic
    ? post(world, '/api/oidc/token', { client_id: app.id, ...fields })
    : post(world, '/api/oidc/token', fields, { authorization: basic(app) });

export const redeem = (world: World, app: Application, { code, verifier }: { code: string; verifier: string | undefined }) =>
  token(world, app, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier });

export const refresh = (world: World, app: Application, refreshToken: string) =>
  token(world, app, { grant_type: 'refresh_token', refresh_token: refreshToken });

/** Userinfo's status. */
export const userinfoStatus = async (world: World, accessToken: string) =>
  (await world.request('/api/oidc/userinfo', { headers: { authorization: `Bearer ${accessToken}` } })).status;

/** Whether introspection calls the token alive, asked by its application. */
export const isActive = async (world: World, app: Application, value: string): Promise<boolean> =>
  (await post(world, '/api/oidc/introspect', { token: value }, { authorization: basic(app) })).body.active;
