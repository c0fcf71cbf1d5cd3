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

/** Versions are told where the browser does not freeze them. */
const SYSTEMS: readonly [pattern: RegExp, name: (version: string) => string][] = [
  [/\b(?:iPhone|CPU) OS (\d+[_.]\d+)/, (version) => `iOS ${version.replace('_', '.')}`],
  [/\bAndroid (\d+)/, (version) => `Android ${version}`],
  [/\bWindows NT ([\d.]+)/, (version) => (version === '10.0' ? 'Windows' : `Windows NT ${version}`)],
  [/\bMac OS X/, () => 'macOS'],
  [/\bCrOS\b/, () => 'ChromeOS'],
  [/\bLinux\b/, () => 'Linux'],
];

/** A User-Agent in words for people: "Firefox on Linux"; the first word of it when it is no browser; '' when there is none. */
export function deviceOf(userAgent: string): string {
  const browser = BROWSERS.find(([pattern]) => pattern.test(userAgent))?.[1];
  let system: string | undefined;
  for (const [pattern, name] of SYSTEMS) {
    const found = pattern.exec(userAgent);
    if (found) {
      system = name(found[1] ?? '');
      break;
    }
  }
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? /^[\w.-]{1,40}/.exec(userAgent)?.[0] ?? '';
}
