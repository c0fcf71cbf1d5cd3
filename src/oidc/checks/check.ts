import { OAuthError, type OAuthErrorCode } from '../errors.ts';
import type { Parameters } from '../parameters.ts';
import type { Client, Keys } from '../ports.ts';

/** What a check may look at: the parameters of the request and the client that was found for it. */
export interface CheckInput {
  parameters: Parameters;
  client: Client;
  issuer: string;
  keys: Pick<Keys, 'verify'>;
  /** The client sent the request itself, proving who it is (RFC 9126). */
  pushed?: boolean;
  /** A parameter was sent more than once; it is not among `parameters`. */
  repeated?: boolean;
}

/** A refusal after client and redirect URI were found good: it goes back to the client. `reason` goes to the log only. */
export const refusal = (code: OAuthErrorCode, description: string, reason: string) =>
  new OAuthError(code, description, { reason, redirectable: true });
