import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256, systemRandom } from '../platform/random.ts';
import { type Application, application, basic, CALLBACK, codeFor, post, redeem } from '../testing/applications.ts';
import { browser } from '../testing/browser.ts';
import { person } from '../testing/people.ts';
import { type World, world } from '../testing/world.ts';

const SESSION = '__Host-access_token';
const CEREMONY = '__Host-session';
const PROOF = '__Secure-reauthentication_token';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

/** One live value of every kind that signs somebody in, proves something or lets somebody in. */
async function everyKind(w: World, app: Application) {
  const setup = new URL((await w.app.services.setUp.setupLink())!).searchParams.get('secret') as string;
  const ann = await person(w, { username: 'ann', admin: true });
  const milton = await person(w, { username: 'milton' });
  await ann.login();
  await ann.reauthenticate();
  const { token: apiKey } = (await (await ann.request('/api/api-keys', { json: { name: 'key', expiresAt: null } })).json()) as {
    token: string;
  };
  const code = async (ttl: string) => (await w.api('POST', `/api/users/${milton.id}/one-time-access-token`, { ttl })).body.token as string;
  const authorizationCode = await codeFor(w, app, milton, { verifier: false });
  const { body: tokens } = await redeem(w, app, await codeFor(w, app, milton));
  const device = async () =>
    (await post(w, '/api/oidc/device/authorize', { scope: 'openid profile email groups' }, { authorization: basic(app) })).body;
  const [approved, asked] = [await device(), await device()];
  assert.equal((await ann.request(`/api/oidc/device/verify?code=${approved.user_code}`, { method: 'POST' })).status, 204);
  const pushed = { response_type: 'code', redirect_uri: CALLBACK, scope: 'openid' };
  const { body: par } = await post(w, '/api/oidc/par', pushed, { authorization: basic(app) });
  const { challenge } = (await (await ann.request('/api/webauthn/login/start')).json()) as { challenge: string };
  return {
    session: ann.cookie(SESSION) as string,
    ceremony: ann.cookie(CEREMONY) as string,
    challenge,
    proof: ann.cookie(PROOF) as string,
    'one-time code': await code('1h'),
    'API key': apiKey,
    'set-up secret': setup,
    'authorization code': authorizationCode.code,
    'refresh token': tokens.refresh_token as string,
    'access token': tokens.access_token as string,
    'ID token': tokens.id_token as string,
    'device code': approved.device_code as string,
    'device code that waits': asked.device_code as string,
    'user code': asked.user_code as string,
    'sign-up token': (await w.api('POST', '/api/signup-tokens', { ttl: '1h', usageLimit: 5 })).body.token as string,
    'pushed request': par.request_uri as string,
  };
}
type Kind = keyof Awaited<ReturnType<typeof everyKind>>;

/** Where values are presented; answers whether the door opened. */
const doors = (w: World, app: Application): Record<string, { opensFor: Kind[]; knock: (value: string) => Promise<boolean> }> => {
  const me = async (headers: Record<string, string>) => (await w.request('/api/users/me', { headers })).status === 200;
  let eves = 0;
  const send = async (path: string, json?: unknown) => (await browser(w).request(path, { method: 'POST', json })).status < 300;
  const token = async (fields: Record<string, string>) =>
    (await post(w, '/api/oidc/token', fields, { authorization: basic(app) })).status === 200;
  return {
    'session cookie': { opensFor: ['session'], knock: (v) => me({ cookie: `${SESSION}=${v}` }) },
    'Authorization header': { opensFor: ['session'], knock: (v) => me({ authorization: `Bearer ${v}` }) },
    'X-API-Key': { opensFor: ['API key'], knock: (v) => me({ 'x-api-key': v }) },
    'code entry': { opensFor: ['one-time code'], knock: (v) => send(`/api/one-time-access-token/${encodeURIComponent(v)}`) },
    'sign-up': {
      opensFor: ['sign-up token'],
      knock: (v) => {
        const username = `eve${++eves}`;
        return send('/api/signup', { username, email: `${username}@example.test`, firstName: 'Eve', token: v });
      },
    },
    'set-up': { opensFor: [], knock: (v) => send('/api/signup/setup', { username: 'eve', secret: v }) },
    'authorization code': {
      opensFor: ['authorization code'],
      knock: (v) => token({ grant_type: 'authorization_code', code: v, redirect_uri: CALLBACK }),
    },
    'device code': { opensFor: ['device code'], knock: (v) => token({ grant_type: DEVICE, device_code: v }) },
    introspection: {
      opensFor: ['access token', 'refresh token'],
      knock: async (v) => (await post(w, '/api/oidc/introspect', { token: v }, { authorization: basic(app) })).body.active,
    },
    'access token': {
      opensFor: ['access token'],
      knock: async (v) => (await w.request('/api/oidc/userinfo', { headers: { authorization: `Bearer ${v}` } })).status === 200,
    },
    // It ends the access token, so it comes after those who ask for one.
    'refresh token': { opensFor: ['refresh token'], knock: (v) => token({ grant_type: 'refresh_token', refresh_token: v }) },
    'reauthentication proof': {
      opensFor: ['proof'],
      knock: async (v) => {
        const { id, user_id } = await w.database.db
          .selectFrom('session')
          .select(['id', 'user_id'])
          .orderBy('created_at')
          .executeTakeFirstOrThrow();
        return (await w.app.services.passkeys.takeReauthentication(w.database.db, v, { id, userId: user_id })) !== undefined;
      },
    },
    'ceremony cookie': {
      opensFor: [],
      // No assertion at all: a cookie alone opens nothing.
      knock: async (v) => {
        const b = browser(w);
        b.plant(CEREMONY, v);
        return (await b.request('/api/webauthn/login/finish', { json: {} })).status === 200;
      },
    },
  };
};

