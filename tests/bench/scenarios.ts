/** What is measured, in the order of the table. */
export const SCENARIOS = [
  'code exchange RS256',
  'code exchange ES256',
  'refresh RS256',
  'refresh ES256',
  'client credentials',
  'introspection',
  'userinfo',
  'discovery',
  'jwks',
  'authorize with a session',
  'passkey login finish',
  'login finish, 200 people',
  'passkey sign-in',
  'page of 20 users',
] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

interface Scenario {
  /** Least ratio to reach, of PocketID's requests per second to the limit server's and to oidc-provider's. */
  ofLimit?: number;
  ofProvider?: number;
  /** What Pocket ID 2.9 (Go, SQLite) did on one core of a machine of this kind, and how many times that we mean to do. */
  original?: number;
  timesOriginal?: number;
  /** One-time values to have at hand for each second; fewer end a measurement early. */
  perSecond?: number;
}

export const GOALS: Readonly<Record<ScenarioName, Scenario>> = {
  'code exchange RS256': { ofLimit: 0.75, ofProvider: 1, original: 155, timesOriginal: 6, perSecond: 4000 },
  'code exchange ES256': { ofLimit: 0.6, ofProvider: 2, perSecond: 9000 },
  // An RSA signature alone takes more than half of what oidc-provider takes for the whole request.
  'refresh RS256': { ofProvider: 1, original: 145, timesOriginal: 6 },
  'refresh ES256': { ofProvider: 2 },
  'client credentials': { ofProvider: 2 },
  introspection: { ofProvider: 2 },
  userinfo: { ofProvider: 2, original: 2000, timesOriginal: 4 },
  discovery: { ofLimit: 0.6, original: 25_000 },
  jwks: { ofLimit: 0.6 },
  'authorize with a session': { original: 475, timesOriginal: 4 },
  'passkey login finish': { ofLimit: 0.6, perSecond: 8000 },
  // What is found by person is written to another page of two indexes for each of them.
  'login finish, 200 people': { perSecond: 6000 },
  'passkey sign-in': { original: 270, timesOriginal: 4 },
  'page of 20 users': { original: 1080, timesOriginal: 3 },
};

/** What the whole program is to reach. */
export const AIMS = { readyMs: 700, idleMiB: 110, large: 0.8, listMs: 50 } as const;

/** Everybody's application, in all three servers. */
export const APPLICATION = {
  callback: 'https://app.example.com/callback',
  scopes: 'openid profile email groups offline_access',
  verifier: 'a-code-verifier-of-the-bench-that-is-long-enough-0123456789',
  secret: 'a-client-secret-of-the-bench-0123456789abcdef',
} as const;

/** Where a passkey's answer goes. */
export const FINISH = '/api/webauthn/login/finish';

export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
export const basic = (id: string, secret: string) => ({ Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` });

/** Body of a code exchange but for the code, of a public client with PKCE. */
export const codeBody = (client: string, code: string) =>
  String(
    new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: client,
      redirect_uri: APPLICATION.callback,
      code_verifier: APPLICATION.verifier,
      code,
    }),
  );

/** Start of a refresh's body; the token comes after it. */
export const refreshBody = (client: string) => `grant_type=refresh_token&client_id=${client}&refresh_token=`;

export const authorizeQuery = (client: string, challenge: string) =>
  String(
    new URLSearchParams({
      client_id: client,
      response_type: 'code',
      redirect_uri: APPLICATION.callback,
      scope: 'openid profile email groups',
      state: 'a-state-of-the-bench',
      nonce: 'a-nonce-of-the-bench',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    }),
  );
