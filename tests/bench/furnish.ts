import { randomUUID } from 'node:crypto';
import { type Db, openDatabase } from '#platform/db/open.ts';
import type { NewRow } from '#platform/db/tables.ts';
import { sha256 } from '#platform/random.ts';
import { keyOf } from '#platform/stamped.ts';
import { searchKey } from '#platform/text.ts';
import type { Plan } from './load.ts';
import { createPasskeys, makePasskey, type Passkey } from './passkeys.ts';
import {
  accessToken,
  challenge,
  client,
  codesOf,
  grant,
  insertAll,
  LONG,
  now,
  PEOPLE,
  people,
  refreshTokensOf,
  secret,
  token,
  values,
} from './rows.ts';
import { APPLICATION, authorizeQuery, basic, codeBody, FINISH, FORM, refreshBody, type ScenarioName } from './scenarios.ts';

/** How many one-time values to prepare. */
export interface Counts {
  /** Codes of the two applications. */
  rs256: number;
  es256: number;
  refreshTokens: number;
  /** Challenges that one person answers, and that all do. */
  ofOne: number;
  ofAll: number;
}

export interface Furnished {
  plans: Record<ScenarioName, Plan>;
  passkeys: readonly Passkey[];
  apiKey: string;
}

/** People, applications, consent, an API key, a session: what every scenario stands on. */
async function base(tx: Db, users: NewRow<'user'>[]) {
  const admin = users[0]!;
  const apiKey = secret();
  const session = secret();
  await insertAll(tx, 'user', users);
  const groups = ['Admin', 'Familia'].map((name) => {
    const friendly = name;
    return {
      id: randomUUID(),
      name,
      friendly_name: friendly,
      ldap_id: null,
      member_count: users.length,
      search_key: searchKey(name, friendly),
      created_at: now(),
      updated_at: now(),
    };
  });
  await insertAll(tx, 'user_group', groups);
  const members = users.flatMap(({ id }) => groups.map((group) => ({ user_id: id, group_id: group.id })));
  await insertAll(tx, 'user_group_member', members);
  const service = client('service', { is_public: 0 });
  const clients = [client('rs256'), client('es256', { id_token_alg: 'ES256' }), service];
  await insertAll(tx, 'client', clients);
  await insertAll(tx, 'client_secret', [
    {
      id: randomUUID(),
      client_id: 'service',
      secret_hash: sha256(APPLICATION.secret),
      prefix: 'a-cl',
      created_at: now(),
      expires_at: null,
    },
  ]);
  const scopes = JSON.stringify(APPLICATION.scopes.split(' '));
  const consents = users.flatMap(({ id }) =>
    clients.map((c) => ({ user_id: id, client_id: c.id, scopes, created_at: now(), last_used_at: now() })),
  );
  await insertAll(tx, 'consent', consents);
  await insertAll(tx, 'api_key', [
    {
      id: randomUUID(),
      user_id: admin.id,
      name: 'bench',
      description: null,
      key_hash: sha256(apiKey),
      prefix: apiKey.slice(0, 4),
      scopes: '["full"]',
      created_at: now(),
      expires_at: null,
      last_used_at: now(),
      expiration_email_sent: 0,
    },
  ]);
  await insertAll(tx, 'session', [
    {
      id: randomUUID(),
      session_hash: keyOf(session),
      user_id: admin.id,
      auth_time: now(),
      amr: '["phr"]',
      created_at: now(),
      last_seen_at: now(),
      expires_at: now() + LONG,
      ip: '127.0.0.1',
      user_agent: 'bench',
    },
  ]);
  return { apiKey, session };
}

/** A passkey of each of them. */
async function passkeysOf(tx: Db, users: readonly NewRow<'user'>[]): Promise<Passkey[]> {
  const passkeys = users.map(({ id }) => makePasskey(id));
  const rows = passkeys.map((passkey) => ({
    id: randomUUID(),
    user_id: passkey.userId,
    credential_id: passkey.credentialId,
    public_key: passkey.publicKey,
    counter: 0,
    transports: '["internal"]',
    backup_eligible: 1 as const,
    backup_state: 1 as const,
    aaguid: '00000000-0000-0000-0000-000000000000',
    attestation_type: 'none',
    name: 'New Passkey',
    created_at: now(),
    last_used_at: null,
  }));
  await insertAll(tx, 'passkey', rows);
  return passkeys;
}

