import { compactVerify } from 'jose';

/** Longer texts are no token of ours and are not looked at. */
const MAX_LENGTH = 16_384;
const OURS = new Set(['alg', 'kid', 'typ']);

/** The text of a canonical base64url segment; undefined for any other spelling, so that a token has exactly one. */
function decoded(segment: string): string | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  if (bytes.toString('base64url') !== segment) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * A JSON object exactly as `JSON.stringify` wrote it. Everything we sign is in that form, so a member named twice, which readers resolve
 * differently, cannot pass: it would not survive the round trip.
 */
function ownObject(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined || !text.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What a JWS says of itself; nothing in it is proven yet. */
export function unprovenHeader(jws: string): { alg: string; kid: string; typ?: string } | undefined {
  if (jws.length > MAX_LENGTH || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(jws)) return undefined;
  const header = ownObject(decoded(jws.slice(0, jws.indexOf('.'))));
  // RFC 7515 section 4.1: jku, jwk, x5u and x5c would name a key of the sender's choice, crit and b64 change what is signed. None is ever ours.
  if (!header || Object.keys(header).some((name) => !OURS.has(name))) return undefined;
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string' || typeof kid !== 'string' || (typ !== undefined && typeof typ !== 'string')) return undefined;
  return { alg, kid, typ };
}

/** The claims, when `key` signed the JWS with `alg`; RFC 7515 section 5.2. The key and the algorithm are ours, never the header's choice. */
export async function provenClaims(jws: string, key: CryptoKey, alg: string): Promise<Record<string, unknown> | undefined> {
  const [header, payload, signature] = jws.split('.') as [string, string, string];
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) return undefined;
  const claims = ownObject(decoded(payload));
  if (!claims) return undefined;
  try {
    await compactVerify(`${header}.${payload}.${signature}`, key, { algorithms: [alg] });
    return claims;
  } catch {
    return undefined;
  }
}
