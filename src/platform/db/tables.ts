import type { Generated, Insertable, Selectable } from 'kysely';
import type { Seconds } from '../clock.ts';

/**
 * Every table, as both databases have it: ids are text, times whole seconds, flags 0/1, JSON is text.
 * A column named `*_hash` is the SHA-256 (base64url) of a random value that is stored nowhere else;
 * a column named `sealed_*` is encrypted under a key derived from ENCRYPTION_KEY.
 */
export interface Tables {
  installation: {
    id: 1;
    instance_id: string;
    app_url: string;
    key_check: string;
    setup_hash: string | null;
    setup_completed_at: Seconds | null;
  };
  user: {
    id: string;
    username: string;
    /** NFKC, lower case: what must be unique. */
    username_key: string;
    email: string | null;
    email_key: string | null;
    email_verified: Flag;
    first_name: string;
    last_name: string;
    display_name: string;
    is_admin: Flag;
    /** '' | 'user_manager' | 'auditor' */
    role: string;
    locale: string | null;
    disabled: Flag;
    ldap_id: string | null;
    /** The user behind STATIC_API_KEY: in no list, never signs in. */
    is_static: Flag;
    /** Folded text that lists search in (`platform/text.ts`). */
    search_key: Generated<string>;
    created_at: Seconds;
    updated_at: Seconds;
  };
  user_group: {
    id: string;
    name: string;
    friendly_name: string;
    ldap_id: string | null;
    /** Its rows in `user_group_member`, told by whoever writes those: counting a large group for each list that names it would take longer than the list. */
    member_count: Generated<number>;
    search_key: Generated<string>;
    created_at: Seconds;
    updated_at: Seconds;
  };
  user_group_member: { user_id: string; group_id: string };
  /** Exactly one of user_id and group_id is set. */
  custom_claim: { id: string; user_id: string | null; group_id: string | null; key: string; value: string; position: number };
  client: {
    id: string;
    name: string;
    description: string;
    callback_urls: Json;
    logout_callback_urls: Json;
    is_public: Flag;
    pkce_enabled: Flag;
    pkce_supported: Flag;
    requires_reauthentication: Flag;
    requires_par: Flag;
    skip_consent: Flag;
    is_group_restricted: Flag;
    launch_url: string | null;
    federated_identities: Json;
    access_token_minutes: number;
    refresh_token_minutes: number;
    /** RS256 | PS256 | ES256 | EdDSA */
    id_token_alg: string;
    access_token_alg: string;
    /** 1: the ID token carries no claim of the granted scopes, only userinfo does. */
    minimal_id_token: Flag;
    /** Claims mapping, an object; '{}' for none. */
    claims_mapping: Json;
    /** standard | cimd */
    client_type: string;
    search_key: Generated<string>;
    created_at: Seconds;
    updated_at: Seconds;
  };
  client_secret: { id: string; client_id: string; secret_hash: string; prefix: string; created_at: Seconds; expires_at: Seconds | null };
  /** The document a client of type cimd describes itself by. `grants` is a list of its grants; after `expires_at` it is read again. */
  client_document: {
    client_id: string;
    grants: Json;
    /** Where its logo was fetched; null: it has none, or it is to be fetched again. */
    logo_uri: string | null;
    /** Of the image that came from there: any other one is an administrator's. */
    logo_hash: string | null;
    fetched_at: Seconds;
    expires_at: Seconds;
  };
  client_allowed_group: { client_id: string; group_id: string };
  /** Logos and pictures. `key` is `app/<name>`, `client/<id>/light`, `client/<id>/dark` or `user/<id>`; no bytes: removed, the default does not come back. */
  image: {
    key: string;
    user_id: string | null;
    client_id: string | null;
    /** Media type. */
    type: string;
    bytes: Uint8Array;
    /** Of the bytes, for entity tags. */
    hash: string;
    updated_at: Seconds;
  };
  /** A resource server (RFC 8707). */
  api: {
    id: string;
    name: string;
    resource: string;
    /** Clients that describe themselves by a document may use it. */
    allow_cimd: Flag;
    search_key: string;
    created_at: Seconds;
    updated_at: Seconds;
  };
  api_permission: {
    id: string;
    api_id: string;
    key: string;
    name: string;
    description: string | null;
    allow_cimd: Flag;
    position: number;
  };
  /** What a client may ask for at an API: on behalf of people, and for itself. */
  api_grant: { api_id: string; client_id: string; user_access: Flag; client_access: Flag; created_at: Seconds };
  /** `kind` is 'user' or 'client'. */
  api_grant_permission: { api_id: string; client_id: string; permission_id: string; kind: string };
  /** Where to push the users of a client. */
  scim_provider: {
    id: string;
    client_id: string;
    endpoint: string;
    sealed_token: string | null;
    last_synced_at: Seconds | null;
    created_at: Seconds;
  };
  consent: { user_id: string; client_id: string; scopes: Json; created_at: Seconds; last_used_at: Seconds };
  session: {
    id: string;
    /** Behind the time the value was made at: `platform/stamped.ts`. */
    session_hash: string;
    user_id: string;
    /** When the person last proved themselves; never the time of a token. */
    auth_time: Seconds;
    /** JSON array: ["phr"] for a passkey, ["otp"] for a one-time code. */
    amr: Json;
    created_at: Seconds;
    last_seen_at: Seconds;
    /** The absolute limit; the idle limit counts from last_seen_at. */
    expires_at: Seconds;
    ip: string;
    user_agent: string;
  };
  passkey: {
    id: string;
    user_id: string;
    /** base64url */
    credential_id: string;
    /** COSE key, base64url */
    public_key: string;
    counter: number;
    transports: Json;
    backup_eligible: Flag;
    backup_state: Flag;
    aaguid: string;
    attestation_type: string;
    name: string;
    created_at: Seconds;
    last_used_at: Seconds | null;
  };
  webauthn_challenge: {
    challenge: string;
    /** SHA-256 of the ceremony cookie: only the browser that asked may answer. One browser may have several, for several tabs. */
    browser_hash: string;
    /** login | registration | reauthentication */
    ceremony: string;
    /** Whose, for registration and reauthentication. No foreign keys: most rows have none, and deleting a session would look at every row. */
    user_id: string | null;
    session_id: string | null;
    expires_at: Seconds;
  };
  reauthentication: { token_hash: string; user_id: string; session_id: string; auth_time: Seconds; expires_at: Seconds };
  /** One-time sign-in codes. `kind` is 'access' (made by an administrator or the command line) or 'email'. */
  one_time_code: {
    code_hash: string;
    kind: string;
    user_id: string;
    /** How many characters the code has: short ones are capped harder. */
    length: number;
    failures: number;
    device_hash: string | null;
    created_at: Seconds;
    expires_at: Seconds;
  };
  interaction: {
    id: string;
    /** SHA-256 of the browser cookie that started it. */
    browser_hash: string;
    client_id: string;
    user_id: string | null;
    session_id: string | null;
    /** The validated authorization request. */
    request: Json;
    /** Steps done so far and what they proved. */
    progress: Json;
    created_at: Seconds;
    expires_at: Seconds;
  };
  /** Authorization requests that were pushed (RFC 9126). A row ends with its answer. */
  pushed_request: {
    uri_hash: string;
    client_id: string;
    parameters: Json;
    /** SHA-256 of the cookie of the first browser that brought the reference; no other may use it. */
    taken_by: string | null;
    created_at: Seconds;
    expires_at: Seconds;
  };
  /** What a person (or a client for itself) was granted: the one thing to revoke. A code is a grant that was not redeemed yet. */
  oauth_grant: {
    id: string;
    client_id: string;
    user_id: string | null;
    session_id: string | null;
    /** authorization_code | client_credentials | device_code */
    kind: string;
    scope: string;
    resource: string | null;
    auth_time: Seconds | null;
    amr: Json;
    /** What the request said that tokens need later: nonce, acr, redirect_uri, code_challenge, claims. */
    request: Json;
    code_hash: string | null;
    code_expires_at: Seconds | null;
    code_used_at: Seconds | null;
    created_at: Seconds;
    /** The absolute end of the refresh family. */
    expires_at: Seconds;
    revoked_at: Seconds | null;
  };
  oauth_token: {
    /** Behind the time the token was made at: `grants/token-key.ts`. */
    token_hash: string;
    /** access | refresh */
    kind: string;
    grant_id: string;
    jti: string;
    scope: string;
    audience: Json;
    issued_at: Seconds;
    expires_at: Seconds;
    /** Refresh tokens only: when it was exchanged for its successor. */
    used_at: Seconds | null;
  };
  /** A device that waits for a person's approval (RFC 8628). Once approved, its device code is the code of an oauth_grant. */
  device_request: {
    device_hash: string;
    user_code_hash: string;
    client_id: string;
    scope: string;
    resource: string | null;
    /** pending | denied */
    status: string;
    /** The first signed-in person who opened the user code; nobody else may answer. */
    claimed_by: string | null;
    /** Seconds the device must wait between two polls; grows when it does not. */
    poll_seconds: number;
    last_polled_at: Seconds | null;
    ip: string;
    user_agent: string;
    created_at: Seconds;
    expires_at: Seconds;
  };
  /** Assertions that were used, until they expire. */
  used_assertion: { jti_hash: string; expires_at: Seconds };
  signing_key: {
    kid: string;
    alg: string;
    /** next | current | retired */
    stage: string;
    public_jwk: Json;
    sealed_private_jwk: string;
    created_at: Seconds;
    /** Retired keys leave JWKS then. */
    ends_at: Seconds | null;
  };
  api_key: {
    id: string;
    user_id: string;
    name: string;
    description: string | null;
    key_hash: string;
    prefix: string;
    /** JSON array; ["full"] by default. */
    scopes: Json;
    created_at: Seconds;
    expires_at: Seconds | null;
    last_used_at: Seconds | null;
    expiration_email_sent: Flag;
  };
  audit_log: {
    id: string;
    created_at: Seconds;
    event: string;
    user_id: string | null;
    username: string | null;
    actor_user_id: string | null;
    actor_username: string | null;
    client_id: string | null;
    client_name: string | null;
    ip: string;
    country: string;
    city: string;
    user_agent: string;
    request_id: string;
    reason: string | null;
    data: Json;
  };
  /** Invitations to sign up. The token is sealed as well as hashed: administrators see it in the list to hand it on. */
  signup_token: {
    id: string;
    token_hash: string;
    sealed_token: string;
    expires_at: Seconds;
    usage_limit: number;
    usage_count: number;
    created_at: Seconds;
  };
  /** The groups of who signs up with a token, instead of the default ones. */
  signup_token_group: { token_id: string; group_id: string };
  /** Browsers that wait to be signed in by another device. */
  device_login: {
    id: string;
    user_code_hash: string;
    /** SHA-256 of the cookie of the browser that asked. */
    token_hash: string;
    /** Of the browser that asked. */
    ip: string;
    user_agent: string;
    /** approved | denied */
    decision: string | null;
    /** Who decided, and is signed in when they approved. */
    user_id: string | null;
    created_at: Seconds;
    expires_at: Seconds;
  };
  /** Application configuration that differs from its default. Sensitive values are sealed. */
  setting: { key: string; value: string };
  /** Replicas on one PostgreSQL count together; on SQLite the one process counts in memory. `full_at` is in milliseconds. */
  rate_limit: { key: string; full_at: number };
  schema_version: { version: number; name: string; applied_at: Seconds };
}

export type Flag = 0 | 1;
/** JSON as text; PostgreSQL has it as text too, so that both databases answer alike. */
export type Json = string;
/** A row as it is read. */
export type Row<T extends keyof Tables> = Selectable<Tables[T]>;
/** A row as it is written: columns with a default may be left out. */
export type NewRow<T extends keyof Tables> = Insertable<Tables[T]>;