/** Challenges, and the requests that answer them with these passkeys in turns. */
async function signIns(tx: Db, passkeys: readonly Passkey[], origin: string, count: number): Promise<string[]> {
  const device = createPasskeys({ origin, passkeys });
  const cookies = values(count);
  const challenges = values(count).sort();
  const pending = cookies.map((cookie, i) => ({
    challenge: challenges[i]!,
    browser_hash: sha256(cookie),
    ceremony: 'login',
    user_id: null,
    session_id: null,
    expires_at: now() + LONG,
  }));
  await insertAll(tx, 'webauthn_challenge', pending);
  return cookies.map((cookie, i) => `${device.assert(i, challenges[i]!)}\tsession=${cookie}`);
}

const get = (path: string, headers?: Plan['headers']): Plan => ({ method: 'GET', path, headers, kind: 'same', lines: [''] });
const post = (path: string, kind: Plan['kind'], lines: readonly string[], headers: Plan['headers'] = FORM): Plan => ({
  method: 'POST',
  path,
  headers,
  kind,
  lines,
});

/**
 * Puts into an SQLite file that no server has open what the scenarios need, one-time values included, and answers the requests to send.
 * `origin` is the server's APP_URL.
 */
export async function furnish(file: string, origin: string, counts: Counts): Promise<Furnished> {
  const database = await openDatabase(file, { clock: { now } });
  const users = people();
  const owner = (i: number) => users[i % PEOPLE]!.id;
  const codes = { rs256: codesOf(counts.rs256), es256: codesOf(counts.es256) };
  const refreshTokens = { rs256: refreshTokensOf(counts.refreshTokens), es256: refreshTokensOf(counts.refreshTokens) };
  const [personToken, serviceToken] = [accessToken(), accessToken()];
  try {
    return await database.db.transaction().execute(async (tx) => {
      const { apiKey, session } = await base(tx, users);
      for (const [id, ofClient] of Object.entries(codes))
        await insertAll(
          tx,
          'oauth_grant',
          ofClient.map((code, i) => grant(id, owner(i), code)),
        );
      for (const [id, ofClient] of Object.entries(refreshTokens)) {
        const grants = ofClient.map((_, i) => grant(id, owner(i)));
        await insertAll(tx, 'oauth_grant', grants);
        await insertAll(
          tx,
          'oauth_token',
          ofClient.map((value, i) => token('refresh', grants[i]!, value, [id])),
        );
      }
      const grants = [grant('rs256', owner(0)), grant('service', owner(0))] as const;
      await insertAll(tx, 'oauth_grant', [...grants]);
      await insertAll(tx, 'oauth_token', [
        token('access', grants[0], personToken, ['rs256', origin]),
        token('access', grants[1], serviceToken, ['service', origin]),
      ]);
      const passkeys = await passkeysOf(tx, users);
      const ofOne = await signIns(tx, passkeys.slice(0, 1), origin, counts.ofOne);
      const ofAll = await signIns(tx, passkeys, origin, counts.ofAll);
      const service = { ...FORM, ...basic('service', APPLICATION.secret) };
      const json = { 'Content-Type': 'application/json', Origin: origin };
      const path = '/api/oidc/token';
      return {
        apiKey,
        passkeys,
        plans: {
          'code exchange RS256': post(
            path,
            'once',
            codes.rs256.map((code) => codeBody('rs256', code)),
          ),
          'code exchange ES256': post(
            path,
            'once',
            codes.es256.map((code) => codeBody('es256', code)),
          ),
          'refresh RS256': post(path, 'chain', [refreshBody('rs256'), ...refreshTokens.rs256]),
          'refresh ES256': post(path, 'chain', [refreshBody('es256'), ...refreshTokens.es256]),
          'client credentials': post(path, 'same', ['grant_type=client_credentials'], service),
          introspection: post('/api/oidc/introspect', 'same', [`token=${serviceToken}`], service),
          userinfo: get('/api/oidc/userinfo', { Authorization: `Bearer ${personToken}` }),
          discovery: get('/.well-known/openid-configuration'),
          jwks: get('/.well-known/jwks.json'),
          'authorize with a session': get(`/authorize?${authorizeQuery('rs256', challenge)}`, { Cookie: `access_token=${session}` }),
          'passkey login finish': post(FINISH, 'once', ofOne, json),
          'login finish, 200 people': post(FINISH, 'once', ofAll, json),
          'passkey sign-in': post(FINISH, 'sign-in', [JSON.stringify({ origin, passkeys })], json),
          'page of 20 users': get('/api/users?pagination%5Bpage%5D=1&pagination%5Blimit%5D=20', { 'X-API-Key': apiKey }),
        },
      };
    });
  } finally {
    await database.close();
  }
}
