/**
 * RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1, RFC 8628 section 3.5, RFC 8707, RFC 9126 section 2.3, OpenID Connect Core section 3.1.2.6 and its
 * error code for authentication requirements that cannot be met. Only those that are sent.
 */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'unauthorized_client'
  | 'access_denied'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'invalid_target'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'interaction_required'
  | 'login_required'
  | 'account_selection_required'
  | 'consent_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'invalid_request_uri'
  | 'unmet_authentication_requirements'
  | 'registration_not_supported'
  | 'authorization_pending'
  | 'slow_down'
  | 'expired_token';

type Status = 400 | 401 | 403 | 413;

interface Extra {
  /** For the log and the audit log: a reason code, never sent to the client. */
  reason?: string;
  /** May be sent to the client by redirect: client and redirect URI were found good before. */
  redirectable?: boolean;
  /** Overrides the status of a direct answer. */
  status?: Status;
  /** Whom the refusal is about, for the log and the audit log. */
  about?: About;
  cause?: unknown;
}

export interface About {
  client?: { id: string; name: string };
  person?: { id: string; username: string };
}

/** A refusal of the OAuth surface. `description` goes to the client: ASCII without `"` and `\` (RFC 6749 section 5.2). Never crosses into the REST API. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;
  readonly description: string;
  readonly reason: string;
  readonly redirectable: boolean;
  readonly about: About;
  readonly status: Status;
  constructor(code: OAuthErrorCode, description: string, extra: Extra = {}) {
    super(`${code}: ${description}`, { cause: extra.cause });
    this.name = 'OAuthError';
    this.code = code;
    this.description = description;
    this.reason = extra.reason ?? code.replaceAll('_', '-');
    this.redirectable = extra.redirectable ?? false;
    this.about = extra.about ?? {};
    this.status = extra.status ?? (code === 'invalid_client' || code === 'invalid_token' ? 401 : code === 'insufficient_scope' ? 403 : 400);
  }
}

/** The body of a direct error answer. */
export const errorBody = (error: OAuthError) => ({ error: error.code, error_description: error.description });
