/** What the engine asks of the world, as domain verbs. Features answer it (`grants/`, `signing-keys/`, `access/`); the engine never looks for them. */

import type { JSONWebKeySet } from 'jose';

/** Whole seconds since 1970. */
export type Seconds = number;

export const SIGNING_ALGS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

/** A relying party as the engine sees it. */
export interface Client {
  id: string;
  name: string;
  type: 'standard' | 'cimd';
  isPublic: boolean;
  /** Patterns, as registered (`checks/uri-pattern.ts`). */
  redirectUris: readonly string[];
  postLogoutRedirectUris: readonly string[];
  requirePkce: boolean;
  pkceSupported: boolean;
  requirePar: boolean;
  requireReauthentication: boolean;
  skipConsent: boolean;
  groupRestricted: boolean;
  allowedGroupIds: readonly string[];
  secrets: readonly { hash: string; expiresAt: Seconds | null }[];
  federatedIdentities: readonly { issuer: string; subject?: string; audience?: string; jwks?: string; replayProtection?: boolean }[];
  idTokenAlg: SigningAlg;
  accessTokenAlg: SigningAlg;
  /** The ID token carries no claim of the granted scopes; userinfo does. */
  minimalIdToken: boolean;
  claimsMapping: ClaimsMapping;
  accessTokenSeconds: number;
  /** From one refresh to the next. */
  refreshTokenSeconds: number;
  launchUrl: string | null;
  /** APIs it may ask for (RFC 8707). */
  apis: readonly ApiAccess[];
}

/** What a client may ask for at an API. */
export interface ApiAccess {
  /** Absolute URI without slashes at its end: the resource indicator, and the audience of tokens. */
  resource: string;
  name: string;
  /** On behalf of people; undefined: not at all. */
  forPeople?: readonly ApiPermission[];
  /** For itself, by client credentials. */
  forItself?: readonly ApiPermission[];
}

export interface ApiPermission {
  /** The scope. */
  key: string;
  name: string;
  description?: string;
}

/** Per client: `rename` claim → new name, `fixed` claim → value, `groups` kept (patterns with `*`) and renamed. */
export interface ClaimsMapping {
  rename?: Record<string, string>;
  fixed?: Record<string, unknown>;
  groups?: { keep?: string[]; rename?: Record<string, string> };
}

export interface Person {
  id: string;
  username: string;
  email: string | null;
  emailVerified: boolean;
  firstName: string;
  lastName: string;
  displayName: string;
  locale: string | null;
  disabled: boolean;
  updatedAt: Seconds;
  groups: readonly { id: string; name: string }[];
  /** Key → text, user's over groups' already merged. */
  customClaims: Readonly<Record<string, string>>;
}

export interface Session {
  id: string;
  userId: string;
  /** When the person last proved themselves. */
  authTime: Seconds;
  amr: readonly string[];
  createdAt: Seconds;
  lastSeenAt: Seconds;
  expiresAt: Seconds;
}

/** Claims that were asked for one by one (OpenID Connect Core section 5.5), by name. */
export interface RequestedClaims {
  userinfo: readonly string[];
  idToken: readonly string[];
}

/** What the authorization request said that the tokens need later. */
export interface GrantRequest {
  redirectUri?: string;
  /** The authorization request named it, so the token request must too (RFC 6749 section 4.1.3). */
  redirectUriSent?: boolean;
  nonce?: string;
  codeChallenge?: string;
  acr?: string;
  claims?: RequestedClaims;
}

export type GrantKind = 'authorization_code' | 'client_credentials' | 'device_code';

/** What was granted, and the one thing to revoke: every token hangs on one. A code is a grant not redeemed yet. */
export interface Grant {
  id: string;
  clientId: string;
  userId: string | null;
  sessionId: string | null;
  kind: GrantKind;
  scopes: readonly string[];
  resource: string | null;
  authTime: Seconds | null;
  amr: readonly string[];
  request: GrantRequest;
  codeExpiresAt: Seconds | null;
  codeUsedAt: Seconds | null;
  createdAt: Seconds;
  /** The absolute end: no refresh outlives it. */
  expiresAt: Seconds;
  revokedAt: Seconds | null;
}

export interface Token {
  kind: 'access' | 'refresh';
  grantId: string;
  jti: string;
  scopes: readonly string[];
  audience: readonly string[];
  issuedAt: Seconds;
  expiresAt: Seconds;
  /** Refresh tokens: when it was exchanged for its successor. */
  usedAt: Seconds | null;
}

/** Everything one request is decided by, read in one statement. A part asked for and not there is undefined. */
export interface Facts {
  client?: Client;
  session?: Session;
  grant?: Grant;
  token?: Token;
  /** The session's person, else the grant's. */
  person?: Person;
  /** What the person has consented to at this client, as `consentKeys` names it. */
  consented?: readonly string[];
  /** When that consent was last used. */
  consentUsedAt?: Seconds;
}

/** What to look up. Values are the clear ones; the implementation hashes. */
export interface Lookup {
  /** The client by id; when absent the grant's client is read. */
  clientId?: string;
  /** The session cookie's value. */
  session?: string;
  /** An authorization code. */
  code?: string;
  /** An access or refresh token. */
  token?: string;
}

export interface Ledger {
  read(lookup: Lookup): Promise<Facts>;
}

/** A token as it is stored: its value only as a hash. */
export interface NewToken {
  kind: Token['kind'];
  value: string;
  jti: string;
  scopes: readonly string[];
  audience: readonly string[];
  expiresAt: Seconds;
}

/** A grant before it is stored. */
export type NewGrant = Pick<
  Grant,
  'clientId' | 'userId' | 'sessionId' | 'kind' | 'scopes' | 'resource' | 'authTime' | 'amr' | 'request' | 'expiresAt'
