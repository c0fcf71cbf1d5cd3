const PRIVATE_NAMES = /(?:^|\.)(?:localhost|localdomain|local|lan|home|internal|intranet|private|home\.arpa)$/;

const octets = (host: string) => (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) ? host.split('.').map(Number) : undefined);

/** RFC 8252 section 7.3 and what means the same: this very machine. `host` as `URL.hostname` gives it. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || octets(host)?.[0] === 127;
}

/**
 * Whether a host cannot be on the public internet: loopback, RFC 1918, link-local, carrier-grade and unique-local addresses, names without a dot,
 * and names under a suffix that is only ever local. `host` as `URL.hostname` gives it (lower case, IPv6 in brackets).
 */
export function isPrivateHost(host: string): boolean {
  const name = host.replace(/\.$/, '');
  const ip = octets(name);
  if (ip) {
    const [a = 0, b = 0] = ip;
    return (
      a === 10 ||
      a === 127 ||
      (a === 172 && b >= 16 && b < 32) ||
      (a === 192 && b === 168) ||
      (a === 169 && b === 254) ||
      (a === 100 && b >= 64 && b < 128)
    );
  }
  if (name.startsWith('[')) return name === '[::1]' || /^\[f[cd][0-9a-f]{2}:/.test(name) || /^\[fe[89ab][0-9a-f]:/.test(name);
  return !name.includes('.') || PRIVATE_NAMES.test(name);
}