// Attack: a value of one kind is taken by an endpoint of another, where it means more.
test('SEC-042 a one-time value opens the door of its own kind and no other', async (t) => {
  const w = await world(t);
  const app = await application(w);
  const values = await everyKind(w, app);
  for (const [door, { opensFor, knock }] of Object.entries(doors(w, app))) {
    for (const [kind, value] of Object.entries(values) as [Kind, string][]) {
      assert.equal(await knock(value), opensFor.includes(kind), `${kind} at ${door}`);
    }
  }
});

const mutants = (value: string) => {
  const at = value.search(/[A-Za-z]/);
  const letter = value[at] as string;
  const otherCase = letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
  return {
    'one character less': value.slice(0, -1),
    'first character gone': value.slice(1),
    'the first half': value.slice(0, value.length / 2),
    'one character more': `${value}A`,
    'another case': value.slice(0, at) + otherCase + value.slice(at + 1),
    'a space before': ` ${value}`,
    'a space after': `${value} `,
    padding: `${value}=`,
    'the other base64 alphabet': value.includes('-') || value.includes('_') ? value.replaceAll('-', '+').replaceAll('_', '/') : `${value}/`,
    'a nul': `${value}\0`,
    'its stored form': sha256(value),
  };
};

test('SEC-043 a value that is nearly right is wrong', async (t) => {
  const w = await world(t);
  const app = await application(w);
  const values = await everyKind(w, app);
  for (const [door, { opensFor, knock }] of Object.entries(doors(w, app))) {
    for (const kind of opensFor) {
      for (const [what, mutant] of Object.entries(mutants(values[kind]))) {
        // A person may type a code in any case. HTTP itself trims header values and cannot carry a NUL.
        if (kind === 'one-time code' && what === 'another case') continue;
        if (door !== 'code entry' && door !== 'reauthentication proof' && /space|nul/.test(what)) continue;
        assert.equal(await knock(mutant), false, `${kind} with ${what} at ${door}`);
      }
      assert.equal(await knock(values[kind]), true, `${kind} at ${door}`);
    }
  }
});

test('SEC-044 ten thousand values are random: no two alike, no shared beginning, as many ones as noughts', () => {
  const values = Array.from({ length: 10_000 }, () => systemRandom.secret());
  assert.equal(new Set(values).size, values.length);
  assert.equal(new Set(values.map((v) => v.slice(0, 8))).size, values.length);
  const bytes = values.map((v) => Buffer.from(v, 'base64url'));
  assert.deepEqual([...new Set(bytes.map((b) => b.length))], [32]);
  const bits = 10_000 * 256;
  let ones = 0;
  let repeats = 0;
  let last = 0;
  for (const byte of Buffer.concat(bytes)) {
    for (let i = 7; i >= 0; i--) {
      const bit = (byte >> i) & 1;
      ones += bit;
      if (bit === last) repeats++;
      last = bit;
    }
  }
  // Six standard deviations either way: once in five hundred million runs.
  const tolerance = 6 * Math.sqrt(bits / 4);
  assert.ok(Math.abs(ones - bits / 2) < tolerance, `${ones} ones of ${bits}`);
  assert.ok(Math.abs(repeats - bits / 2) < tolerance, `${repeats} repeats of ${bits}`);
});

test('SEC-124 codes of administrators are drawn evenly from their alphabet', async (t) => {
  const w = await world(t);
  const { id } = await person(w, { username: 'milton' });
  const counts = new Map<string, number>();
  for (let n = 0; n < 200; n++) {
    const { body } = await w.api('POST', `/api/users/${id}/one-time-access-token`, { ttl: '1h' });
    assert.match(body.token, /^[0-9A-HJKMNP-Z]{12}$/);
    for (const c of body.token as string) counts.set(c, (counts.get(c) ?? 0) + 1);
  }
  assert.equal(counts.size, 33);
});
