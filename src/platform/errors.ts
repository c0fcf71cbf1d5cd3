import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** code → HTTP status and the sentence a client may show. The codes are a promise to clients of the REST API. */
export const ERRORS = {
  validation_failed: [400, 'The request is not valid'],
  invalid_request: [400, 'The request is not valid'],
  invalid_request_body: [400, 'Request body is invalid'],
  invalid_image: [400, 'The file is not a valid image'],
  missing_session_id: [400, 'The passkey request was not started in this browser'],
  invalid_webauthn_session: [400, 'The passkey request has expired, please try again'],
  invalid_webauthn_response: [400, 'The answer of the authenticator could not be understood'],
  passkey_user_verification_required: [400, 'The authenticator did not verify you: use its PIN, fingerprint or face'],
  synced_passkey_not_allowed: [400, 'Synced passkeys are not allowed here: use a passkey that stays on one device'],
  passkey_already_registered: [409, 'This passkey is already registered'],
  last_passkey: [409, 'The last passkey cannot be removed: add another one first'],
  reserved_claim: [400, 'This claim is reserved'],
  duplicate_claim: [400, 'This claim is already defined'],
  oidc_invalid_device_code: [400, 'Device code is invalid'],
  invalid_api_key_expiration: [400, 'The expiry of an API key must be in the future'],
  invalid_email_verification_token: [400, 'The verification link is not valid'],
  invalid_step: [400, 'This step is not the next one'],
  not_signed_in: [401, 'You are not signed in'],
  token_invalid_or_expired: [401, 'Token is invalid or expired'],
  invalid_token: [401, 'Token is invalid'],
  webauthn_authentication_failed: [401, 'The passkey could not be verified'],
  invalid_api_key: [401, 'The API key is not valid'],
  device_login_expired: [401, 'The request has expired'],
  reauthentication_required: [401, 'Reauthentication is required'],
  forbidden: [403, "You don't have permission to do this"],
  cross_site_request: [403, 'This request came from another site'],
  user_disabled: [403, 'This account is disabled'],
  api_key_auth_not_allowed: [403, 'This cannot be done with an API key'],
  api_key_scope: [403, 'This API key may not do this'],
  ldap_user_update: [403, 'This user is managed by LDAP'],
  ldap_user_group_update: [403, 'This group is managed by LDAP'],
  oidc_access_denied: [403, 'You are not allowed to use this application'],
  ui_config_disabled: [403, 'UI configuration is disabled'],
  one_time_access_disabled: [403, 'Sign-in by e-mail code is disabled'],
  open_signup_disabled: [403, 'Sign-up is disabled'],
  device_login_denied: [403, 'The request was denied'],
  not_found: [404, 'Not found'],
  user_not_found: [404, 'User not found'],
  api_key_not_found: [404, 'API key not found'],
  image_not_found: [404, 'Image not found'],
  setup_not_available: [404, 'The set-up is not available'],
  method_not_allowed: [405, 'This method is not allowed here'],
  already_in_use: [409, 'This value is already in use'],
  client_id_already_exists: [409, 'Client ID is already in use'],
  setup_already_completed: [409, 'The set-up has already been completed'],
  client_has_no_document: [409, 'This client is not described by a document'],
  last_administrator: [409, 'The last administrator cannot be removed'],
  ldap_disabled: [409, 'LDAP is not enabled'],
  ldap_unavailable: [409, 'Synchronising with LDAP is not available in this version'],
  mail_disabled: [409, 'Sending mail is not configured'],
  mail_unavailable: [409, 'Sending mail is not available in this version'],
  scim_unavailable: [409, 'Pushing by SCIM is not available in this version'],
  api_key_not_expired: [409, 'This API key has not expired yet'],
  user_email_not_set: [409, 'This user has no e-mail address'],
  file_too_large: [413, 'The file is too large'],
  body_too_large: [413, 'The request body is too large'],
  uri_too_long: [414, 'The URL is too long'],
  body_encoding_not_supported: [415, 'Compressed request bodies are not accepted'],
  file_type_not_supported: [415, 'This type of file is not supported'],
  misdirected_request: [421, 'This host is not served here'],
  client_document_failed: [422, 'The document of this client could not be read'],
  logo_download_failed: [422, 'The logo could not be downloaded'],
  logo_type_not_supported: [422, 'This type of logo is not supported'],
  logo_too_large: [422, 'The logo is too large'],
  rate_limited: [429, 'Too many requests'],
  headers_too_large: [431, 'The request headers are too large'],
  internal_error: [500, 'Something went wrong'],
  unavailable: [503, 'The service is not available at this moment'],
} as const satisfies Record<string, readonly [ContentfulStatusCode, string]>;

export type ErrorCode = keyof typeof ERRORS;

/** One entry of `details.fields`: `field` is the JSON name, `code` is required, invalid_format, too_short, too_long or the rule's own name. */
export interface FieldError {
  field: string;
  code: string;
  message: string;
}

interface Extra {
  /** Replaces the table's sentence; starts with a capital letter, is public. */
  message?: string;
  /** Public key/value pairs for `details`. */
  details?: Record<string, string>;
  fields?: FieldError[];
  /** For the log only, never sent. */
  detail?: string;
  /** For the log only: the application on whose behalf somebody came. */
  client?: string;
  cause?: unknown;
  /** Seconds for `Retry-After`. */
  retryAfter?: number;
}

/** An expected refusal of the REST API. Its code decides status and sentence; `detail` and `cause` go to the log only. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: ContentfulStatusCode;
  readonly extra: Extra;
  constructor(code: ErrorCode, extra: Extra = {}) {
    super(extra.message ?? ERRORS[code][1], { cause: extra.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = ERRORS[code][0];
    this.extra = extra;
  }
}

/** 404 with the thing's name, e.g. `notFound('User group')` → "User group not found". */
export const notFound = (thing: string) => new AppError('not_found', { message: `${thing} not found`, details: { resource: thing } });

/** 409 with the property's name, e.g. `alreadyInUse('Username')`. */
export const alreadyInUse = (property: string) =>
  new AppError('already_in_use', { message: `${property} is already in use`, details: { property: property.toLowerCase() } });

/** 400 that names each field, and says all their sentences. */
export const invalidFields = (fields: FieldError[]) =>
  new AppError('validation_failed', { message: fields.map((f) => f.message).join(', '), fields });

/** 400 for rules a schema cannot say. */
export const invalidField = (field: string, code: string, message: string) => invalidFields([{ field, code, message }]);
