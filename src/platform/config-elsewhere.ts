/**
 * Pocket ID's variables, of this and of earlier versions, that say who is served, how, by what or where data lives, and that are none of ours. Not here:
 * those that ask for what is so in any case (ANALYTICS_DISABLED, VERSION_CHECK_DISABLED).
 */
const NAMES = new Set(
  `TLS_CERT TLS_KEY PROXY_PROTOCOL TRUSTED_PLATFORM UNIX_SOCKET UNIX_SOCKET_MODE SYSTEMD_SOCKET FILE_BACKEND UPLOAD_PATH ALLOW_DOWNGRADE ACTORS_HOST
  ACTORS_PORT PUID PGID METRICS_ENABLED TRACING_ENABLED KEYS_STORAGE KEYS_PATH DB_PROVIDER SQLITE_DB_PATH POSTGRES_CONNECTION_STRING PUBLIC_APP_URL
  PUBLIC_UI_CONFIG_DISABLED BACKEND_PORT INTERNAL_BACKEND_URL CADDY_DISABLED CADDY_PORT`.split(/\s+/),
);
const FAMILIES = /^(?:OTEL|S3)_[A-Z0-9_]+$/;
/** What such a variable would switch on is off. */
const OFF = /^(?:0|f|false|no|off|none)?$/i;

/** The names of the variables by which somebody who comes from Pocket ID expects something that does not happen here, in order. */
export const withoutEffect = (variables: Readonly<Record<string, string | undefined>>): string[] =>
  Object.keys(variables)
    .filter((name) => (FAMILIES.test(name) || NAMES.has(name.replace(/_FILE$/, ''))) && !OFF.test((variables[name] ?? '').trim()))
    .sort();
