/** The program's settings, read once at start. */
export interface Config {
  /** Lower case, no trailing slash, no path: the issuer and the only accepted WebAuthn origin. */
  appUrl: string;
  internalAppUrl: string;
  encryptionKey: string;
  /** A PostgreSQL URL, or a path for SQLite. */
  database: string;
  host: string;
  port: number;
  allowInsecureCallbackUrls: boolean;
  disableRateLimiting: boolean;
  uiConfigDisabled: boolean;
  staticApiKey: string | undefined;
  /** false: nobody; true: everybody; else the proxies' addresses and ranges. */
  trustProxy: boolean | string[];
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  logJson: boolean;
  auditLogRetentionDays: number;
}
