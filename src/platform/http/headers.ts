export const HSTS = 'max-age=63072000; includeSubDomains';

/** HARD-26: what our pages use of the browser, and nothing else. */
export const PERMISSIONS =
  'publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()';

/**
 * Headers that every answer has unless its handler chose others: those of documents that are not pages. Pages bring their own policy. With
 * `crossOrigin` other origins may read the answer.
 */
export function securityHeaders({
  secure,
  crossOrigin = false,
}: {
  secure: boolean;
  crossOrigin?: boolean;
}): Readonly<Record<string, string>> {
  return {
    'Cache-Control': 'private, no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    'Cross-Origin-Resource-Policy': crossOrigin ? 'cross-origin' : 'same-origin',
    'Permissions-Policy': PERMISSIONS,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    ...(secure ? { 'Strict-Transport-Security': HSTS } : {}),
  };
}

/** CORS as Pocket ID has it: any origin, no credentials. Preflights are answered with these too. */
export const CORS: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type',
  'Access-Control-Allow-Methods': 'GET, POST',
};

/** Default headers as they are sent: name (lower case), value, name, value …. */
export interface DefaultHeaders {
  closed: string[];
  /** For answers that pages of any origin may read. */
  open: string[];
}
export function defaultHeaders({ secure }: { secure: boolean }): DefaultHeaders {
  const flat = (headers: Readonly<Record<string, string>>) =>
    Object.entries(headers).flatMap(([name, value]) => [name.toLowerCase(), value]);
  return { closed: flat(securityHeaders({ secure })), open: flat({ ...securityHeaders({ secure, crossOrigin: true }), ...CORS }) };
}
