import { type CheckInput, refusal } from './checks/check.ts';
import { type AskedClaims, checkClaims } from './checks/claims.ts';
import { type Hints, readHints } from './checks/hints.ts';
import { checkIdTokenHint } from './checks/id-token-hint.ts';
import { checkMaxAge } from './checks/max-age.ts';
import { checkPkce } from './checks/pkce.ts';
import { checkPrompt, type Prompt } from './checks/prompt.ts';
import { checkPushed } from './checks/pushed.ts';
import { checkRedirectUri } from './checks/redirect-uri.ts';
import { checkRequestObject, refusalHints } from './checks/request-object.ts';
import { checkResource } from './checks/resource.ts';
import { answerMode, checkResponseMode, type ResponseMode } from './checks/response-mode.ts';
import { checkResponseType } from './checks/response-type.ts';
import { checkScope } from './checks/scope.ts';
import type { UriPolicy } from './checks/uri-pattern.ts';
import { OAuthError } from './errors.ts';
import { type Parameters, REPEATED, required } from './parameters.ts';
import type { Client, RequestedClaims } from './ports.ts';

/** Where the answer goes: to a URI that was found good for the client. */
export interface ReturnAddress {
  redirectUri: string;
  /** The request named it, so the token request must too. */
  redirectUriSent: boolean;
  responseMode: ResponseMode;
  state?: string;
}

/** An authorization request that passed every check; plain data, stored as JSON when a person has to do something first. */
export interface AuthorizationRequest extends ReturnAddress, Hints {
  clientId: string;
  scopes: string[];
  codeChallenge?: string;
  prompt: Prompt[];
  maxAge?: number;
  /** The person an `id_token_hint` or the claim `sub` names; null when a hint names nobody we know. */
  expectedSubject?: string | null;
  /** Nothing but one of these will do. */
  essentialAcr?: string[];
  claims?: RequestedClaims;
  /** The API the scopes that are none of ours belong to. */
  resource?: string;
  /** The pushed request that this is; it ends with the answer. */
  pushedAs?: string;
}

/** `client_id` of the request. Not redirectable. */
export const requestedClient = (parameters: Parameters): string => required(parameters, 'client_id');

/**
 * First of all: client and redirect URI (RFC 6749 section 4.1.2.1). What this throws is shown on a page of ours and never sent anywhere; only
 * what comes after it may be redirected.
 */
export function returnAddress(parameters: Parameters, client: Client | undefined, policy: UriPolicy): ReturnAddress {
  if (!client) throw new OAuthError('invalid_request', 'the client is not known', { reason: 'client-unknown' });
  const { uri, sent } = checkRedirectUri(parameters, client, policy);
  const inObject = refusalHints(parameters);
  return {
    redirectUri: uri,
    redirectUriSent: sent,
    responseMode: answerMode(parameters.get('response_mode') ?? inObject.responseMode),
    state: parameters.get('state') ?? inObject.state,
  };
}

/** What hints and single claims say together about the person and how they prove themselves. */
function expectations(hints: Hints, hinted: { expectedSubject?: string | null }, asked: AskedClaims) {
  const { subject, acrValues, acrEssential, claims } = asked;
  if (subject !== undefined && hinted.expectedSubject && hinted.expectedSubject !== subject)
    throw refusal('login_required', 'nobody is both persons of the request', 'hint-of-another-person');
  return {
    ...hinted,
    ...(subject === undefined ? {} : { expectedSubject: subject }),
    acrValues: [...new Set([...hints.acrValues, ...acrValues])],
    ...(acrEssential ? { essentialAcr: acrValues } : {}),
    ...(claims ? { claims } : {}),
  };
}

/** The other checks, in the order in which their errors win. Throws redirectable OAuthErrors. */
export async function authorizationRequest(address: ReturnAddress, input: CheckInput): Promise<AuthorizationRequest> {
  if (input.repeated) throw refusal(REPEATED.code, REPEATED.description, REPEATED.reason);
  checkRequestObject(input);
  checkPushed(input);
  checkResponseType(input);
  const { resource } = checkResource(input);
  const { scopes } = checkScope(input, resource);
  const hints = readHints(input);
  return {
    clientId: input.client.id,
    ...address,
    ...checkResponseMode(input),
    scopes,
    ...(resource === undefined ? {} : { resource }),
    ...checkPkce(input),
    ...checkPrompt(input),
    ...checkMaxAge(input),
    ...hints,
    ...expectations(hints, await checkIdTokenHint(input), checkClaims(input, scopes)),
  };
}