>;

/** What a person grants in a browser they are signed in with. */
export type NewGrantInSession = NewGrant & { userId: string; sessionId: string };

/** Grants and tokens change here, each call in one transaction; a spent one-time value is told by `false`, never by a second answer. */
export interface Grants {
  /** Spends the code and stores its tokens. */
  redeemCode(code: string, grantId: string, tokens: readonly NewToken[], now: Seconds): Promise<boolean>;
  /** Spends the refresh token, ends the grant's access tokens and stores what follows. */
  rotate(refreshToken: string, grant: Pick<Grant, 'id' | 'createdAt'>, tokens: readonly NewToken[], now: Seconds): Promise<boolean>;
  /** One more access token of a grant. */
  addToken(grantId: string, token: NewToken, now: Seconds): Promise<void>;
  /** Stores what a client is granted for itself, with its tokens. */
  open(grant: NewGrant, tokens: readonly NewToken[], now: Seconds): Promise<void>;
  /** The grant and all its tokens end. */
  revoke(grantId: string, now: Seconds): Promise<void>;
  /** One access token ends, its grant stays. */
  dropToken(value: string): Promise<void>;
}

/** Authorization requests that clients sent ahead (RFC 9126). */
export interface PushedRequests {
  /** Keeps the parameters; answers the value that stands for them, 256 random bits. */
  push(request: { clientId: string; parameters: Record<string, string>; expiresAt: Seconds }, now: Seconds): Promise<string>;
  /**
   * The parameters, to the first browser that asks and to no other, until the request is answered; undefined when they are not there for it, are another
   * client's or too old. `browser` is the binding cookie's value, the browser's own or a new one.
   */
  take(
    reference: { value: string; clientId: string; browser: string | undefined },
    now: Seconds,
  ): Promise<{ id: string; browser: string; parameters: ReadonlyMap<string, string> } | undefined>;
}

/** How people may come to a client that describes itself. */
export type DocumentGrant = Exclude<GrantKind, 'client_credentials'>;

/** Clients that describe themselves by a document at the URL that is their id. */
export interface ClientDocuments {
  /**
   * Makes sure that what is stored of such a client is what its document says now; false when it may not be used this way. Any other id is none of its
   * business, and true. May take as long as a fetch; never throws for what the other side does. `from` is told in the audit log.
   */
  prepare(clientId: string, grant: DocumentGrant, from?: Origin): Promise<boolean>;
  /** Whether a stored client may still be used at all: documents of its address are taken. */
  admits(client: Pick<Client, 'type' | 'id'>): boolean;
}

export interface NewDeviceRequest {
  clientId: string;
  scopes: readonly string[];
  resource: string | null;
  expiresAt: Seconds;
  /** Seconds between two polls. */
  interval: number;
  origin: Origin;
}

/** Devices that wait for a person (RFC 8628). An approved one is found as a grant by its device code. */
export interface Devices {
  /** Stores the request; answers the values the device is to be told. */
  open(request: NewDeviceRequest, now: Seconds): Promise<{ deviceCode: string; userCode: string }>;
  /** Notes a poll; `slow-down` when it came before its time. Undefined: unknown, or of another client. */
  poll(deviceCode: string, clientId: string, now: Seconds): Promise<'pending' | 'slow-down' | 'denied' | 'expired' | undefined>;
}

/** What client assertions (RFC 7523) need: their issuers' keys, and a memory of what was used. */
export interface ClientAssertions {
  /** The key set at a URL, cached; `refresh` asks for a newer one. Throws when it cannot be had. */
  keys(url: string, refresh: boolean): Promise<JSONWebKeySet>;
  /** Notes a `jti` of an issuer until `until`, in one statement; false when it was there. */
  takeJti(issuer: string, jti: string, until: Seconds): Promise<boolean>;
}

/** Random and derived values. */
export interface Values {
  /** A `jti`: a UUID that begins with the time (RFC 9562 version 7), which no token hides. */
  tokenId(): string;
  /** A new refresh token: 256 random bits behind the time. */
  refreshToken(now: Seconds): string;
  /** The refresh token that follows one used at `usedAt`: the same each time it is asked, known to nobody without our key. */
  successor(refreshToken: string, usedAt: Seconds): string;
  /** SHA-256 of the text, base64url: secret hashes and PKCE S256 (RFC 7636 section 4.2). */
  sha256(text: string): string;
  /** Left half of the hash that belongs to the algorithm, base64url: `at_hash` (OpenID Connect Core section 3.1.3.6). */
  leftHalf(alg: SigningAlg, text: string): string;
}

/** The one access decision, asked with the facts of this request. */
export type Decide = (
  facts: Facts,
  now: Seconds,
  ask: { grant: boolean; session: boolean; person: boolean; consent: boolean },
) => { allow: true } | { allow: false; reason: string };

/** Signs with the current key of an algorithm, and verifies what any published key signed. */
export interface Keys {
  /** A compact JWS; `typ` goes to the header. */
  sign(alg: SigningAlg, typ: string, claims: Record<string, unknown>): Promise<string>;
  /** The claims of a JWS one of our keys signed, whatever its `exp`; undefined when none did, or header or form are not ours. */
  verify(jws: string): Promise<{ header: { typ?: string; alg: string }; claims: Record<string, unknown> } | undefined>;
  /** RFC 7517: public members only, every key still published. */
  jwks(): Promise<{ keys: Record<string, unknown>[] }>;
  /** Algorithms with a current key. */
  algs(): readonly SigningAlg[];
}

/** Where a request came from; opaque to the engine, handed on to audit and log. */
export interface Origin {
  requestId: string;
  ip: string;
  userAgent: string;
}
