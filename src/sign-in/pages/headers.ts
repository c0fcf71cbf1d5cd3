import { HSTS, PERMISSIONS } from '#platform/http/headers.ts';

/** What a page needs beyond the rule; see `pageHeaders`. */
export interface HeaderNeeds {
  /** Where forms of the page may post besides our own origin: a CSP source, see `formTarget`. `only` leaves our own origin out. */
  formAction?: { target: string; only?: boolean };
  /**
   * Cuts `window.opener`. For the account: nothing there is part of an application's sign-in. Never for a page on the way in: an application
   * that signs people in through a popup talks to its opener afterwards, and one page of the chain with this header ends that for good.
   */
  isolated?: boolean;
  /**
   * The page has forms that the browser itself posts: with `no-referrer` their `Origin` would be `null`, which no server can tell from a stranger's.
   * Never where the address holds a code.
   */
  tellOrigin?: boolean;
}

/**
 * A `form-action` source for one redirect URI: scheme, host, port and path. A query can't be named in a source, and `;` and `,` would end it
 * (CSP Level 3 section 2.3.1). Schemes of applications and IPv6 hosts, for which there is no host source, are named by their scheme.
 */
export function formTarget(uri: string): string {
  const url = new URL(uri);
  if (!/^https?:$/.test(url.protocol) || url.hostname.startsWith('[')) return url.protocol;
  return url.origin + url.pathname.replaceAll(';', '%3B').replaceAll(',', '%2C');
}

/** Every header of a page but type and coding. `nonce` is different for every response. */
export function pageHeaders({ nonce, appUrl }: { nonce: string; appUrl: string }, needs: HeaderNeeds = {}): Record<string, string> {
  const { formAction } = needs;
  const secure = appUrl.startsWith('https:');
  const csp = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    `form-action ${[formAction?.only ? '' : "'self'", formAction?.target ?? ''].join(' ').trim()}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    'report-to csp',
  ].join('; ');
  return {
    'Content-Security-Policy': csp,
    'Reporting-Endpoints': `csp="${appUrl}/api/csp-reports"`,
    ...(secure ? { 'Strict-Transport-Security': HSTS } : {}),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': needs.tellOrigin ? 'strict-origin' : 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': needs.isolated ? 'same-origin' : 'unsafe-none',
    'X-Frame-Options': 'DENY',
    'Permissions-Policy': PERMISSIONS,
    'Cache-Control': 'no-store',
  };
}
