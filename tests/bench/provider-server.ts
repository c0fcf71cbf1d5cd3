// usage: node provider-server.ts <port> <plans>: oidc-provider with its in-memory adapter, furnished like PocketID; writes the requests it is to get.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import Provider from 'oidc-provider';
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js';
import type { Counts } from './furnish.ts';
import type { Plan } from './load.ts';
import { APPLICATION, authorizeQuery, basic, codeBody, FORM, refreshBody, type ScenarioName } from './scenarios.ts';

const [port = '', file = '', counts = '{}'] = process.argv.slice(2);
/** What PocketID's access tokens are as well: signed JWTs (RFC 9068). Without a resource oidc-provider hands out random text instead. */
const RESOURCE = 'https://api.example.com';
const { rs256, es256, refreshTokens } = JSON.parse(counts) as Counts;
const issuer = `http://localhost:${port}`;
const LONG = 86_400;

/** The adapter as it comes forgets all but the newest thousand entries; a map forgets nothing and costs less. */
const store = new Map<string, unknown>();
class Adapter extends MemoryAdapter {
  constructor(name: string) {
    super(name, store);
  }
}

const jwk = (type: 'rsa' | 'ec', alg: string) => {
  const pair = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...pair.privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg };
};
const client = (client_id: string, alg: 'RS256' | 'ES256', secret?: string) => ({
  client_id,
  client_secret: secret,
  token_endpoint_auth_method: secret ? ('client_secret_basic' as const) : ('none' as const),
  grant_types: secret ? ['authorization_code', 'client_credentials'] : ['authorization_code', 'refresh_token'],
  redirect_uris: [APPLICATION.callback],
  id_token_signed_response_alg: alg,
});
const PERSON = {
  name: 'Ann Example',
  given_name: 'Ann',
  family_name: 'Example',
  display_name: 'Ann Example',
  preferred_username: 'ann',
  picture: `${issuer}/api/users/00000000-0000-4000-8000-000000000000/profile-picture.png`,
  updated_at: 1_790_000_000,
  email: 'ann@example.com',
  email_verified: true,
  groups: ['Admin', 'Familia'],
};
const configuration = {
  adapter: Adapter,
  clients: [client('rs256', 'RS256'), client('es256', 'ES256'), client('service', 'RS256', APPLICATION.secret)],
  jwks: { keys: [jwk('rsa', 'RS256'), jwk('ec', 'ES256')] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: async () => true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: APPLICATION.scopes,
        audience: RESOURCE,
        accessTokenTTL: 3600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
      useGrantedResource: () => true,
    },
  },
  scopes: ['openid', 'offline_access'],
  claims: {
    openid: ['sub'],
    profile: ['name', 'given_name', 'family_name', 'display_name', 'preferred_username', 'picture', 'updated_at'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  rotateRefreshToken: () => true,
  issueRefreshToken: async () => true,
  expiresWithSession: async () => false,
  ttl: {
    AccessToken: 3600,
    AuthorizationCode: LONG,
    IdToken: 3600,
    RefreshToken: LONG,
    Grant: LONG,
    Session: LONG,
    ClientCredentials: 3600,
  },
  findAccount: async (_: unknown, sub: string) => ({ accountId: sub, claims: async () => ({ sub, ...PERSON }) }),
  loadExistingGrant: ({ oidc }: { oidc: { client: { clientId: string }; session: { accountId: string } } }) =>
    grantOf(oidc.client.clientId, oidc.session.accountId),
};
const provider = new Provider(issuer, configuration);

async function grantOf(clientId: string, accountId: string) {
  const grant = new provider.Grant({ clientId, accountId });
  grant.addOIDCScope(APPLICATION.scopes);
  grant.addResourceScope(RESOURCE, APPLICATION.scopes);
  await grant.save();
  return grant;
}

const challenge = createHash('sha256').update(APPLICATION.verifier).digest('base64url');
async function given(clientId: string, resource?: string) {
  const accountId = 'ann';
  const found = await provider.Client.find(clientId);
  if (!found) throw new Error(`no client ${clientId}`);
  const { jti: grantId } = await grantOf(clientId, accountId);
  const authTime = Math.floor(Date.now() / 1000);
  return {
    accountId,
    authTime,
    amr: ['phr'],
    client: found,
    grantId,
    scope: APPLICATION.scopes,
    claims: {},
    nonce: 'a-nonce-of-the-bench',
    codeChallenge: challenge,
    codeChallengeMethod: 'S256',
    redirectUri: APPLICATION.callback,
    resource,
    gty: 'authorization_code',
    expiresWithSession: false,
  };
}
async function many(count: number, make: () => Promise<string>): Promise<string[]> {
  const made: string[] = [];
  while (made.length < count) made.push(await make());
  return made;
}
const codesOf = (id: string, count: number, resource?: string) =>
  many(count, async () => codeBody(id, await new provider.AuthorizationCode(await given(id, resource)).save(LONG)));
const refreshLines = async (id: string, resource?: string) => [
  refreshBody(id),
  ...(await many(refreshTokens, async () => new provider.RefreshToken(await given(id, resource)).save(LONG))),
];
const accessToken = async (id: string) => new provider.AccessToken(await given(id)).save(LONG);
const session = new provider.Session({ accountId: 'ann', loginTs: Math.floor(Date.now() / 1000) });
await session.save(LONG);

const post = (path: string, kind: Plan['kind'], lines: string[], headers = {}): Plan => ({
  method: 'POST',
  path,
  headers: { ...FORM, ...headers },
  kind,
  lines,
});
const get = (path: string, headers = {}): Plan => ({ method: 'GET', path, headers, kind: 'same', lines: [''] });
const service = basic('service', APPLICATION.secret);
/** The requests whose answers have an access token. */
const issuing = async (resource?: string): Promise<Partial<Record<ScenarioName, Plan>>> => ({
  'code exchange RS256': post('/token', 'once', await codesOf('rs256', rs256, resource)),
  'code exchange ES256': post('/token', 'once', await codesOf('es256', es256, resource)),
  'refresh RS256': post('/token', 'chain', await refreshLines('rs256', resource)),
  'refresh ES256': post('/token', 'chain', await refreshLines('es256', resource)),
  'client credentials': post('/token', 'same', [`grant_type=client_credentials${resource ? `&resource=${resource}` : ''}`], service),
});
const provided: Record<'jwt' | 'opaque', Partial<Record<ScenarioName, Plan>>> = {
  jwt: {
    ...(await issuing(RESOURCE)),
    introspection: post('/token/introspection', 'same', [`token=${await accessToken('service')}`], service),
    userinfo: get('/me', { Authorization: `Bearer ${await accessToken('rs256')}` }),
    discovery: get('/.well-known/openid-configuration'),
    jwks: get('/jwks'),
    'authorize with a session': get(`/auth?${authorizeQuery('rs256', challenge)}`, { Cookie: `_session=${session.jti}` }),
  },
  opaque: await issuing(),
};
writeFileSync(file, JSON.stringify(provided));
provider.listen(Number(port));
