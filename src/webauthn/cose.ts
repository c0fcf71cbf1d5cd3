import { base64url } from 'jose';
import { badAnswer } from './challenge.ts';

/** A public key as node:crypto and WebCrypto import it. */
export type PublicJwk =
  | { kty: 'EC'; crv: string; x: string; y: string }
  | { kty: 'OKP'; crv: string; x: string }
  | { kty: 'RSA'; n: string; e: string };

const text = (value: unknown, what: string, length?: number): string => {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length))
    throw badAnswer(`COSE key: ${what} is missing or of a wrong size`);
  return base64url.encode(value);
};

/** Bits of an RSA modulus, leading zeros not counted. */
const bitsOf = (modulus: Uint8Array) => {
  const first = modulus.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (modulus.length - first) * 8 - Math.clz32(modulus[first] as number) + 24;
};

/**
 * A decoded COSE key (RFC 9053) of an algorithm we offer, as a JWK: ES256 on P-256, EdDSA on Ed25519, RS256 of 2048 to 4096 bits. Anything else
 * is `invalid_webauthn_response`, also a curve or key type that does not go with the algorithm.
 */
export function jwkOfCose(key: ReadonlyMap<number, unknown>): PublicJwk {
  const [kty, alg, crv] = [key.get(1), key.get(3), key.get(-1)];
  if (kty === 2 && alg === -7 && crv === 1)
    return { kty: 'EC', crv: 'P-256', x: text(key.get(-2), 'x', 32), y: text(key.get(-3), 'y', 32) };
  if (kty === 1 && alg === -8 && crv === 6) return { kty: 'OKP', crv: 'Ed25519', x: text(key.get(-2), 'x', 32) };
  if (kty === 3 && alg === -257) {
    const n = text(crv, 'n');
    const bits = bitsOf(crv as Uint8Array);
    if (bits < 2048 || bits > 4096)
      throw badAnswer(`an RSA key of ${bits} bits`, { message: 'The RSA key of this passkey must have 2048 to 4096 bits' });
    const e = text(key.get(-2), 'e');
    const exponent = (key.get(-2) as Uint8Array).reduce((value, byte) => value * 256 + byte, 0);
    if (exponent < 3 || exponent % 2 === 0 || exponent >= 2 ** 32) throw badAnswer(`an RSA key with the exponent ${exponent}`);
    return { kty: 'RSA', n, e };
  }
  throw badAnswer(`key type ${kty}, algorithm ${alg}, curve ${crv instanceof Uint8Array ? '-' : crv} were not offered`, {
    message: 'The authenticator made a key of a kind that was not asked for',
  });
}
