import { base64url } from 'jose';
import { AppError } from '#platform/errors.ts';
import type { RelyingParty } from './relying-party.ts';

/** What a challenge is for; one made for a ceremony is refused in any other. */
export type Ceremony = 'login' | 'registration' | 'reauthentication';

/** Seconds a challenge lives: a person may look at the sign-in page for a while before they touch the button. */
export const CEREMONY_SECONDS = 300;

/** Milliseconds the browser gives the person once the authenticator asks. */
export const TIMEOUT_MS = 60_000;

/** WebAuthn Level 3, section 5.8.1: what the browser says it asked the authenticator. */
export interface ClientData {
  type: string;
  challenge: string;
  origin: string;
  crossOrigin?: unknown;
  topOrigin?: unknown;
}

/**
 * What a person can do something about, as `details.problem` names it: pages have a sentence for each in every language. `address`: used on another
 * address; `untouched`: nobody was there; `unstored`: not kept by the device; `changed`: of another kind than it was; `unsound`: its flags contradict
 * each other; `platform`, `roaming`: only this device's own passkeys, or only others, are taken here.
 */
export type Problem = 'address' | 'untouched' | 'unstored' | 'changed' | 'unsound' | 'platform' | 'roaming';

/** 400 with a sentence for the person; `detail` goes to the log. */
export const badAnswer = (detail: string, { problem, message, cause }: { problem?: Problem; message?: string; cause?: unknown } = {}) =>
  new AppError('invalid_webauthn_response', { detail, message, cause, ...(problem ? { details: { problem } } : {}) });

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads clientDataJSON (base64url) without judging it: its bytes, which are what is signed, and what they say. Throws `invalid_webauthn_response`. */
export function readClientData(clientDataJSON: string): { bytes: Uint8Array; data: ClientData } {
  let bytes: Uint8Array;
  let data: unknown;
  try {
    bytes = base64url.decode(clientDataJSON);
    data = JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw badAnswer('clientDataJSON is not JSON', { cause });
  }
  const { type, challenge, origin } = (data ?? {}) as Partial<ClientData>;
  if (typeof type !== 'string' || typeof challenge !== 'string' || typeof origin !== 'string') {
    throw badAnswer('clientDataJSON lacks type, challenge or origin');
  }
  return { bytes, data: data as ClientData };
}

/**
 * WebAuthn Level 3, sections 7.1 and 7.2: type, challenge, origin, crossOrigin and topOrigin. We never run in somebody else's frame, so a
 * cross-origin answer is one that was asked for elsewhere.
 */
export function checkClientData(
  data: ClientData,
  { type, challenge, rp }: { type: 'webauthn.create' | 'webauthn.get'; challenge: string; rp: RelyingParty },
): void {
  if (data.type !== type) throw badAnswer(`the answer is of type ${data.type}, expected ${type}`);
  if (challenge === '' || data.challenge !== challenge)
    throw new AppError('invalid_webauthn_session', { detail: 'another challenge was signed' });
  if (data.origin !== rp.origin) {
    const message = `The passkey was used on another address: open ${rp.origin} and try again`;
    throw badAnswer(`the answer was made on ${JSON.stringify(data.origin).slice(0, 200)}, expected ${rp.origin}`, {
      problem: 'address',
      message,
    });
  }
  if ((data.crossOrigin ?? false) !== false || data.topOrigin !== undefined) {
    throw badAnswer('the answer was made inside a frame of another site', { message: 'Passkeys cannot be used inside another site' });
  }
}
