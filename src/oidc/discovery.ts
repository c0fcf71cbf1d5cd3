import { ACRS } from './checks/claims.ts';
import { PROMPTS } from './checks/prompt.ts';
import { RESPONSE_MODES } from './checks/response-mode.ts';
import { SCOPES } from './checks/scope.ts';
import { SCOPE_CLAIMS } from './claims.ts';
import type { SigningAlg } from './ports.ts';
import { GRANT_TYPES } from './token.ts';

/** Where the endpoints are; `routes.ts` serves them there. */
export const ENDPOINTS = {
  authorization: '/authorize',
  token: '/api/oidc/token',
  userinfo: '/api/oidc/userinfo',
  introspection: '/api/oidc/introspect',
  revocation: '/api/oidc/revoke',
  pushedAuthorization: '/api/oidc/par',
  deviceAuthorization: '/api/oidc/device/authorize',
  endSession: '/api/oidc/end-session',
  jwks: '/.well-known/jwks.json',
} as const;

const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post', 'none'];

/**
 * OpenID Connect Discovery section 3, RFC 8414 section 2, RFC 9207 section 3. Only true statements: what is not served is not there, or is said to be
 * unsupported where silence would mean that it is. `internalUrl` is what applications on the same network reach us by (INTERNAL_APP_URL); a browser is
 * never sent there.
 */
export function discoveryDocument({ issuer, internalUrl, algs, uiLocales, clientDocuments }: Metadata): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: issuer + ENDPOINTS.authorization,
    token_endpoint: internalUrl + ENDPOINTS.token,
    userinfo_endpoint: internalUrl + ENDPOINTS.userinfo,
    introspection_endpoint: internalUrl + ENDPOINTS.introspection,
    revocation_endpoint: internalUrl + ENDPOINTS.revocation,
    device_authorization_endpoint: issuer + ENDPOINTS.deviceAuthorization,
    pushed_authorization_request_endpoint: internalUrl + ENDPOINTS.pushedAuthorization,
    require_pushed_authorization_requests: false,
    end_session_endpoint: issuer + ENDPOINTS.endSession,
    jwks_uri: internalUrl + ENDPOINTS.jwks,
    grant_types_supported: GRANT_TYPES,
    response_types_supported: ['code'],
    response_modes_supported: RESPONSE_MODES,
    scopes_supported: SCOPES,
    claims_supported: ['sub', ...SCOPE_CLAIMS, 'auth_time', 'acr', 'amr'],
    claim_types_supported: ['normal'],
    claims_parameter_supported: true,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algs,
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: PROMPTS,
    acr_values_supported: ACRS,
    ui_locales_supported: uiLocales,
    token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'Bearer'],
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: clientDocuments,
  };
}

export interface Metadata {
  issuer: string;
  internalUrl: string;
  algs: readonly SigningAlg[];
  uiLocales: readonly string[];
  /** Clients may describe themselves by a document. */
  clientDocuments: boolean;
}
