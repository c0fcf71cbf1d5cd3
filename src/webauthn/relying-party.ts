/** What this installation asks of passkeys. */
export interface Policy {
  /** `required`: an answer without the user-verified flag is refused here too, whatever the browser let pass. */
  userVerification: 'required' | 'preferred';
  /** false: a new passkey must stay on its device (BE=0). Passkeys registered before keep working: the switch must not lock everybody out. */
  allowSynced: boolean;
  attachment: 'any' | 'platform' | 'cross-platform';
}

/** Who we are to an authenticator. */
export interface RelyingParty {
  /** Host name of APP_URL. */
  id: string;
  /** APP_URL: the only origin whose answers count. */
  origin: string;
}

export const relyingParty = (appUrl: string): RelyingParty => ({ id: new URL(appUrl).hostname, origin: new URL(appUrl).origin });

/** SHA-256, given from outside: this folder does no cryptography of its own. */
export type Sha256 = (data: Uint8Array) => Uint8Array;
