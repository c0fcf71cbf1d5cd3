import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { ROUTES } from '../routes.ts';
import { application } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { relyingParty } from '../testing/relying-party.ts';
import { APP_URL, world } from '../testing/world.ts';

const https = z.url({ protocol: /^https$/ });
const words = z.array(z.string()).nonempty();
const algs = z.array(z.enum(['RS256', 'PS256', 'ES256', 'EdDSA']));

/** OpenID Connect Discovery section 3, RFC 8414, RFC 9207, RFC 8628 and Prompt Create: every member we send, and no other. */
const Metadata = z.strictObject({
  issuer: z.literal(APP_URL),
  authorization_endpoint: https,
  token_endpoint: https,
  userinfo_endpoint: https,
  introspection_endpoint: https,
  revocation_endpoint: https,
  device_authorization_endpoint: https,
  pushed_authorization_request_endpoint: https,
  require_pushed_authorization_requests: z.literal(false),
  end_session_endpoint: https,
  jwks_uri: https,
  grant_types_supported: words,
  response_types_supported: z.tuple([z.literal('code')]),
  response_modes_supported: words,
  scopes_supported: words.refine((scopes) => scopes.includes('openid')),
  claims_supported: words,
  claim_types_supported: z.tuple([z.literal('normal')]),
  claims_parameter_supported: z.literal(true),
  subject_types_supported: z.tuple([z.literal('public')]),
  id_token_signing_alg_values_supported: algs.refine((list) => list.includes('RS256')),
  code_challenge_methods_supported: z.tuple([z.literal('S256')]),
  prompt_values_supported: words,
  acr_values_supported: words,
  ui_locales_supported: z.array(z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]+)*$/)),
  token_endpoint_auth_methods_supported: words,
  revocation_endpoint_auth_methods_supported: words,
  introspection_endpoint_auth_methods_supported: words,
  request_parameter_supported: z.literal(false),
  request_uri_parameter_supported: z.literal(false),
  authorization_response_iss_parameter_supported: z.literal(true),
  client_id_metadata_document_supported: z.literal(false),
});

const read = async (w: Awaited<ReturnType<typeof world>>, path: string) => (await w.request(path)).json();

test('oidcc-discovery-endpoint-verification, oidcc-rp-initiated-logout-discovery-endpoint-verification: the metadata is what the specifications define and nothing else', async (t) => {
  const w = await world(t);
  const metadata = Metadata.parse(await read(w, '/.well-known/openid-configuration'));
  assert.deepEqual(await read(w, '/.well-known/oauth-authorization-server'), metadata);
});

test('every endpoint the metadata names is one of our routes', async (t) => {
  const w = await world(t);
  const metadata = Metadata.parse(await read(w, '/.well-known/openid-configuration'));
  for (const [name, value] of Object.entries(metadata)) {
    if (!/_endpoint$|^jwks_uri$/.test(name)) continue;
    assert.ok(
      ROUTES.some(({ path }) => APP_URL + path === value),
      `${name}: ${String(value)}`,
    );
  }
});

test('INTERNAL_APP_URL is for what applications call themselves, APP_URL for where browsers go', async (t) => {
  const w = await world(t, { internalAppUrl: 'http://pocketid.internal:1411' });
  const metadata = (await read(w, '/.well-known/openid-configuration')) as Record<string, string>;
  for (const name of ['token_endpoint', 'userinfo_endpoint', 'introspection_endpoint', 'revocation_endpoint', 'jwks_uri'])
    assert.match(String(metadata[name]), /^http:\/\/pocketid\.internal:1411\//, name);
  for (const name of ['issuer', 'authorization_endpoint', 'end_session_endpoint', 'device_authorization_endpoint'])
    assert.ok(metadata[name]?.startsWith(APP_URL), name);
});

test('SEC-033 the metadata lists S256 alone and no algorithm "none"', async (t) => {
  const w = await world(t);
  const metadata = (await read(w, '/.well-known/openid-configuration')) as Record<string, unknown>;
  assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
  for (const [name, value] of Object.entries(metadata)) if (/alg_values/.test(name)) assert.ok(!(value as string[]).includes('none'), name);
});

test('SEC-083 metadata and JWKS may be cached and read by any origin', async (t) => {
  const w = await world(t);
  for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/.well-known/jwks.json']) {
    const response = await w.request(path, { headers: { origin: 'https://app.example.com' } });
    assert.match(response.headers.get('cache-control') ?? '', /max-age=\d+/, path);
    assert.equal(response.headers.get('access-control-allow-origin'), '*', path);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/, path);
  }
});

test('oidcc-server-rotate-keys: an ID token of before a rotation verifies after it, and new ones too', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton' });
  const rp = await relyingParty(w, await application(w));
  const { tokens } = await rp.signIn(milton);
  const kids = async () => ((await read(w, '/.well-known/jwks.json')) as { keys: { kid: string }[] }).keys.map((key) => key.kid);
  const before = await kids();
  const { kid } = await w.app.services.signingKeys.rotate('RS256', { requestId: 'r', ip: '', userAgent: 'test' });
  assert.deepEqual(
    (await kids()).filter((one) => !before.includes(one)),
    [kid],
  );
  w.clock.advance(3000);
  assert.ok(await w.app.services.signingKeys.verify(tokens.id_token ?? ''), 'the old token');
  const again = await rp.signIn(milton, { prompt: 'login' });
  const header = JSON.parse(Buffer.from((again.tokens.id_token ?? '').split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
  assert.equal(header.kid, kid);
});
