/** In the order in which they are looked for: what imitates others comes before what it imitates. */
const BROWSERS: readonly [pattern: RegExp, name: string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bVersion\/[\d.]+ .*Safari\//, 'Safari'],
  [/\bcurl\//, 'curl'],
];

const iOS = (version: string) => `iOS ${version.replace('_', '.')}`.trim();
/** What people call it, and what administrators read: with its version where the browser does not freeze that. */
const SYSTEMS: readonly [pattern: RegExp, name: string, detailed?: (version: string) => string][] = [
  [/\biPhone\b(?:.*? OS (\d+[_.]\d+))?/, 'iPhone', iOS],
  [/\biPad\b(?:.*? OS (\d+[_.]\d+))?/, 'iPad', iOS],
  [/\bAndroid\b(?: (\d+))?/, 'Android', (version) => `Android ${version}`.trim()],
  [/\bWindows\b(?: NT ([\d.]+))?/, 'Windows', (version) => (version === '' || version === '10.0' ? 'Windows' : `Windows NT ${version}`)],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

function read(userAgent: string): { browser?: string; system?: string; detailed?: string } {
  const browser = BROWSERS.find(([pattern]) => pattern.test(userAgent))?.[1];
  for (const [pattern, system, detailed] of SYSTEMS) {
    const found = pattern.exec(userAgent);
    if (found) return { browser, system, detailed: detailed?.(found[1] ?? '') ?? system };
  }
  return { browser };
}

/** Browser and system of a User-Agent as people call them; undefined for what is no browser. */
export function browserOf(userAgent: string): { browser: string; system: string } | undefined {
  const { browser, system } = read(userAgent);
  return browser && system ? { browser, system } : undefined;
}

/** A User-Agent in words for administrators: "Firefox on Linux"; the first word of it when it is no browser; '' when there is none. */
export function deviceOf(userAgent: string): string {
  const { browser, detailed } = read(userAgent);
  if (browser && detailed) return `${browser} on ${detailed}`;
  return browser ?? detailed ?? /^[\w.-]{1,40}/.exec(userAgent)?.[0] ?? '';
}
