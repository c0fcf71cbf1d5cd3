import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { application, codeFor, redeem } from '../testing/applications.ts';
import { person } from '../testing/people.ts';
import { world } from '../testing/world.ts';

/** Debian's python3-jwcrypto, which shares no code with the library that signs. Reads {jwks, tokens} and answers the claims of each. */
const VERIFY = `
import json, sys
from jwcrypto import jwk, jws
given = json.load(sys.stdin)
keys = jwk.JWKSet.from_json(json.dumps(given["jwks"]))
out = []
for token in given["tokens"]:
    it = jws.JWS()
    it.deserialize(token)
    key = keys.get_key(it.jose_header["kid"])
    it.allowed_algs = ["RS256", "PS256", "ES256", "EdDSA"]
    it.verify(key)
    out.append({"header": it.jose_header, "claims": json.loads(it.payload)})
print(json.dumps(out))
`;

test('a second JOSE implementation verifies a sample of every JWT against the published keys', async (t) => {
  const w = await world(t);
  const milton = await person(w, { username: 'milton', groups: ['familia'] });
  const tokens: string[] = [];
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
    const app = await application(w, { name: alg, id_token_alg: alg, access_token_alg: alg });
    const { body } = await redeem(w, app, await codeFor(w, app, milton));
    tokens.push(body.id_token, body.access_token);
  }
  const jwks = await (await w.request('/.well-known/jwks.json')).json();
  const python = spawnSync('/usr/bin/python3', ['-c', VERIFY], { input: JSON.stringify({ jwks, tokens }), encoding: 'utf8' });
  assert.equal(python.status, 0, python.stderr);
  const verified: { header: Record<string, string>; claims: Record<string, unknown> }[] = JSON.parse(python.stdout);
  assert.equal(verified.length, tokens.length);
  for (const [index, { header, claims }] of verified.entries()) {
    assert.equal(header.typ, index % 2 === 0 ? 'JWT' : 'at+jwt');
    assert.equal(claims.iss, w.config.appUrl);
    assert.equal(claims.sub, milton.id);
  }
  const forged = tokens[0]!.replace(/.$/, (c) => (c === 'A' ? 'Q' : 'A')).replace(/\.[^.]+\./, (part) => `${part.slice(0, -5)}AAAA.`);
  assert.notEqual(
    spawnSync('/usr/bin/python3', ['-c', VERIFY], { input: JSON.stringify({ jwks, tokens: [forged] }) }).status,
    0,
    'a changed token fails',
  );
});
